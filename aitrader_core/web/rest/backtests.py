"""Backtests: every configuration of a grid, and how much of the best may be luck."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from aitrader_core.storage.backtest import Backtest, BacktestStatus, Trial
from aitrader_core.storage.backtests import Backtests
from aitrader_core.web.house import House, TheHouse
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.answers import page, sent, tagged
from aitrader_core.web.rest.asked import LATEST_ID, Form, Market
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.shapes import Format

router = APIRouter(prefix="/backtests", tags=["backtests"])

Number = Annotated[str | None, Query(max_length=19, pattern="^[0-9]+$")]
BacktestId = Annotated[int, Path(description="As the list has it.", examples=[1])]


class Metric(StrEnum):
    """That combinations can be sorted by."""

    SHARPE = "sharpe"
    CUMULATIVE_RETURN = "cumulative_return"
    ANNUAL_RETURN = "annual_return"
    SORTINO = "sortino"
    CALMAR = "calmar"
    MAX_DRAWDOWN = "max_drawdown"
    VOLATILITY = "volatility"
    WIN_RATE = "win_rate"
    TURNOVER = "turnover"
    ALPHA = "alpha"
    BETA = "beta"


class Judged(BaseModel):
    """The deflated Sharpe ratio: `probability` that the best one's is truly above what the best of
    so many without any skill would show. Ratios are yearly."""

    tried: int
    sharpe: float
    expected_sharpe: float
    probability: float


class BacktestRow(BaseModel):
    """A model in every configuration of a grid, over the same sessions."""

    backtest_id: int
    market: str
    model: str
    first_session: date
    last_session: date
    train_until: date | None = Field(description="What is later ranks no combination.")
    grid: dict[str, list[Any]] = Field(description="Values by parameter.")
    status: BacktestStatus
    reason: str | None
    done: int = Field(description="Combinations tried so far.")
    failed: int | None
    ranked_by: str | None = Field(description="Null until it has ended.")
    best: int | None = Field(description="The number of the best combination.")
    best_parameters: dict[str, Any] | None
    deflated: Judged | None = Field(description="Null without Sharpe ratios.")
    source: str = Field(description="Who asked.")
    run_id: str = Field(description="The run in Dagster that made it, if one did.")
    manifest: dict[str, Any] = Field(description="What it was made of: code, config, prices.")
    created_at: datetime
    finished_at: datetime | None


class BacktestPage(BaseModel):
    backtests: list[BacktestRow]
    next_cursor: str | None
    next: str | None = Field(description="The address of the next page.")


class TrialRow(BaseModel):
    """One combination: its figures over the sessions that rank it, and what came later.

    What each figure means is told by /metrics/definitions; null: it has no meaning here.
    """

    number: int
    status: BacktestStatus
    reason: str | None = Field(description="Why it failed.")
    parameters: dict[str, Any]
    sessions: int | None
    cumulative_return: float | None
    annual_return: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float | None
    calmar: float | None
    win_rate: float | None
    turnover: float | None
    beta: float | None
    alpha: float | None
    cost_drag: float | None
    invalid_order_rate: float | None
    later_return: float | None = Field(description="After train_until.")
    later_sharpe: float | None
    fills: int
    refusals: int
    seconds: float
    equity: list[list[str]] | None = Field(description="Session and value, where asked for.")


class BacktestTrials(BacktestRow):
    trials: list[TrialRow]
    next_cursor: str | None
    next: str | None = Field(description="The address of the next page of `trials`.")


@router.get(
    "",
    summary="The newest backtests",
    response_model=BacktestPage,
    responses=answers(404, tables=True, pages=True),
)
def list_backtests(
    request: Request,
    house: TheHouse,
    market: Market = None,
    form: Form = Format.JSON,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    cursor: Number = None,
) -> Response:
    """Newest first; of all markets unless one is named.

    Another is started by GraphQL, `launchRun` of the job `<market>_backtest`, or `aitrader
    backtest run`.
    """
    if market is not None:
        house.floor(market)
    before = min(int(cursor or LATEST_ID), LATEST_ID)
    found = Backtests(house.engine).latest(limit + 1, market, before)
    last = str(found[limit - 1].id) if len(found) > limit else None
    rows = [backtest_row(each) for each in found[:limit]]
    return sent(page(request, form, {}, "backtests", BacktestRow, rows, last))


@router.get(
    "/{backtest_id}",
    summary="One backtest",
    response_model=BacktestTrials,
    responses=answers(404, tables=True, pages=True, tag=True),
)
def get_backtest(
    request: Request,
    house: TheHouse,
    backtest_id: BacktestId,
    by: Annotated[
        Metric | None, Query(description="The highest first; by default as it is ranked.")
    ] = None,
    equity: Annotated[bool, Query(description="With each combination's curve.")] = False,
    form: Form = Format.JSON,
    limit: Annotated[int, Query(ge=1, le=1000, description="Of combinations.")] = 100,
    cursor: Number = None,
) -> Response:
    """With its combinations, the best first; CSV and Parquet have the combinations."""
    found = the_backtest(house, backtest_id)
    start = min(int(cursor or 0), LATEST_ID - limit)
    ranked = by.value if by else ranked_by(found)

    def make() -> Any:
        trials = Backtests(house.engine).trials(
            backtest_id, by=ranked, limit=limit + 1, offset=start, equity=equity
        )
        following = str(start + limit) if len(trials) > limit else None
        rows = [trial_row(each, equity=equity) for each in trials[:limit]]
        return page(request, form, backtest_row(found), "trials", TrialRow, rows, following)

    return tagged(request, f"backtest {found.id} {found.status} {found.done}", make)


def the_backtest(house: House, backtest_id: int) -> Backtest:
    """Problem 404 for one that there is not, whatever the number."""
    found = Backtests(house.engine).get(backtest_id) if 0 < backtest_id <= LATEST_ID else None
    if found is None:
        raise Problem(404, f"there is no backtest {backtest_id}", "see /backtests")
    return found


def ranked_by(found: Backtest) -> str:
    return str(found.summary.get("ranked_by", Metric.SHARPE))


def backtest_row(found: Backtest) -> dict[str, Any]:
    asked, summary = found.request, found.summary
    told = ("failed", "ranked_by", "best", "best_parameters", "deflated")
    return {
        "backtest_id": found.id,
        "market": asked.market,
        "model": asked.model,
        "first_session": asked.first,
        "last_session": asked.last,
        "train_until": asked.train_until,
        "grid": asked.grid,
        "status": found.status,
        "reason": found.reason,
        "done": found.done,
        **{name: summary.get(name) for name in told},
        "source": asked.source,
        "run_id": found.run_id,
        "manifest": found.manifest,
        "created_at": found.created_at,
        "finished_at": found.finished_at,
    }


def trial_row(trial: Trial, *, equity: bool) -> dict[str, Any]:
    return {
        **{name: trial.metrics.get(name) for name in TrialRow.model_fields},
        "number": trial.number,
        "status": trial.status,
        "reason": trial.reason,
        "parameters": trial.parameters,
        "later_return": trial.later.get("cumulative_return"),
        "later_sharpe": trial.later.get("sharpe"),
        "fills": trial.fills,
        "refusals": trial.refusals,
        "seconds": trial.seconds,
        "equity": trial.equity if equity else None,
    }
