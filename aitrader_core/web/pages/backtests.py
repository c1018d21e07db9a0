"""Backtests as pages: which were run, and what each combination of one made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from aitrader_core.runner.floor import Floor
from aitrader_core.runner.variants import told
from aitrader_core.storage.backtest import Backtest, BacktestStatus, Trial
from aitrader_core.storage.backtests import Backtests
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages import charts
from aitrader_core.web.pages.curves import Curve
from aitrader_core.web.pages.job_progress import LATEST
from aitrader_core.web.pages.rendering import page
from aitrader_core.web.pages.settings_shown import example_model
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.backtests import Metric, ranked_by, the_backtest

router = APIRouter()
_LISTED, _ROWS, _DRAWN = 20, 100, 5
_MOST_PAGES = 1_000
COLUMNS = (
    "cumulative_return",
    "sharpe",
    "sortino",
    "max_drawdown",
    "turnover",
)


@router.get("/arenas/{market}/backtests")
def backtests(
    request: Request,
    house: TheHouse,
    market: str,
    before: Annotated[int, Query(ge=1, le=LATEST)] = LATEST,
) -> HTMLResponse:
    floor = house.floor(market)
    found = Backtests(house.engine).latest(_LISTED + 1, market, before)
    return page(
        request,
        "backtests.html",
        market=market,
        here="backtests",
        found=[(each, _shown(each, each.summary.get("best_parameters"))) for each in found][
            :_LISTED
        ],
        older=found[_LISTED - 1].id if len(found) > _LISTED else None,
        example=_example(floor),
    )


@router.get("/arenas/{market}/backtests/{backtest_id}")
def backtest(
    request: Request,
    house: TheHouse,
    market: str,
    backtest_id: int,
    by: Metric | None = None,
    number: Annotated[int, Query(ge=1, le=_MOST_PAGES)] = 1,
) -> HTMLResponse:
    """`by` sorts its combinations; `number` is the page of them."""
    floor, found = house.floor(market), the_backtest(house, backtest_id)
    if found.request.market != market:
        raise Problem(404, f"backtest {backtest_id} is of another arena", "see /backtests")
    store, metric = Backtests(house.engine), by.value if by else ranked_by(found)
    start = _ROWS * (number - 1)
    trials = store.trials(backtest_id, by=metric, limit=_ROWS, offset=start, equity=False)
    best = store.trials(backtest_id, by=metric, limit=_DRAWN)
    until = found.request.train_until
    return page(
        request,
        "backtest.html",
        market=market,
        here="backtests",
        found=found,
        by=metric,
        columns=COLUMNS,
        rows=[(trial, _shown(found, trial.parameters)) for trial in trials],
        current=number,
        pages=-(-found.done // _ROWS),
        equity=_drawn(found, best, float(floor.arena.initial_cash)),
        best=_shown(found, found.summary.get("best_parameters")),
        is_running=found.status is BacktestStatus.RUNNING,
        until=until,
    )


@dataclass(frozen=True, slots=True)
class Example:
    """A command that runs here: a model of the arena, over sessions that have prices."""

    model: str
    first: date
    last: date
    grid: str


def _example(floor: Floor) -> Example:
    arena, priced = floor.arena, floor.prices.sessions()
    first, last = (priced[0], priced[-1]) if priced else (arena.first_session, arena.last_session)
    model = example_model(arena)
    is_known = arena.models[model].config.kind == "momentum"
    grid = "--set lookback=21,63" if is_known else "--set PARAMETER=VALUE,VALUE"
    return Example(model, min(max(first, arena.start_session), last), last, grid)


def _shown(found: Backtest, parameters: Mapping[str, Any] | None) -> str:
    """In the order in which they were asked for."""
    if parameters is None:
        return ""
    return told({key: parameters[key] for key in found.request.grid}) or "as configured"


def _drawn(found: Backtest, trials: Sequence[Trial], start: float) -> dict[str, Any] | None:
    """100 is the cash that each began with."""
    curves = [
        Curve(
            _shown(found, trial.parameters),
            start,
            tuple(session for session, _ in trial.equity),
            tuple(float(value) for _, value in trial.equity),
        )
        for trial in trials
        if trial.equity
    ]
    until = found.request.train_until
    shaded = {"ranked by these sessions": until.isoformat()} if until else {}
    styled = charts.looks([curve.model for curve in curves], ())
    return charts.equity(curves, styled, shaded=shaded) if curves else None
