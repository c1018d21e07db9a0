"""What happened to the orders of a model-day that a venue worked over time."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from aitrader_core.domain.denials import Denial
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.orders import Side
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import OrderStatus, TrailEntry, first_broken
from aitrader_core.results.worked_orders import WorkedOrder, figures, moment, switch_of, worked
from aitrader_core.runner.floor import Floor
from aitrader_core.storage import reading
from aitrader_core.storage.history import records
from aitrader_core.storage.reading import Asked
from aitrader_core.web.house import TheHouse
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.answers import page, tagged
from aitrader_core.web.rest.asked import LATEST_ID, Day, Form, SinceCommit
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.kept import Body
from aitrader_core.web.rest.shapes import Format, Money

router = APIRouter(prefix="/trail/{market}/{model}/{session}", tags=["results"])

MarketName = Annotated[str, Path(max_length=64, description="The arena.", examples=["btc"])]
ModelName = Annotated[str, Path(max_length=200, examples=["pattern"])]
Session = Annotated[Day, Path(examples=["2024-08-08"])]
Limit = Annotated[int, Query(ge=1, le=100_000, description="Of rows.")]
_DIGITS, _PLACES = 28, 10  # before and after the point, of what tables have room for
Number = Annotated[str | None, Query(max_length=19, pattern="^[0-9]+$")]


class Head(BaseModel):
    """A day whose orders were each filled or refused at once has no entries."""

    market: str
    model: str
    session: Day
    trading: TradingState = Field(description="The kill switch as the session began.")
    entries: int = Field(description="Of the whole trail.")
    last_hash: str | None = Field(description="Of the last entry; null without any.")
    first_changed: int | None = Field(
        description="The first entry that is not what was written; null: the chain holds."
    )


class TrailRow(BaseModel):
    """`hash` is BLAKE2b of 16 bytes over `<hash before>|number|at_ns|event|client_id|facts`; before
    the first are 32 zeros."""

    number: int
    at: datetime
    at_ns: int = Field(description="ns since 1970 UTC: more digits than JavaScript's numbers have.")
    event: str = Field(examples=["submitted", "executed"])
    client_id: str = Field(description="Of the order; empty: of all.")
    facts: str = Field(description="Canonical JSON, amounts in it are decimal text.")
    hash: str


class TrailPage(Head):
    trail: list[TrailRow]
    next_cursor: str | None
    next: str | None = Field(description="The address of the next page.")


class WorkedOrderRow(BaseModel):
    """An order as a whole, however many parts it was executed in."""

    client_id: str
    at: datetime = Field(description="When it was given.")
    last_at: datetime = Field(description="When the last of it was heard of.")
    symbol: str
    side: Side
    quantity: Money | None = Field(description="null: what was asked for is no such quantity.")
    limit_price: Money | None = Field(description="null: at the market.")
    status: OrderStatus = Field(description="At the end of the session.")
    code: Denial | None = Field(description="Why we denied it.")
    reason: str | None = Field(description="Likewise, or why the venue did not take it.")
    filled: Money
    average_price: Money | None = Field(description="Of what is filled.")
    notional: Money
    fees: Money
    parts: int
    entries: int = Field(description="Of the trail that are about it.")


class WorkedOrderPage(Head):
    orders: list[WorkedOrderRow]
    next_cursor: str | None
    next: str | None = Field(description="The address of the next page.")


@router.get(
    "",
    summary="The audit trail of a model-day's orders",
    response_model=TrailPage,
    responses=answers(404, tables=True, tag=True, pages=True),
)
def get_trail(
    request: Request,
    house: TheHouse,
    known: SinceCommit,
    market: MarketName,
    model: ModelName,
    session: Session,
    form: Form = Format.JSON,
    limit: Limit = 10_000,
    cursor: Number = None,
) -> Response:
    """Everything that happened to them, in order: each entry is chained to the one before."""
    floor, start = house.floor(market), min(int(cursor or 0), LATEST_ID)

    def make() -> Body:
        day = _the_day(floor, model, session)
        rows = [_entry_row(entry) for entry in day.trail[start : start + limit]]
        following = str(start + limit) if len(day.trail) > start + limit else None
        return page(request, form, _head(day), "trail", TrailRow, rows, following)

    return tagged(request, _state(floor, known, model, session), make)


@router.get(
    "/orders",
    summary="A model-day's orders as the venue worked them",
    response_model=WorkedOrderPage,
    responses=answers(404, 409, tables=True, tag=True, pages=True),
)
def get_worked_orders(
    request: Request,
    house: TheHouse,
    known: SinceCommit,
    market: MarketName,
    model: ModelName,
    session: Session,
    form: Form = Format.JSON,
    limit: Limit = 10_000,
    cursor: Number = None,
) -> Response:
    """One for each that was sent or denied, as the trail tells of it."""
    floor, start = house.floor(market), min(int(cursor or 0), LATEST_ID)

    def make() -> Body:
        day = _the_day(floor, model, session)
        found = worked(day)
        if found and found.broken is not None:
            raise Problem(
                409,
                f"the trail of {model} on {session} was changed: entry {found.broken} does not"
                " hold, and nothing is told by it",
                f"/trail/{market}/{model}/{session} has it as it stands",
            )
        orders = found.orders if found else ()
        rows = [_order_row(order) for order in orders[start : start + limit]]
        following = str(start + limit) if len(orders) > start + limit else None
        return page(request, form, _head(day), "orders", WorkedOrderRow, rows, following)

    return tagged(request, _state(floor, known, model, session), make)


def _state(floor: Floor, known: SinceCommit, model: str, session: Day) -> str:
    asked = Asked(floor.arena.market, (model,), last=session)
    return known.value(asked, lambda: reading.last_ids(floor.engine, asked))


def _the_day(floor: Floor, model: str, session: Day) -> ModelDay:
    """Problem 404 for one that is not stored."""
    market = floor.arena.market
    found = records(floor.engine, market, model, session, session)
    if not found:
        raise Problem(
            404,
            f"{model} has no stored day on {session} in the {market} arena",
            f"/results?market={market}&date={session} has those that are stored",
        )
    return found[0].day


def _head(day: ModelDay) -> dict[str, Any]:
    return {
        "market": day.market,
        "model": day.model,
        "session": day.session,
        "trading": switch_of(day),
        "entries": len(day.trail),
        "last_hash": day.trail[-1].hash if day.trail else None,
        "first_changed": first_broken(day.trail),
    }


def _entry_row(entry: TrailEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": moment(entry.at),
        "at_ns": entry.at,
        "event": entry.event,
        "client_id": entry.order_id,
        "facts": entry.facts,
        "hash": entry.hash,
    }


def _order_row(order: WorkedOrder) -> dict[str, Any]:
    wish = order.ticket.order
    fitting = {"quantity": _fitting(wish.quantity), "limit_price": _fitting(wish.limit)}
    return {**figures(order), **fitting}


def _fitting(wished: Decimal | None) -> Decimal | None:
    """None for what no column of amounts takes: anything can be wished for."""
    if wished is None or not wished.is_finite():
        return None
    exponent = wished.as_tuple().exponent
    fits = isinstance(exponent, int) and exponent >= -_PLACES and wished.adjusted() < _DIGITS
    return wished if fits else None
