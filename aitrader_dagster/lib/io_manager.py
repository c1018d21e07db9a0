"""Model-days between Dagster and Postgres: positions, orders, logs and all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.store import Draft, Origin, Stored
from aitrader_dagster.lib.metadata import day_metadata, full_metadata
from aitrader_dagster.lib.resources import TradingFloors


@dataclass(frozen=True)
class Simulated:
    """A model-day that is not stored yet: the output of a run over one partition."""

    draft: Draft
    origin: Origin


class ModelDayIOManager(dg.ConfigurableIOManager):
    """Stores model-days whole, and loads stored ones for downstream assets."""

    floors: dg.ResourceDependency[TradingFloors]

    def store(self, floor: Floor, drafts: Sequence[Draft], origin: Origin) -> Sequence[Stored]:
        """What a run over many partitions calls as it makes them."""
        return floor.model_days.put_all(drafts, origin)

    def handle_output(self, context: dg.OutputContext, obj: Simulated) -> None:
        day = obj.draft.day
        floor = self.floors.open(day.market)
        (stored,) = self.store(floor, [obj.draft], obj.origin)
        known = floor.arena.is_before_cutoff(day.model, day.session)
        figures = day_metadata(day, stored, self.floors.dashboard, before_cutoff=known)
        context.add_output_metadata({**figures, **full_metadata(day, stored)})

    def load_input(self, context: dg.InputContext) -> dict[str, ModelDay]:
        """Model-days by partition key, `2012-06-01|momentum`; those not stored are absent."""
        floor = self.floors.open(context.asset_key.path[0])
        days = {}
        for key in context.asset_partition_keys:
            session, model = str(key).split("|")
            day = floor.model_days.get(floor.arena.market, model, date.fromisoformat(session))
            if day is not None:
                days[str(key)] = day
        return days
