"""A small Dagster world: the project's own definitions on a test's configuration and database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg

from aitrader_core.runner.floor import Floor
from aitrader_dagster.definitions import build_definitions

MODEL_DAY = dg.AssetKey(["us", "model_day"])

FLAKY = '''
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from aitrader_core.agents.rules import BuyAndHold


@dataclass(frozen=True)
class Flaky(BuyAndHold):
    """Buys and holds until `fails_on`, and then raises."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    fails_on: date

    def trade(self, desk):
        if desk.view.session >= self.fails_on:
            raise RuntimeError("the market ate my homework")
        return super().trade(desk)
'''


@dataclass(frozen=True)
class World:
    floor: Floor
    instance: dg.DagsterInstance
    defs: dg.Definitions

    def run_range(
        self, model: str, first: str, last: str, tags: dict[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        """As the queue and backfills do: one run over a range of sessions."""
        return self._run(
            {
                "dagster/asset_partition_range_start": f"{first}|{model}",
                "dagster/asset_partition_range_end": f"{last}|{model}",
                **(tags or {}),
            }
        )

    def run_day(self, model: str, session: str) -> dg.ExecuteInProcessResult:
        """As the UI's materialize button does for one partition."""
        job = self.defs.resolve_job_def("us_simulate")
        return job.execute_in_process(
            instance=self.instance,
            partition_key=dg.MultiPartitionKey({"date": session, "model": model}),
            raise_on_error=False,
        )

    def _run(self, tags: dict[str, str]) -> dg.ExecuteInProcessResult:
        job = self.defs.resolve_job_def("us_simulate")
        return job.execute_in_process(instance=self.instance, tags=tags, raise_on_error=False)

    def materialized(self, model: str) -> list[str]:
        """Sessions of `model` that Dagster has as materialized, in order of the events."""
        events = self.instance.fetch_materializations(MODEL_DAY, limit=10_000, ascending=True)
        keys = [str(e.partition_key).split("|") for e in events.records]
        return [session for session, of in keys if of == model]

    def stored(self, model: str) -> list[date]:
        return list(self.floor.model_days.sessions("us", model))


def sessions(floor: Floor, first: str, last: str) -> Sequence[date]:
    return floor.arena.calendar.between(date.fromisoformat(first), date.fromisoformat(last))


def add_flaky(config_dir: Path, fails_on: str, name: str = "flaky") -> None:
    """A model of the arena that raises from `fails_on` on; its module stands beside configs/."""
    (config_dir.parent / "flaky_agents.py").write_text(FLAKY)
    (config_dir / "models" / f"{name}.yaml").write_text(
        f"kind: flaky_agents:Flaky\nfails_on: {fails_on}\n"
    )
    arena = config_dir / "arenas" / "us.yaml"
    arena.write_text(
        arena.read_text().replace("  - buy_and_hold\n", f"  - buy_and_hold\n  - {name}\n")
    )


def build(floor: Floor, config_dir: Path, instance: dg.DagsterInstance) -> World:
    instance.add_dynamic_partitions("us_models", list(floor.arena.models))
    return World(floor, instance, build_definitions(config_dir))
