"""Bars in Dagster: what was imported by hand is told once, and a jump is a warning."""

from collections.abc import Iterator
from uuid import uuid4

import dagster as dg
import pytest

from aitrader_core.runner.import_prices import import_files
from aitrader_dagster.defs.prices import bars_check
from tests.dagster.world import FLOORS, RESOURCES, World, build
from tests.small import DAYS, ROWS, A, B, Small

BARS = dg.AssetKey(["small", "bars"])
SESSIONS = [str(day) for day in DAYS]


@pytest.fixture
def instance(small: Small, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    url = small.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("AITRADER_DATABASE_URL", url)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(small.config_dir))
    for shipped in ("btc", "us", "cn", "crypto"):
        (small.config_dir / "arenas" / f"{shipped}.yaml").unlink()
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def world(small: Small, instance: dg.DagsterInstance) -> World:
    return build(small.floor, small.config_dir, instance)


def tick(world: World, cursor: str | None = None) -> tuple[list[str], str | None, str | None]:
    """The sessions that one look reports, as the daemon then does; the cursor, and why not."""
    repository = world.defs.get_repository_def()
    context = dg.build_sensor_context(
        instance=world.instance,
        cursor=cursor,
        repository_def=repository,
        resources=RESOURCES,
    )
    seen = repository.get_sensor_def("small_prices").evaluate_tick(context)
    told = []
    for event in seen.asset_events:
        assert isinstance(event, dg.AssetMaterialization)
        assert (event.asset_key, event.metadata["symbols"].value) == (BARS, 2)
        told.append(str(event.partition))
        world.instance.report_runless_asset_event(event)
    return told, seen.cursor, seen.skip_message


def materialized(world: World) -> list[str]:
    return sorted(world.instance.get_materialized_partitions(BARS))


def test_bars_that_were_imported_by_hand_are_told_once(small: Small, world: World) -> None:
    told, cursor, _ = tick(world)
    assert told == []
    small.priced()
    told, cursor, _ = tick(world, cursor)
    assert told == materialized(world) == SESSIONS[:6]
    assert tick(world, cursor) == ([], cursor, "nothing was imported")
    assert tick(world)[0] == []  # also when the sensor forgot what it had seen


def test_only_new_sessions_are_told(small: Small, world: World) -> None:
    small.priced()
    _, cursor, _ = tick(world)
    small.priced({A: f"{ROWS[A]} 22 23", B: f"{ROWS[B]} 26 27"})
    assert tick(world, cursor)[0] == SESSIONS[6:8]


def test_it_waits_while_a_run_materializes_bars(small: Small, world: World) -> None:
    """Which reports its own."""
    _, cursor, _ = tick(world)
    small.priced()
    run = world.instance.add_run(
        dg.DagsterRun(
            job_name="__ASSET_JOB",
            run_id=str(uuid4()),
            status=dg.DagsterRunStatus.STARTED,
            asset_selection=frozenset({BARS}),
        )
    )
    assert tick(world, cursor) == ([], cursor, "bars are being materialized")
    world.instance.report_run_failed(run)
    assert tick(world, cursor)[0] == SESSIONS[:6]


def test_a_run_of_something_else_is_not_waited_for(small: Small, world: World) -> None:
    small.priced()
    world.instance.add_run(
        dg.DagsterRun(
            job_name="small_simulate",
            run_id=str(uuid4()),
            status=dg.DagsterRunStatus.STARTED,
            asset_selection=frozenset({world.model_day}),
        )
    )
    assert tick(world)[0] == SESSIONS[:6]


def checked(world: World) -> dg.AssetCheckResult:
    found = bars_check(world.floor.arena)(floors=FLOORS)
    assert isinstance(found, dg.AssetCheckResult)
    return found


def test_a_jump_is_a_warning_until_it_is_explained(small: Small, world: World) -> None:
    small.priced({A: "40 40 10 11 12 13", B: ROWS[B]})
    found = checked(world)
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["jumps"].value == 1
    assert found.metadata["first jumps"].value == (
        "AAA opened at 10.00 on 2012-06-05, where its previous close and corporate actions lead to "
        "40.00: an unlisted or wrong split?"
    )
    import_files(small.floor, None, small.actions("AAA,2012-06-05,split,4"))
    found = checked(world)
    assert found.passed
    assert found.metadata["first jumps"].value == "none"
