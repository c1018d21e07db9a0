"""The publication of a leaderboard: what is stored, what the UI shows, and when it is due."""

from datetime import date
from typing import cast

import dagster as dg

from aitrader_core.runner.board import latest_board
from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.leaderboards import publish
from aitrader_core.storage.store import Origin
from tests.dagster.world import RESOURCES, World


def asked(world: World) -> dg.RunRequest | dg.SkipReason:
    sensor = world.defs.resolve_sensor_def("us_publish_when_changed")
    found = sensor(
        dg.build_sensor_context(
            instance=world.instance,
            resources=RESOURCES,
        )
    )
    return cast(dg.RunRequest | dg.SkipReason, found)


def test_it_is_published_with_its_judgement(world: World) -> None:
    sessions = world.floor.arena.calendar.between(date(2012, 6, 1), date(2012, 7, 10))
    plan = Plan("random", sessions, Origin("run-1", "run-1"), may_start=True)
    assert len(list(walk(world.floor, plan))) == 27
    job = world.defs.resolve_job_def("us_publish")
    assert isinstance(asked(world), dg.RunRequest)
    run = job.execute_in_process(instance=world.instance)
    assert run.success
    board = latest_board(world.floor)
    assert board.is_current
    assert board.published_at is not None
    assert {row["model"]: row["simulated"] for row in board.rows} == {
        "buy_and_hold": True,
        "random": False,
    }
    assert board.judgement["tried"] == 1
    (event,) = run.asset_materializations_for_node("us__leaderboard")
    table = str(event.metadata["standings"].value)
    (told,) = (line for line in table.splitlines() if "| random |" in line)
    row = next(row for row in board.rows if row["model"] == "random")
    assert f"{row['interval_low']:+.2%} to {row['interval_high']:+.2%}" in told
    assert row["beats_benchmark"] in told
    assert "buy_and_hold (simulated)" in table
    assert event.metadata["judgement"].value == board.judgement["method"]
    assert isinstance(asked(world), dg.SkipReason)
    publish(world.floor.engine, "us", board.as_of, board.rows, "run-2")  # by one that judged none
    assert isinstance(asked(world), dg.RunRequest)
