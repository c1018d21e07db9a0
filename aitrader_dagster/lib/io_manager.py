"""Model-days between Dagster and Postgres: positions, orders, logs and all."""

from dataclasses import dataclass
from datetime import date

import dagster as dg

from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.store import Origin, Stored
from aitrader_dagster.lib.metadata import day_metadata, full_metadata
from aitrader_dagster.lib.resources import TradingFloors


@dataclass(frozen=True)
class Draft:
    """A model-day that is simulated and not stored yet: the output of a run over one partition."""

    day: ModelDay
    origin: Origin
    seconds: float


class ModelDayIOManager(dg.ConfigurableIOManager):
    """Stores each model-day in one transaction, and loads stored ones for downstream assets."""

    floors: dg.ResourceDependency[TradingFloors]

    def store(self, floor: Floor, draft: Draft) -> Stored:
        """What a run over many partitions calls for each of them, as it is made."""
        return floor.model_days.put(draft.day, draft.origin, draft.seconds)

    def handle_output(self, context: dg.OutputContext, obj: Draft) -> None:
        stored = self.store(self.floors.open(obj.day.market), obj)
        context.add_output_metadata(
            {**day_metadata(obj.day, stored), **full_metadata(obj.day, stored)}
        )

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
