"""Templates made into pages: compiled once for each kind of links, everything escaped."""

from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aitrader_core import __version__
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.storage.trading_states import Throw, TradingStates
from aitrader_core.web.house import House
from aitrader_core.web.pages import links, wording
from aitrader_core.web.problems import ProblemDetail

_ACTIVE = TradingState.ACTIVE
_WEB = Path(__file__).parent.parent
STATIC = _WEB / "static"


@cache
def environment(to: ModuleType = links) -> Environment:
    """Compiled once: nobody edits templates under a running site. `to` knows where links lead."""
    made = Environment(
        loader=FileSystemLoader(_WEB / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["to"] = to
    made.globals["say"] = wording
    made.globals["version"] = __version__
    for name in made.list_templates(["html"]):
        made.get_template(name)
    return made


def page(
    request: Request,
    template: str,
    *,
    market: str | None = None,
    here: str = "",
    status: int = 200,
    **content: Any,
) -> HTMLResponse:
    """`here` is the entry of the navigation that the page belongs to; `market` its arena."""
    house = cast(House, request.app.state.house)
    known = cast(Environment, request.app.state.templates)
    text = known.get_template(template).render(
        house=house,
        market=market,
        here=here,
        path=request.url.path,
        held_back=held_back(house, market),
        **content,
    )
    return HTMLResponse(text, status)


def held_back(house: House, market: str | None) -> list[Throw]:
    """The switches of an arena that are not active: that of all of it first, then by model."""
    if market is None:
        return []
    latest = TradingStates(house.engine).latest(market)
    return [latest[name] for name in sorted(latest) if latest[name].state is not _ACTIVE]


def problem_page(request: Request, problem: ProblemDetail) -> HTMLResponse:
    return page(request, "problem.html", status=problem.status, problem=problem)
