"""The leaderboard: as it was published, or as the ledger has it now."""

from datetime import date, datetime
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from aitrader_core.runner.board import Board, latest_board
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.equity import ledger_and_board
from aitrader_core.storage.leaderboards import Written, latest_written
from aitrader_core.storage.series import latest_standings
from aitrader_core.web.rest.answers import tagged_in_turn, whole
from aitrader_core.web.rest.asked import Form, SinceCommit, TheFloor
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.kept import Body
from aitrader_core.web.rest.shapes import MEDIA_TYPES, Format, Money, json_text

router = APIRouter(tags=["results"])


class Standing(BaseModel):
    """One model. What each figure means is told by /metrics/definitions; null: nothing here.

    Whatever is annualised is null under 20 sessions. A live board has none of what takes
    statistics.
    """

    model_config = ConfigDict(extra="allow")

    rank: int
    model: str
    sessions: int
    value: Money
    start_value: Money | None = None
    first: date | None = None
    last: date | None = None
    cumulative_return: float | None = None
    total_return: float | None = None
    annual_return: float | None = None
    volatility: float | None = None
    sharpe: float | None = None
    sortino: float | None = None
    calmar: float | None = None
    max_drawdown: float | None = None
    win_rate: float | None = None
    turnover: float | None = None
    beta: float | None = None
    alpha: float | None = None
    cost_drag: float | None = None
    invalid_order_rate: float | None = None
    fills: int | None = None
    refusals: int | None = None
    corrections: int | None = None
    restated: int | None = None
    before_cutoff: int | None = None
    traded: Money | None = None
    commission: Money | None = None
    tokens: int | None = None
    dollars: Money | None = None
    dollars_per_return: float | None = None
    tokens_per_return: float | None = None
    family: str | None = None
    repeat: int | None = None
    is_baseline: bool | None = None
    is_benchmark: bool | None = None
    simulated: bool | None = Field(None, description="It has not traded: a benchmark beside.")
    interval_low: float | None = None
    interval_high: float | None = None
    p_value: float | None = None
    beats_benchmark: str | None = None
    indistinguishable_from: list[str] | None = None
    sessions_before_cutoff: int | None = None
    sessions_after_cutoff: int | None = None
    return_before_cutoff: float | None = None
    return_after_cutoff: float | None = None
    spark: list[float] | None = Field(None, description="Its value at some of its sessions.")


class Leaderboard(BaseModel):
    market: str
    as_of: str = Field(description="Names the state of the ledger that it was made from.")
    published_at: datetime | None = Field(description="null: made for this answer.")
    is_current: bool = Field(description="Nothing has been stored since.")
    judgement: dict[str, Any] | None = Field(None, description="How sure the order is.")
    standings: list[Standing]


@router.get(
    "/leaderboard",
    summary="Who stands where",
    response_model=Leaderboard,
    responses=answers(404, tables=True, tag=True),
)
async def get_leaderboard(
    request: Request,
    floor: TheFloor,
    known: SinceCommit,
    live: Annotated[
        bool, Query(description="As the ledger is now, without any statistics.")
    ] = False,
    judgement: Annotated[bool, Query(description="With intervals and verdicts.")] = False,
    form: Form = Format.JSON,
) -> Response:
    """Best return first: as it was published last, or made now where it never was."""
    market = floor.arena.market

    def find() -> tuple[str, int]:
        return known.value(market, lambda: ledger_and_board(floor.engine, market))

    state, published = await to_thread.run_sync(find)

    def make() -> Body:
        if form is Format.JSON and not live and (found := latest_written(floor.engine, market)):
            return _passed_on(market, found, state, judgement=judgement)
        board = _live(floor, state) if live else latest_board(floor)
        head = {
            "market": market,
            "as_of": board.as_of,
            "published_at": board.published_at,
            "is_current": board.is_current,
            **({"judgement": board.judgement} if judgement else {}),
        }
        return whole(form, head, "standings", Standing, board.rows)

    # where it was never published, its statistics take seconds: one at a time
    turn = None if live or published else request.app.state.judging
    return await tagged_in_turn(request, f"{state} {published}", make, turn)


def _passed_on(market: str, found: Written, state: str, *, judgement: bool) -> Body:
    """The published one, whose rows are JSON already."""
    head = {
        "market": market,
        "as_of": found.as_of,
        "published_at": found.published_at,
        "is_current": found.as_of == state,
    }
    said = f', "judgement": {found.judgement}' if judgement else ""
    content = f'{json_text(head)[:-1]}{said}, "standings": {found.rows}}}'
    return Body(content.encode(), MEDIA_TYPES[Format.JSON])


def _live(floor: Floor, state: str) -> Board:
    rows = [dict(row) for row in latest_standings(floor.engine, floor.arena.market)]
    for row in rows:
        del row["market"]
        row["total_return"] = row["cumulative_return"]
        row["before_cutoff"] = row["sessions_before_cutoff"]
        row["last"] = row.pop("as_of")
        row["simulated"] = False
    return Board(floor.arena.market, state, None, True, rows, {})
