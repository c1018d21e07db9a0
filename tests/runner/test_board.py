"""The leaderboard: its figures by another path, its judgement, and which one is shown."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from aitrader_core.results.definitions import DEFINITIONS
from aitrader_core.runner.board import Board, board_now, latest_board, made, standing_rows
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.measuring import measure
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.leaderboards import publish
from tests.runner.retold import equals_another_path, retell
from tests.small import DAYS, Small

FIRST, LAST = date(2005, 2, 1), date(2005, 4, 29)  # Apple splits on 28 February
MODELS = ("buy_and_hold", "momentum", "random")


def trade(floor: Floor, model: str, sessions: Sequence[date], request: str = "test") -> None:
    from aitrader_core.storage.store import Origin

    plan = Plan(model, tuple(sessions), Origin(request, request), may_start=True)
    assert [step for step in list(walk(floor, plan)) if not isinstance(step, Made)] == []


def row_of(board: Board, model: str) -> dict[str, Any]:
    (found,) = (row for row in board.rows if row["model"] == model)
    return found


@pytest.fixture(scope="module")
def traded(module_floor: Floor) -> Floor:
    for model in MODELS:
        trade(module_floor, model, module_floor.arena.calendar.between(FIRST, LAST))
    return module_floor


@pytest.fixture(scope="module")
def board(traded: Floor) -> Board:
    return made(traded)


def test_every_figure_is_that_of_another_path(traded: Floor, board: Board) -> None:
    assert [row["sessions"] for row in board.rows] == [62] * 3
    assert sum(row["cost_drag"] > 0 for row in board.rows) == 3
    equals_another_path(traded, board, "buy_and_hold")


def test_every_key_is_defined_and_every_definition_is_shown(board: Board) -> None:
    shown = {key for row in board.rows for key in row} | set(board.judgement)
    shown |= {key for family in board.judgement["families"] for key in family}
    gaps = {"anonymous", "gap_sessions", "mean_daily_gap", "total_gap"}
    ends = {f"{gap}_{end}" for gap in ("mean_daily", "total") for end in ("low", "high")}
    swept = {"expected_sharpe", "deflated_sharpe"}  # of backtests
    assert shown | gaps | ends | swept == set(DEFINITIONS)
    assert json.loads(json.dumps([board.rows, board.judgement])) == [board.rows, board.judgement]


def test_a_row_says_how_sure_it_is(board: Board) -> None:
    judgement = board.judgement
    assert (judgement["benchmark"], judgement["benchmark_simulated"]) == ("buy_and_hold", False)
    assert judgement["tried"] == 2
    assert 0 < judgement["spa_p_value"] <= 1
    for row in board.rows:
        assert row["interval_low"] < row["total_return"] < row["interval_high"]
        assert row["spark"][-1] == float(row["value"])
        assert len(row["spark"]) == 60
        assert row["is_baseline"]
    assert row_of(board, "buy_and_hold")["beats_benchmark"] is None
    assert row_of(board, "buy_and_hold")["beta"] == pytest.approx(1)
    assert row_of(board, "random")["beats_benchmark"] in ("yes", "no", "cannot be told apart")


def test_a_benchmark_that_nobody_stored_is_the_one_that_would_have_been(
    traded: Floor, board: Board
) -> None:
    """Its row is the stored one's to the last digit, but for its name and place."""
    from aitrader_core.runner.report import curves

    drawn = curves(traded)
    stored = drawn.pop("buy_and_hold")
    without = made(traded, drawn)
    simulated = row_of(without, "buy_and_hold")
    stored_one = {**row_of(board, "buy_and_hold"), "simulated": True}
    assert Decimal(simulated.pop("dollars")) == Decimal(stored_one.pop("dollars")) == 0
    assert simulated == stored_one
    assert without.judgement["benchmark_simulated"]
    behind = made(traded, {**drawn, "buy_and_hold": stored[:40]})
    assert behind.judgement["benchmark"] == "buy_and_hold@simulated"
    assert row_of(behind, "buy_and_hold@simulated")["value"] == simulated["value"]
    assert {row["model"]: row["rank"] for row in behind.rows if not row["simulated"]} == {
        row["model"]: row["rank"] for row in standing(behind)
    }


def standing(board: Board) -> list[dict[str, Any]]:
    return sorted((r for r in board.rows if not r["simulated"]), key=lambda r: -r["total_return"])


def test_sessions_before_the_cutoff_are_told_apart(traded: Floor) -> None:
    from aitrader_core.runner.report import curves

    drawn = curves(traded)
    known = [replace(p, before_cutoff=p.session < date(2005, 3, 1)) for p in drawn["random"]]
    row = row_of(made(traded, {**drawn, "random": known}), "random")
    assert (row["sessions_before_cutoff"], row["sessions_after_cutoff"]) == (19, 43)
    both = (1 + row["return_before_cutoff"]) * (1 + row["return_after_cutoff"]) - 1
    assert both == pytest.approx(row["total_return"])
    free = row_of(made(traded, drawn), "random")
    assert (free["return_before_cutoff"], free["sessions_before_cutoff"]) == (None, 0)


def test_a_span_is_measured_from_its_own_beginning(traded: Floor) -> None:
    (march,) = measure(traded, ["random"], date(2005, 3, 1), date(2005, 3, 31))
    assert (march.metrics.sessions, march.first, march.last.day) == (22, date(2005, 3, 1), 31)
    told = retell(traded.engine, "us", "random", FIRST, LAST, traded.arena.initial_cash)
    values = told.values[19 : 19 + 23]
    assert march.metrics.cumulative_return == pytest.approx(values[-1] / values[0] - 1)
    falls = [value / max(values[: n + 1]) - 1 for n, value in enumerate(values)]
    assert march.metrics.max_drawdown == pytest.approx(min(falls))
    assert march.metrics.beta is not None


@pytest.fixture
def eventful(small: Small) -> Small:
    """A split, a dividend, costs that bite, and sessions too few to judge."""
    (small.config_dir / "costs" / "dear.yaml").write_text("commission_minimum: 1\nslippage: 0.01\n")
    small.configure(costs="dear", start_session=DAYS[0])
    actions = small.actions(f"AAA,{DAYS[2]},split,1.5", f"BBB,{DAYS[3]},cash_dividend,0.25")
    rows = {"AAA": "10 11/12 8/7 9 9/10 11", "BBB": "20 21 22/23 23 22/20 21"}
    import_files(small.floor, small.prices(rows), actions)  # type: ignore[arg-type]
    return small


def test_splits_dividends_and_slippage_by_another_path(eventful: Small) -> None:
    floor = eventful.floor
    trade(floor, "random", DAYS[:6])
    rows = standing_rows(floor)
    (row,) = rows
    told = retell(floor.engine, "small", "random", DAYS[0], DAYS[5], Decimal(1000))
    assert float(row["value"]) == pytest.approx(told.values[-1])
    assert row["cost_drag"] == pytest.approx(1 - told.kept)
    assert row["cost_drag"] > 0.01
    assert row["total_return"] == pytest.approx(told.values[-1] / 1000 - 1)
    assert (row["sharpe"], row["annual_return"], row["interval_low"]) == (None, None, None)
    (held,) = (r for r in board_now(floor).rows if r["simulated"])
    assert (held["model"], held["sessions"], held["is_benchmark"]) == ("buy_and_hold", 6, True)


def test_slippage_is_against_the_opens_that_were_traded(eventful: Small) -> None:
    """A vendor that restates them later changes nothing of what was paid."""
    floor = eventful.floor
    trade(floor, "random", DAYS[:6])
    before = row_of(board_now(floor), "random")["cost_drag"]
    eventful.priced({"AAA": "30 31 28 29 29 31"}, "later.csv")  # type: ignore[dict-item]
    after = row_of(board_now(floor), "random")
    assert after["restated"] == 6
    assert after["cost_drag"] == before


def test_the_published_board_is_shown_at_once_and_says_when_it_is_old(eventful: Small) -> None:
    floor = eventful.floor
    trade(floor, "random", DAYS[:3])
    first = latest_board(floor)
    assert (first.published_at, first.is_current) == (None, True)
    publish(floor.engine, "small", first.as_of, first.rows, "run", first.judgement)
    shown = latest_board(floor)
    assert (shown.rows, shown.judgement, shown.is_current) == (first.rows, first.judgement, True)
    assert shown.published_at is not None
    trade(floor, "random", DAYS[3:6])
    old, new = latest_board(floor), board_now(floor)
    assert (old.rows, old.is_current) == (first.rows, False)
    assert (row_of(new, "random")["sessions"], new.is_current) == (6, True)


def test_both_ways_and_repeats_are_families_of_one_board(small: Small) -> None:
    """The script decides the same whatever the names are: there is no gap."""
    small.model(
        "one", kind="llm", model="scripted", endpoint="scripted", anonymise="both", repeats=2
    )
    small.configure(models=["one"], history=20)
    small.priced()
    for model in small.floor.arena.models:
        trade(small.floor, model, DAYS[:2])
    found = board_now(small.floor)
    families = {f["family"]: f["models"] for f in found.judgement["families"]}
    assert families.pop("buy_and_hold") == ["buy_and_hold"]
    assert families == {name: [name, f"{name}@2"] for name in ("one", "one@anonymous")}
    assert [(r["family"], r["repeat"]) for r in found.rows if r["model"] == "one@anonymous@2"] == [
        ("one@anonymous", 2)
    ]
    (gap,) = found.judgement["anonymised_gaps"]
    assert (gap["family"], gap["anonymous"], gap["gap_sessions"]) == ("one", "one@anonymous", 2)
    assert (gap["mean_daily_gap"], gap["total_gap"], gap["total_low"]) == (0, 0, None)


def test_a_board_without_sessions_is_empty(small: Small) -> None:
    found = latest_board(small.floor)
    assert found.rows == []
    assert found.judgement["families"] == []
