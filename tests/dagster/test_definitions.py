"""What the project shows in Dagster: a change here is a change for its users."""

from pathlib import Path

import dagster as dg
import pytest

from aitrader_core.runner.arena import Arena
from aitrader_core.runner.settings import project_root
from aitrader_dagster.definitions import build_definitions
from aitrader_dagster.lib.partitions import market_partitions

MARKETS = ("btc", "cn", "crypto", "us")


@pytest.fixture(scope="module")
def defs() -> dg.Definitions:
    return build_definitions(project_root() / "configs")


def test_definitions(defs: dg.Definitions) -> None:
    repository = defs.get_repository_def()
    graph = repository.asset_graph
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == {
        f"{market}/{name}"
        for market in MARKETS
        for name in (
            "bars",
            "model_day",
            "leaderboard",
            "backtests",
            "suggestions",
            "trading_state",
        )
    } | {"btc/ticks", "btc/signals", "us/predictions"}
    assert {key.name for key in graph.asset_check_keys} == {
        "jumps_explained",
        "ledger_closes",
        "chain_unbroken",
        "no_lookahead",
    }
    assert {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")} == {
        "enqueue_simulation",
        "purge_old_rows",
        "btc_ticks",
        "us_predictions",
        *(
            f"{market}_{name}"
            for market in MARKETS
            for name in ("simulate", "publish", "backtest", "suggest")
        ),
    }
    assert {sensor.name for sensor in repository.sensor_defs} - {"btc_recordings"} == {
        f"{market}_{name}"
        for market in MARKETS
        for name in ("models", "prices", "queue", "publish_when_changed")
    }
    schedules = {schedule.name for schedule in repository.schedule_defs}
    assert schedules == {"retention", *(f"{market}_daily" for market in MARKETS)}
    assert set(repository.get_top_level_resources()) == {"floors", "inference", "model_days"}


def test_partitions_are_the_sessions_of_the_exchange(arena: Arena) -> None:
    partitions = market_partitions(arena)
    assert partitions.sessions.get_partition_keys() == [str(s) for s in arena.sessions]
    assert partitions.model_days.partition_dimension_names == ["date", "model"]


def test_a_model_day_follows_the_session_before_it(defs: dg.Definitions) -> None:
    graph = defs.get_repository_def().asset_graph
    model_day = dg.AssetKey(["us", "model_day"])
    assert model_day in graph.get(model_day).parent_keys
    assert graph.get(model_day).backfill_policy == dg.BackfillPolicy.single_run()


def test_ticks_make_signals_and_signals_model_days(defs: dg.Definitions) -> None:
    graph = defs.get_repository_def().asset_graph
    ticks, signals, model_day = (dg.AssetKey(["btc", n]) for n in ("ticks", "signals", "model_day"))
    assert graph.get(signals).parent_keys == {ticks}
    assert signals in graph.get(model_day).parent_keys


def test_a_typo_in_a_configuration_names_the_place(config_dir: Path) -> None:
    arena = config_dir / "arenas" / "us.yaml"
    arena.write_text(arena.read_text().replace("initial_cash", "inital_cash"))
    with pytest.raises(Exception, match=r"us\.yaml: .*inital_cash: unknown key; did you mean"):
        build_definitions(config_dir)


def test_the_retention_is_as_its_file_says(config_dir: Path) -> None:
    file = config_dir / "retention.yaml"
    file.write_text("older_than_days: 7\nresults: true\n")
    schedule = build_definitions(config_dir).resolve_schedule_def("retention")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    config = {"older_than_days": 7, "results": True, "dry_run": False}
    (request,) = schedule.evaluate_tick(dg.build_schedule_context()).run_requests or ()
    assert request.run_config["ops"] == {"purge_old": {"config": config}}
    file.write_text("older_than: 7\nresults: true\n")
    with pytest.raises(Exception, match=r"retention\.yaml: .*older_than: unknown key"):
        build_definitions(config_dir)
    file.unlink()
    schedules = build_definitions(config_dir).get_repository_def().schedule_defs
    assert "retention" not in {schedule.name for schedule in schedules}
