"""Ticks and signals in Dagster: one run brings both, and each session tells what it has."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.dagster.world import World, build
from tests.small import Small
from tests.ticking import DAYS, ticking

TICKS, SIGNALS = dg.AssetKey(["ticking", "ticks"]), dg.AssetKey(["ticking", "signals"])
SESSIONS = [str(day) for day in DAYS]


@pytest.fixture
def world(small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    floor = ticking(small.config_dir, small.engine, tmp_path / "home")
    for other in (small.config_dir / "arenas").glob("*.yaml"):
        if other.stem != "ticking":
            other.unlink()
    url = small.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("AITRADER_DATABASE_URL", url)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(small.config_dir))
    monkeypatch.setenv("AITRADER_HOME", str(tmp_path / "home"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield build(floor, small.config_dir, instance)


def materialized(world: World, key: dg.AssetKey) -> list[str]:
    return sorted(world.instance.get_materialized_partitions(key))


def run(world: World, **asked: object) -> dg.ExecuteInProcessResult:
    job = world.defs.resolve_job_def("ticking_ticks")
    return job.execute_in_process(instance=world.instance, raise_on_error=False, **asked)  # type: ignore[arg-type]


def test_one_run_brings_ticks_and_looks_for_patterns_in_them(world: World) -> None:
    assert run(world, partition_key=SESSIONS[0]).success
    assert materialized(world, TICKS) == materialized(world, SIGNALS) == SESSIONS[:1]
    told = world.instance.get_latest_materialization_event(TICKS)
    assert told is not None
    assert told.asset_materialization is not None
    assert told.asset_materialization.metadata["dagster/row_count"].value == 4000


def test_of_a_range_what_is_there_is_kept_and_what_is_not_is_named(
    world: World, small: Small
) -> None:
    tags = {
        "dagster/asset_partition_range_start": SESSIONS[0],
        "dagster/asset_partition_range_end": SESSIONS[1],
    }
    there = small.config_dir.parent / "ticks" / "trades_20240809.csv"
    kept = there.read_text()
    there.unlink()
    assert not (failed := run(world, tags=tags)).success
    assert SESSIONS[1] in str(failed.failure_data_for_node("ticking__ticks"))
    assert materialized(world, TICKS) == SESSIONS[:1]
    assert materialized(world, SIGNALS) == []
    there.write_text(kept)
    assert run(world, tags=tags).success
    assert materialized(world, TICKS) == materialized(world, SIGNALS) == SESSIONS
