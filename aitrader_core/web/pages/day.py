"""One model-day: what it came to, what was done and what was said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, PlainTextResponse

from aitrader_core.domain.market import DAILY
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.orders import Fill, Outcome
from aitrader_core.domain.portfolio import Adjustment
from aitrader_core.results.worked_orders import moment, worked
from aitrader_core.runner.config import did_you_mean
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.statement import (
    Statement,
    Surroundings,
    missing,
    statement,
    surroundings,
)
from aitrader_core.storage.day_history import Attempt
from aitrader_core.storage.transcripts import (
    Part,
    part_of_day,
    part_of_failed,
    summary_of_day,
    text_of_day,
    text_of_failed,
)
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages.conversation import steps
from aitrader_core.web.pages.rendering import page
from aitrader_core.web.pages.worked_day import SHOWN, said, shown
from aitrader_core.web.problems import Problem

router = APIRouter(include_in_schema=False)
DAY = "/arenas/{market}/models/{model}/{session}"
From = Annotated[int, Query(ge=1, le=2**31 - 1, alias="from")]
AttemptId = Annotated[int | None, Query(ge=1, le=2**63 - 1)]

ENDINGS = {
    Ending.DONE: "The model was done.",
    Ending.STEP_LIMIT: "It was stopped at its limit of replies, not done yet.",
    Ending.COST_LIMIT: "It was stopped when its budget was spent.",
    Ending.DEADLINE: "It was stopped when its time was over.",
    Ending.REFUSED_BY_PROVIDER: "Its provider refused to answer.",
}


@dataclass(frozen=True, slots=True)
class Event:
    """An order, the `number`th of the session, or what a corporate action or correction did."""

    at: time
    number: int | None
    order: Outcome | None = None
    change: Adjustment | None = None

    @property
    def is_filled(self) -> bool:
        return isinstance(self.order, Fill)


@dataclass(frozen=True, slots=True)
class Holding:
    """At the previous close and at this one; `part` is of the whole value, where it is known."""

    name: str
    opening: Decimal
    closing: Decimal
    price: Decimal | None
    value: Decimal | None
    part: Decimal | None


@router.get(DAY)
def model_day(
    house: TheHouse,
    request: Request,
    market: str,
    model: str,
    session: date,
    first: From = 1,
    attempt: AttemptId = None,
    orders: Literal["all"] | None = None,
) -> HTMLResponse:
    """A page of its own, too, for one that failed or was never traded.

    Of the orders of a long day on ticks, the first are shown unless all are asked for.
    """
    floor = house.floor(market)
    around, found = surroundings(floor, model, session), statement(floor, model, session)
    failed = _attempt(around, attempt, is_stored=found is not None)
    if found is None and failed is None:
        _check_known(floor, model, around)
    part = _part(floor, found, failed, first)
    at_venue = shown(worked(found.day), everything=orders == "all") if found else None
    is_told = at_venue is not None and at_venue.day.broken is None
    return page(
        request,
        "day.html" if found else "missing_day.html",
        market=market,
        status=200 if found or failed else 404,
        model=model,
        session=session,
        currency=floor.arena.currency,
        around=around,
        statement=found,
        missing=None if found else missing(floor, session, around.near),
        failed=failed,
        part=part,
        steps=steps(part.excerpts),
        ending=ENDINGS[found.day.ending] if found else None,
        summary=summary_of_day(floor.engine, found.id) if found else None,
        at_venue=at_venue,
        events=[e for e in events(found.day) if e.change or not is_told] if found else [],
        holdings=holdings(found) if found else [],
        is_intraday=bool(found and found.day.marks[0].at != DAILY),
        moment=moment,
        said=said,
        most=SHOWN,
    )


@router.get(f"{DAY}/entries/{{number}}")
def entry(
    house: TheHouse,
    market: str,
    model: str,
    session: date,
    number: int,
    attempt: AttemptId = None,
) -> PlainTextResponse:
    """The whole text of one entry, however long."""
    floor = house.floor(market)
    around, found = surroundings(floor, model, session), statement(floor, model, session)
    failed, text = _attempt(around, attempt, is_stored=found is not None), None
    if 0 < number < 2**31:
        if failed is not None:
            text = text_of_failed(floor.engine, failed.id, number)
        elif found is not None:
            text = text_of_day(floor.engine, found.id, number)
    if text is None:
        raise Problem(404, f"there is no entry {number} in that transcript")
    return PlainTextResponse(text)


def events(day: ModelDay) -> Iterator[Event]:
    """Orders, corporate actions and corrections in the order in which they came."""
    at = [mark.at for mark in day.marks for _ in range(mark.orders)]
    for number, outcome in enumerate(day.blotter):
        yield from (Event(a.at, None, change=a) for a in day.adjustments if a.after == number)
        yield Event(at[number], number + 1, order=outcome)
    yield from (Event(a.at, None, change=a) for a in day.adjustments if a.after == len(day.blotter))


def holdings(found: Statement) -> list[Holding]:
    """Cash first, then by symbol; priced while the close is known."""
    day, opening = found.day, found.day.opening.portfolio
    prices = found.prices if day.value_close is not None else {}
    worth = day.value_close
    cash = day.closing.cash
    listed = [Holding("cash", opening.cash, cash, None, cash, cash / worth if worth else None)]
    for symbol in sorted({*opening.positions, *day.closing.positions}):
        held, price = day.closing.held(symbol), prices.get(symbol)
        value = None if price is None else held * price
        part = value / worth if worth and value is not None else None
        listed.append(Holding(symbol, opening.held(symbol), held, price, value, part))
    return listed


def _attempt(around: Surroundings, wanted: int | None, *, is_stored: bool) -> Attempt | None:
    """The failed attempt whose transcript is shown: the one asked for, or the latest of a day
    that is not stored."""
    if wanted is None:
        return around.failed[0] if around.failed and not is_stored else None
    found = next((a for a in around.failed if a.id == wanted), None)
    if found is None:
        raise Problem(404, f"there is no failed attempt {wanted} at that model-day")
    return found


def _part(floor: Floor, found: Statement | None, failed: Attempt | None, first: int) -> Part:
    if failed is not None:
        return part_of_failed(floor.engine, failed.id, first)
    return part_of_day(floor.engine, found.id, first) if found else Part((), 0)


def _check_known(floor: Floor, model: str, around: Surroundings) -> None:
    known: Sequence[str] = list(floor.arena.models)
    if model in known or around.near.first or around.near.previous or around.near.next:
        return
    hint = did_you_mean(model, known)
    raise Problem(
        404,
        f"there is no model {model!r} in the {floor.arena.market} arena",
        f"{hint}it has {', '.join(known)}",
    )
