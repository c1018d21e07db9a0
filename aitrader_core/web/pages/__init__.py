"""The dashboard: pages rendered on the server, a router for each subject."""

from fastapi import APIRouter, FastAPI

from aitrader_core.web.pages import (
    compare,
    day,
    definitions,
    home,
    leaderboard,
    model,
    report,
    session,
    versus,
)
from aitrader_core.web.pages.rendering import environment, problem_page

_SUBJECTS = (home, leaderboard, compare, report, model, day, session, versus, definitions)
ROUTERS: tuple[APIRouter, ...] = tuple(subject.router for subject in _SUBJECTS)


def add_pages(app: FastAPI) -> None:
    """Pages are for people: the OpenAPI document has none of them."""
    app.state.templates, app.state.problem_page = environment(), problem_page
    app.state.boards = {}
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
