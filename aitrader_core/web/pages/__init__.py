"""The dashboard: pages rendered on the server, a router for each subject."""

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from aitrader_core.web.pages import (
    backtests,
    compare,
    day,
    definitions,
    home,
    job,
    leaderboard,
    model,
    queue,
    report,
    session,
    suggestions,
    trading,
    versus,
)
from aitrader_core.web.pages.rendering import environment, problem_page

_SUBJECTS = (
    home,
    leaderboard,
    compare,
    report,
    model,
    day,
    session,
    versus,
    queue,
    job,
    backtests,
    suggestions,
    trading,
    definitions,
)
ROUTERS: tuple[APIRouter, ...] = tuple(subject.router for subject in _SUBJECTS)


def add_pages(app: FastAPI) -> None:
    """Pages are for people: the OpenAPI document has none of them."""
    app.state.templates, app.state.problem_page = environment(), problem_page
    app.state.boards = {}
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            route.include_in_schema = False  # what a problem looks at, to answer with a page
        app.include_router(router)
