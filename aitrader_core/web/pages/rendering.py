"""Templates made into pages: one environment for each application, everything escaped."""

from pathlib import Path
from types import ModuleType
from typing import Any, cast

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aitrader_core import __version__
from aitrader_core.web.house import House
from aitrader_core.web.pages import links, wording
from aitrader_core.web.problems import ProblemDetail

_WEB = Path(__file__).parent.parent
STATIC = _WEB / "static"


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
        house=house, market=market, here=here, path=request.url.path, **content
    )
    return HTMLResponse(text, status)


def problem_page(request: Request, problem: ProblemDetail) -> HTMLResponse:
    return page(request, "problem.html", status=problem.status, problem=problem)
