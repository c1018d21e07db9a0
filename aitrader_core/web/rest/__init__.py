"""The REST service: a router for each subject."""

from threading import Lock

from fastapi import APIRouter, Depends, FastAPI

from aitrader_core.storage.unchanged import Unchanged
from aitrader_core.web.house import House
from aitrader_core.web.rest import (
    health,
    jobs,
    leaderboard,
    models,
    results,
    series,
    simulate,
    status,
)
from aitrader_core.web.rest.asked import only_known
from aitrader_core.web.rest.documented import document_problems
from aitrader_core.web.rest.kept import Answers
from aitrader_core.web.rest.status import PriceLooks

_SUBJECTS = (simulate, jobs, results, series, leaderboard, models, status, health)


def add_rest(app: FastAPI, house: House) -> None:
    """The calls, and what they remember from one to the next."""
    calls = APIRouter(
        dependencies=[Depends(only_known)], generate_unique_id_function=lambda route: route.name
    )
    for subject in _SUBJECTS:
        calls.include_router(subject.router)
    app.include_router(calls)
    app.state.answers = Answers()
    app.state.unchanged = Unchanged(house.engine)
    app.state.heavy = Lock()
    app.state.price_looks = PriceLooks()
    app.state.health_limiter = health.limiter()
    document_problems(app)
