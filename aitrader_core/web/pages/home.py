"""The way in: the arenas, and what is in each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.equity import last_sessions
from aitrader_core.storage.leaderboards import latest_published
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages import links
from aitrader_core.web.pages.rendering import page

router = APIRouter()
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class InShort:
    """An arena: how many models have traded, until when, and who led when it was published."""

    arena: Arena
    traded: int
    last: date | None
    published_at: datetime | None
    leader: Mapping[str, Any] | None


@router.get("/")
def home(request: Request, house: TheHouse) -> Response:
    """With one arena that one; else all, the most recent results first."""
    if len(house.floors) == 1:
        return RedirectResponse(links.arena(next(iter(house.floors))))
    arenas = sorted((_in_short(floor) for floor in house.floors.values()), key=_newest)
    return _list(request, arenas)


def _list(request: Request, arenas: list[InShort]) -> HTMLResponse:
    return page(request, "home.html", here="home", arenas=arenas)


def _in_short(floor: Floor) -> InShort:
    market = floor.arena.market
    last, published = last_sessions(floor.engine, market), latest_published(floor.engine, market)
    traders = [row for row in published.rows if not row.get("simulated")] if published else []
    return InShort(
        floor.arena,
        len(last),
        max(last.values(), default=None),
        published.published_at if published else None,
        traders[0] if traders else None,
    )


def _newest(found: InShort) -> tuple[float, int, str]:
    at = found.published_at or _NEVER
    day = found.last.toordinal() if found.last else 0
    return -(at - _NEVER).total_seconds(), -day, found.arena.market
