"""What there is of each arena: prices and their gaps, how far each model has come, the queue."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from aitrader_core.market.gaps import find_gaps
from aitrader_core.runner.floor import Floor
from aitrader_core.storage import progress
from aitrader_core.storage.equity import last_sessions, ledger_and_board
from aitrader_core.web.house import TheHouse
from aitrader_core.web.rest.answers import tagged
from aitrader_core.web.rest.asked import Market, SinceCommit
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.health import expected_session
from aitrader_core.web.rest.kept import Body, Look
from aitrader_core.web.rest.shapes import MEDIA_TYPES, Format, json_text

router = APIRouter(tags=["status"])

AGE = timedelta(seconds=30)  # of what is said of prices: to go through all of them takes a while
_SHOWN = 10  # gaps of a symbol, suspects of an arena


class SymbolPrices(BaseModel):
    symbol: str
    first: date
    last: date
    sessions: int
    missing: int = Field(description="Sessions without a bar between the first and the last.")
    gaps: list[date] = Field(description="The first of them.")


class Prices(BaseModel):
    checked_at: datetime = Field(description="At most half a minute ago.")
    first: date | None
    last: date | None
    expected_last: date | None = Field(description="The latest session that could have prices.")
    sessions: int
    symbols: list[SymbolPrices]
    without_prices: list[str] = Field(description="Symbols of the arena that have none.")
    suspects: list[str] = Field(description="Jumps that no corporate action explains, the first.")
    suspect_count: int


class Come(BaseModel):
    model: str
    last_session: date | None
    behind: int = Field(description="Priced sessions that it has not traded yet.")


class Queue(BaseModel):
    running: list[int] = Field(description="Jobs, by id.")
    pending: list[int]


class ArenaStatus(BaseModel):
    market: str
    currency: str
    first_session: date
    last_session: date
    start_session: date
    prices: Prices
    models: list[Come]
    queue: Queue


class Status(BaseModel):
    version: str
    arenas: list[ArenaStatus]


class PriceLooks:
    """What was found out of the prices of each arena."""

    def __init__(self) -> None:
        self._looks: dict[str, Look[dict[str, Any]]] = {}

    def of(self, floor: Floor, now: datetime) -> dict[str, Any]:
        look = self._looks.setdefault(floor.arena.market, Look(AGE))
        checked_at, found = look.at(now, lambda: _prices(floor, now))
        return {"checked_at": checked_at, **found}


@router.get(
    "/status",
    summary="Prices, progress and queue",
    response_model=Status,
    responses=answers(404, tag=True),
)
def get_status(
    request: Request, house: TheHouse, known: SinceCommit, market: Market = None
) -> Response:
    """Of every arena unless one is named."""
    floors = [house.floor(market)] if market is not None else list(house.floors.values())
    looks: PriceLooks = request.app.state.price_looks
    found = [(floor, looks.of(floor, house.now())) for floor in floors]

    def find() -> tuple[list[dict[str, Any]], str]:
        """The active jobs, and a name for them and the ledgers."""
        active = progress.active(house.engine, market)
        ledgers = [ledger_and_board(house.engine, floor.arena.market)[0] for floor in floors]
        return active, f"{[(j['job_id'], j['status']) for j in active]} {ledgers}"

    active, state = known.value((market, "status"), find)

    def make() -> Body:
        arenas = [_arena(floor, prices, active) for floor, prices in found]
        content = json_text({"version": request.app.version, "arenas": arenas})
        return Body(content.encode(), MEDIA_TYPES[Format.JSON])

    looked = [prices["checked_at"] for _, prices in found]
    return tagged(request, f"{state} {looked}", make)


def _arena(
    floor: Floor, prices: Mapping[str, Any], active: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    arena, ours = floor.arena, [j for j in active if j["market"] == floor.arena.market]
    return {
        "market": arena.market,
        "currency": arena.currency,
        "first_session": arena.first_session,
        "last_session": arena.last_session,
        "start_session": arena.start_session,
        "prices": prices,
        "models": _come(floor, prices["last"]),
        "queue": {
            status: [j["job_id"] for j in ours if j["status"] == status]
            for status in ("running", "pending")
        },
    }


def _come(floor: Floor, priced: date | None) -> list[dict[str, Any]]:
    """The arena's models, and others that have traded; the latter are never behind."""
    arena, done = floor.arena, last_sessions(floor.engine, floor.arena.market)
    last = None if priced is None else min(priced, arena.last_session)
    names = [*arena.models, *sorted(done.keys() - arena.models.keys())]
    return [
        {
            "model": name,
            "last_session": done.get(name),
            "behind": _behind(floor, done.get(name), last) if name in arena.models else 0,
        }
        for name in names
    ]


def _behind(floor: Floor, done: date | None, last: date | None) -> int:
    calendar = floor.arena.calendar
    start = floor.arena.start_session if done is None else calendar.next(done)
    if start is None or last is None or start > last:
        return 0
    return len(calendar.between(start, last))


def _prices(floor: Floor, now: datetime) -> dict[str, Any]:
    arena, stored = floor.arena, floor.prices.sessions_by_symbol()
    listed = {symbol: days for symbol, days in stored.items() if symbol in arena.symbols}
    sessions = {day for days in listed.values() for day in days}
    gaps = find_gaps(arena.calendar, listed)
    suspects = floor.suspects(arena.first_session, arena.last_session) if sessions else []
    return {
        "first": min(sessions, default=None),
        "last": max(sessions, default=None),
        "expected_last": expected_session(arena, now),
        "sessions": len(sessions),
        "symbols": [_symbol(symbol, days, gaps.get(symbol, ())) for symbol, days in listed.items()],
        "without_prices": [symbol for symbol in arena.symbols if symbol not in listed],
        "suspects": [str(jump) for jump in suspects[:_SHOWN]],
        "suspect_count": len(suspects),
    }


def _symbol(symbol: str, days: Sequence[date], missing: Sequence[date]) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "first": days[0],
        "last": days[-1],
        "sessions": len(days),
        "missing": len(missing),
        "gaps": missing[:_SHOWN],
    }
