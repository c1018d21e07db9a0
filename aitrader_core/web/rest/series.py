"""What each model's money was worth, session by session."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from aitrader_core.storage import reading
from aitrader_core.storage.reading import Asked, Order
from aitrader_core.web.rest.answers import page, tagged, written
from aitrader_core.web.rest.asked import (
    Cursor,
    End,
    Form,
    Models,
    SinceCommit,
    Start,
    TheFloor,
    known_models,
    span,
)
from aitrader_core.web.rest.cursors import cursor_of, place_of
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.kept import Body
from aitrader_core.web.rest.shapes import Format, Money

router = APIRouter(prefix="/portfolio", tags=["results"])


class PointRow(BaseModel):
    """A model's portfolio at one session. Returns and drawdown are fractions of its whole run,
    nothing annualised."""

    model: str
    session: date
    value_close: Money | None = Field(description="null: the close is not known.")
    value: Money = Field(description="At the last mark that is known.")
    cash: Money
    profit: Money
    daily_return: float
    cumulative_return: float
    drawdown: float = Field(description="From the highest value so far; never above 0.")
    before_cutoff: bool = Field(description="Whether the model may have read of the session.")


class SeriesPage(BaseModel):
    market: str
    currency: str
    points: list[PointRow]
    next_cursor: str | None
    next: str | None = Field(description="The address of the next page.")


@router.get(
    "/timeseries",
    summary="Equity curves",
    response_model=SeriesPage,
    responses=answers(404, tables=True, tag=True, pages=True),
)
def portfolio_timeseries(
    request: Request,
    floor: TheFloor,
    known: SinceCommit,
    models: Models = None,
    start: Start = None,
    end: End = None,
    form: Form = Format.JSON,
    limit: Annotated[int, Query(ge=1, le=50_000, description="Of points.")] = 5_000,
    cursor: Cursor = None,
) -> Response:
    """By model, then session."""
    first, last = span(start, end)
    arena = floor.arena
    behind = place_of(cursor)
    asked = Asked(arena.market, known_models(floor, models), first, last, behind=behind)
    head = {"market": arena.market, "currency": arena.currency}

    def make() -> Body:
        shown = floor.engine, reading.CURVE, Order.BY_MODEL, asked, limit
        if form is Format.JSON:
            found = reading.page(*shown)
            return written(request, head, "points", found.text, cursor_of(found.next))
        rows, following = reading.table(*shown)
        return page(request, form, head, "points", PointRow, rows, cursor_of(following))

    state = known.value(asked.chain, lambda: reading.last_ids(floor.engine, asked))
    return tagged(request, state, make)
