"""A small Dagster world: the project's own definitions on a test's configuration and database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg

from aitrader_core.runner.floor import Floor
from aitrader_dagster.definitions import build_definitions
from aitrader_dagster.lib.resources import InferenceRunners, TradingFloors

MODEL_DAY = dg.AssetKey(["us", "model_day"])
FLOORS = TradingFloors(inference=InferenceRunners())
# what has another resource within it is given to sensors only in a `with`, or so
RESOURCES = {"floors": dg.ResourceDefinition.hardcoded_resource(FLOORS)}

AGENTS = '''
import os
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
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


@dataclass(frozen=True)
class Slow(BuyAndHold):
    """Takes its time, and says which process it lives in."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    seconds: float
    pid_file: Path

    def trade(self, desk):
        self.pid_file.write_text(str(os.getpid()))
        time.sleep(self.seconds)
        return super().trade(desk)
'''


@dataclass(frozen=True)
class World:
    floor: Floor
    instance: dg.DagsterInstance
    defs: dg.Definitions

    @property
    def market(self) -> str:
        return self.floor.arena.market

    def run_range(
        self, model: str, first: str, last: str, tags: dict[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        """As the queue and backfills do: one run over a range of sessions."""
        return self.run_block(model, model, first, last, tags)

    def run_block(
        self, top: str, bottom: str, first: str, last: str, tags: dict[str, str] | None = None
    ) -> dg.ExecuteInProcessResult:
        """One run over a range of sessions and of neighbouring models."""
        return self._run(
            {
                "dagster/asset_partition_range_start": f"{first}|{top}",
                "dagster/asset_partition_range_end": f"{last}|{bottom}",
                **(tags or {}),
            }
        )

    def run_day(self, model: str, session: str) -> dg.ExecuteInProcessResult:
        """As the UI's materialize button does for one partition."""
        job = self.defs.resolve_job_def(f"{self.market}_simulate")
        return job.execute_in_process(
            instance=self.instance,
            partition_key=dg.MultiPartitionKey({"date": session, "model": model}),
            raise_on_error=False,
        )

    def _run(self, tags: dict[str, str]) -> dg.ExecuteInProcessResult:
        job = self.defs.resolve_job_def(f"{self.market}_simulate")
        return job.execute_in_process(instance=self.instance, tags=tags, raise_on_error=False)

    @property
    def model_day(self) -> dg.AssetKey:
        return dg.AssetKey([self.market, "model_day"])

    def materialized(self, model: str) -> list[str]:
        """Sessions of `model` that Dagster has as materialized, in order of the events."""
        events = self.instance.fetch_materializations(self.model_day, limit=10_000, ascending=True)
        keys = [str(e.partition_key).split("|") for e in events.records]
        return [session for session, of in keys if of == model]

    def stored(self, model: str) -> list[date]:
        return list(self.floor.model_days.sessions(self.market, model))


def sessions(floor: Floor, first: str, last: str) -> Sequence[date]:
    return floor.arena.calendar.between(date.fromisoformat(first), date.fromisoformat(last))


def add_models(config_dir: Path, fails_on: str = "2012-06-06") -> None:
    """Two more models of the arena: `flaky` raises from `fails_on` on, `slow` sleeps each session.

    Their module stands beside configs/ and must be on the path.
    """
    for name in ("btc", "cn", "crypto"):  # whose sensors would only take time
        (config_dir / "arenas" / f"{name}.yaml").unlink()
    (config_dir.parent / "test_agents.py").write_text(AGENTS)
    flaky = f"kind: test_agents:Flaky\nfails_on: {fails_on}\n"
    (config_dir / "models" / "flaky.yaml").write_text(flaky)
    slow = f"kind: test_agents:Slow\nseconds: 0.2\npid_file: {config_dir.parent / 'pid'}\n"
    (config_dir / "models" / "slow.yaml").write_text(slow)
    arena = config_dir / "arenas" / "us.yaml"
    more = "models:\n  - flaky\n  - slow\n"
    arena.write_text(re.sub("models:.*\n", more, arena.read_text(), count=1))


def build(floor: Floor, config_dir: Path, instance: dg.DagsterInstance) -> World:
    instance.add_dynamic_partitions(f"{floor.arena.market}_models", list(floor.arena.models))
    return World(floor, instance, build_definitions(config_dir))
