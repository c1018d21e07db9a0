"""Suggestions as pages: what models would do next, which nobody traded."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from aitrader_core.storage.suggestions import Suggestions
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages.job_progress import LATEST
from aitrader_core.web.pages.rendering import page
from aitrader_core.web.pages.settings_shown import example_model
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.suggestions import the_scan

router = APIRouter()
_LISTED = 20


@router.get("/arenas/{market}/suggestions")
def suggestions(
    request: Request,
    house: TheHouse,
    market: str,
    before: Annotated[int, Query(ge=1, le=LATEST)] = LATEST,
) -> HTMLResponse:
    floor = house.floor(market)
    found = Suggestions(house.engine).latest(_LISTED + 1, market, before=before)
    return page(
        request,
        "suggestions.html",
        market=market,
        here="suggestions",
        found=found[:_LISTED],
        older=found[_LISTED - 1].id if len(found) > _LISTED else None,
        model=example_model(floor.arena),
    )


@router.get("/arenas/{market}/suggestions/{scan_id}")
def suggestion(request: Request, house: TheHouse, market: str, scan_id: int) -> HTMLResponse:
    floor, found = house.floor(market), the_scan(house, scan_id)
    if found.scan.market != market:
        raise Problem(404, f"scan {scan_id} is of another arena", "see /suggestions")
    return page(
        request,
        "suggestion.html",
        market=market,
        here="suggestions",
        arena=floor.arena,
        found=found,
        scan=found.scan,
    )
