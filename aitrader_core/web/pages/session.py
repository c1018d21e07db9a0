"""One session: what every model made of it."""

from datetime import date
from decimal import Decimal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aitrader_core.runner.floor import Floor
from aitrader_core.storage.neighbours import failed_on, neighbours
from aitrader_core.storage.series import session_of_all
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages.rendering import page

router = APIRouter()


@router.get("/arenas/{market}/sessions/{session}")
def session_page(house: TheHouse, request: Request, market: str, session: date) -> HTMLResponse:
    floor = house.floor(market)
    rows = [dict(row) for row in session_of_all(floor.engine, market, session)]
    for row in rows:
        row["held"] = {s: Decimal(q) for s, q in sorted(row["holdings"].items())}
    traded = {row["model"] for row in rows}
    failed = failed_on(floor.engine, market, session)
    return page(
        request,
        "session.html",
        market=market,
        status=200 if rows or failed else 404,
        session=session,
        currency=floor.arena.currency,
        rows=sorted(rows, key=lambda row: (-row["daily_return"], row["model"])),
        failed=failed,
        absent=[m for m in floor.arena.models if m not in traded and m not in failed],
        near=neighbours(floor.engine, market, session),
        why=_why(floor, session),
        before_cutoff={m for m in traded if floor.arena.is_before_cutoff(m, session)},
    )


def _why(floor: Floor, session: date) -> str:
    """Why nobody has traded on it, as far as that can be told without looking at any model."""
    arena = floor.arena
    if not arena.calendar.is_session(session):
        return arena.calendar.explain(session)
    if not arena.first_session <= session <= arena.last_session:
        return f"the arena has the sessions {arena.first_session} to {arena.last_session}"
    if not floor.prices.counts(session, session):
        return "there are no prices for it yet"
    return "no model has come this far, or begun this early"
