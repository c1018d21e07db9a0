"""Backtests and suggestions as the launchpad and GraphQL start them: by run config."""

from typing import Any

import dagster as dg

from aitrader_core.storage.backtests import Backtests
from aitrader_core.storage.suggestions import Suggestions
from tests.dagster.world import World

SPAN = {"first_session": "2012-06-01", "last_session": "2012-06-29"}


def run(world: World, job: str, node: str, **config: Any) -> dg.ExecuteInProcessResult:
    """As `launchRun` does it."""
    return world.defs.resolve_job_def(job).execute_in_process(
        instance=world.instance,
        run_config={"ops": {node: {"config": config}}},
        raise_on_error=False,
    )


def why(failed: dg.ExecuteInProcessResult) -> str:
    assert not failed.success
    (event,) = (e for e in failed.all_events if e.is_step_failure)
    data = event.step_failure_data.user_failure_data
    assert data is not None
    return str(data.description)


def test_a_sweep_is_kept_and_shown(world: World) -> None:
    grid: dict[str, Any] = {"lookback": [20, 60], "every": ["week", "month"]}
    until = {"train_until": "2012-06-15"}
    asked = {"model": "momentum", **SPAN, "grid": grid, **until}
    found = run(world, "us_backtest", "us__backtests", **asked)
    assert found.success
    (kept,) = Backtests(world.floor.engine).latest()
    assert (kept.request.grid, kept.run_id) == (grid, found.run_id)
    assert kept.request.source == "dagster"
    (event,) = found.asset_materializations_for_node("us__backtests")
    told = event.metadata
    assert str(told["page"].value).endswith(f"/arenas/us/backtests/{kept.id}")
    assert (told["tried"].value, told["best parameters"].value) == (
        4,
        kept.summary["best_parameters"],
    )
    assert str(told["best"].value).count("\n") == 5
    assert world.stored("momentum") == []


def test_a_sweep_that_is_wrong_fails_with_its_sentence(world: World) -> None:
    asked = {"model": "momentum", **SPAN, "grid": {"lookbak": [2]}}
    sentence = why(run(world, "us_backtest", "us__backtests", **asked))
    assert "lookbak: unknown key; did you mean lookback?" in sentence
    sentence = why(run(world, "us_backtest", "us__backtests", model="flaky", **SPAN))
    assert "each combination failed" in sentence
    assert "the market ate my homework" in sentence
    asked = {"model": "momentum", **SPAN, "first_session": "June"}
    assert "'June' is not a date" in why(run(world, "us_backtest", "us__backtests", **asked))


def test_proposals_are_kept_and_shown(world: World) -> None:
    found = run(world, "us_suggest", "us__suggestions", model="momentum", session="2012-06-01")
    assert found.success
    (kept,) = Suggestions(world.floor.engine).latest()
    assert (kept.scan.run_id, kept.scan.source) == (found.run_id, "dagster")
    (event,) = found.asset_materializations_for_node("us__suggestions")
    assert str(event.metadata["page"].value).endswith(f"/arenas/us/suggestions/{kept.id}")
    assert event.metadata["orders"].value == kept.count > 0
    assert "| buy |" in str(event.metadata["suggestions"].value)
    assert "week-end" in why(
        run(world, "us_suggest", "us__suggestions", model="momentum", session="2012-06-02")
    )
    sentence = why(run(world, "us_suggest", "us__suggestions", model="flaky", session="2012-06-06"))
    assert sentence == "RuntimeError: the market ate my homework"
    assert world.stored("momentum") == []
