"""A sweep is what really trading each configuration would have been, and touches no ledger."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import product
from typing import Any

import pytest
from sqlalchemy import text

from aitrader_core.agents.rules import Momentum
from aitrader_core.domain.errors import InputError
from aitrader_core.domain.model_day import Ending
from aitrader_core.runner.backtests import run_backtest, swept, trials
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.measuring import measure
from aitrader_core.runner.report import curves
from aitrader_core.runner.settings import project_root
from aitrader_core.runner.variants import grid_of
from aitrader_core.simulation.desk import Desk
from aitrader_core.storage.backtest import Backtest, BacktestRequest, BacktestStatus, Trial
from aitrader_core.storage.backtests import Backtests
from tests.small import DAYS, A, B, Small
from tests.traded import walked

WEEK = DAYS[:6]
CONFIGS = project_root() / "configs"
GRID = {"lookback": [2, 3], "top": [1, 2]}


@pytest.fixture
def traded(small: Small) -> Small:
    """Each configuration of GRID as a model of its own, over a split and at costs."""
    names = []
    for lookback, top in product(*GRID.values()):
        names.append(f"m{lookback}{top}")
        small.model(names[-1], kind="momentum", lookback=lookback, top=top, every="session")
    small.model("momentum", kind="momentum", every="session", lookback=2)
    small.configure(costs="us_retail", models=[*names, "momentum", "scripted_llm"])
    small.priced({A: "10/11 12/13 14/15 16/17 18/16 20/21", B: "20 21 22/25 23 24 25/22"})
    walked(small, WEEK, models=names)
    return small


def asked(grid: Mapping[str, Any] = GRID, **more: Any) -> BacktestRequest:
    return BacktestRequest(**{
        "market": "small", "model": "momentum", "first": WEEK[0], "last": WEEK[-1], "grid": grid,
        **more,
    })  # fmt: skip


def ran(small: Small, request: BacktestRequest) -> tuple[Backtest, list[Trial]]:
    store = Backtests(small.engine)
    found = store.get(run_backtest(small.floor, small.config_dir, request, run_id="run-7"))
    assert found is not None
    return found, store.trials(found.id)


def ledger(small: Small) -> object:
    """Everything of it, in its order."""
    tables = ("model_days", "orders", "fills", "marks", "holdings", "adjustments", "transcripts")
    with small.engine.connect() as connection:
        return [
            connection.scalar(
                text(f"select md5(string_agg(t::text, '|' order by t::text)) from {table} t")
            )
            for table in tables
        ]


def test_each_combination_is_what_it_is_in_the_ledger(traded: Small) -> None:
    before, told = ledger(traded), list[tuple[int, int]]()
    found, rows = ran(traded, asked())
    assert [row.parameters for row in rows] == [
        {"lookback": lookback, "top": top} for lookback, top in product(*GRID.values())
    ]
    assert len({row.equity[-1][1] for row in rows}) > 1
    for row in rows:
        name = f"m{row.parameters['lookback']}{row.parameters['top']}"
        stored = curves(traded.floor, [name])[name]
        assert row.equity == [[point.session.isoformat(), f"{point.value:f}"] for point in stored]
        (measured,) = measure(traded.floor, [name])
        assert row.metrics == measured.metrics.as_json()
        assert (row.fills, row.refusals) == (
            sum(p.fills for p in stored),
            sum(p.refusals for p in stored),
        )
    assert (found.status, found.run_id, found.done) == (BacktestStatus.COMPLETED, "run-7", 4)
    assert found.request == asked()
    best = max(rows, key=lambda row: row.metrics["cumulative_return"])
    assert (found.summary["tried"], found.summary["ranked_by"]) == (4, "cumulative_return")
    assert found.summary["best_parameters"] == best.parameters
    assert ledger(traded) == before
    again = swept(traded.floor, traded.config_dir, asked())
    assert [trial for trial, _ in trials(again)] == rows
    assert again.manifest == found.manifest
    run_backtest(traded.floor, traded.config_dir, asked(), progress=lambda *n: told.append(n))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_what_is_later_ranks_nothing(traded: Small) -> None:
    found, rows = ran(traded, asked(train_until=WEEK[3]))
    best = max(rows, key=lambda row: row.metrics["cumulative_return"])
    assert found.summary["best"] == best.number
    assert all(row.metrics["sessions"] == 4 and row.later["sessions"] == 2 for row in rows)
    for row in rows:
        values = [float(value) for _, value in row.equity]
        assert row.metrics["cumulative_return"] == pytest.approx(values[3] / 1000 - 1)
        assert row.later["cumulative_return"] == pytest.approx(values[5] / values[3] - 1)


WRONG: Sequence[tuple[dict[str, Any], dict[str, Any], str]] = (
    ({"lookbak": [2]}, {}, "lookbak: unknown key; did you mean lookback.* every, lookback, top"),
    ({"top": [1, "x"]}, {}, "momentum with top=x: top: Input should be a valid integer"),
    ({"lookback": [2, 5]}, {}, "lookback=5: lookback: 5 needs more than the 5 bars"),
    ({"lookback.deep": [2]}, {}, "lookback.deep: lookback is 2, which has no deep"),
    ({"kind": ["random"]}, {}, "kind: is no parameter of kind momentum"),
    ({"top": []}, {}, "top: no value is given"),
    ({"top": [1, 1]}, {}, "top: 1 is given twice"),
    ({"top": [float("nan")]}, {}, "top: nan can't be kept"),
    ({"top": list(range(10_001))}, {}, "10,001 combinations are too many"),
    ({}, {"model": "scripted_llm"}, "is of kind llm, of which no grid is tried"),
    ({}, {"model": "momentun"}, "no model 'momentun' .* did you mean momentum"),
    ({}, {"last": DAYS[7]}, "2 of the 8 sessions have no prices"),
    ({}, {"first": date(2012, 6, 2)}, "week-end"),
    ({}, {"train_until": WEEK[-1]}, "train_until: 2012-06-08 leaves nothing"),
)


def test_a_wrong_request_is_told_before_anything_is_stored(traded: Small) -> None:
    for grid, more, sentence in WRONG:
        with pytest.raises(InputError, match=sentence):
            ran(traded, asked(grid, **more))
    assert Backtests(traded.engine).latest() == []


def test_a_combination_that_fails_is_left_and_the_others_go_on(
    traded: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade = Momentum.trade

    def broken(self: Momentum, desk: Desk) -> Ending:
        if self.top in (2, 9) and desk.view.session == WEEK[2]:
            raise ZeroDivisionError("by its own fault")
        return trade(self, desk)

    monkeypatch.setattr(Momentum, "trade", broken)
    found, rows = ran(traded, asked({"top": [1, 2, 3]}))
    assert [row.status for row in rows] == ["completed", "failed", "completed"]
    assert rows[1].reason == "ZeroDivisionError: by its own fault"
    assert (found.status, found.summary["failed"]) == (BacktestStatus.PARTIAL, 1)
    found, _ = ran(traded, asked({"top": [2, 9]}))
    assert found.status is BacktestStatus.FAILED
    assert found.reason == (
        "each combination failed, the first because ZeroDivisionError: by its own fault"
    )


def test_one_that_is_stopped_says_so(traded: Small) -> None:
    def stop(done: int, _total: int) -> None:
        if done > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_backtest(traded.floor, traded.config_dir, asked(), progress=stop)
    (found,) = Backtests(traded.engine).latest()
    assert (found.status, found.reason) == (BacktestStatus.CANCELED, "it was stopped")


def test_a_year_of_tries_is_judged_by_their_number(floor: Floor) -> None:
    request = BacktestRequest(
        "us", "mean_reversion", date(2012, 6, 1), date(2012, 7, 31),
        {"lookback": [10, 20], "entry": [1.0, 2.0]},
    )  # fmt: skip
    store = Backtests(floor.engine)
    found = store.get(run_backtest(floor, CONFIGS, request))
    assert found is not None
    judged, best = found.summary["deflated"], store.trials(found.id, by="sharpe", limit=1)[0]
    assert found.summary["best"] == best.number
    assert (judged["tried"], found.summary["ranked_by"]) == (4, "sharpe")
    assert judged["sharpe"] == pytest.approx(best.metrics["sharpe"])
    assert judged["expected_sharpe"] > 0
    assert 0 < judged["probability"] < 1
    assert best.metrics["beta"] is not None


def test_a_grid_as_it_is_typed() -> None:
    typed = ["lookback=63, 126", "every=week", "since=2012-06-01", "one.two=1.5,[a, b]"]
    assert grid_of(typed) == {
        "lookback": [63, 126],
        "every": ["week"],
        "since": ["2012-06-01"],
        "one.two": [1.5, ["a", "b"]],
    }
    for wrong in (["lookback"], ["=1"], ["a=1", "a=2"], ["a={1"]):
        with pytest.raises(InputError):
            grid_of(wrong)
