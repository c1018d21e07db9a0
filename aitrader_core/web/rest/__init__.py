"""The REST service: a router for each subject."""

from anyio import CapacityLimiter
from fastapi import APIRouter, Depends, FastAPI

from aitrader_core.storage.unchanged import Unchanged
from aitrader_core.web.house import House
from aitrader_core.web.inference.bodies import Room
from aitrader_core.web.rest import (
    backtests,
    health,
    infer,
    jobs,
    leaderboard,
    metrics,
    models,
    results,
    series,
    simulate,
    status,
    suggestions,
    trading,
    trail,
)
from aitrader_core.web.rest.asked import only_known
from aitrader_core.web.rest.documented import document_problems
from aitrader_core.web.rest.kept import Answers
from aitrader_core.web.rest.status import PriceLooks

_SUBJECTS = (
    *(simulate, jobs, results, trail, series, leaderboard, metrics, backtests, suggestions),
    *(models, status, trading, health, infer),
)

_TAGS = {
    "simulate": "Ask for a simulation, and see how far it has come.",
    "jobs": "What was asked for before.",
    "results": "Model-days, curves, standings and metrics.",
    "backtests": "A model in every configuration of a grid.",
    "suggestions": "What models would do next, which nobody traded.",
    "models": "Who takes part.",
    "trading": "The kill switch.",
    "inference": "Neural networks, asked by whoever has a question for one.",
    "status": "What there is, and whether all is well.",
}
_DESCRIPTION = """
Arenas in which models trade real market history, one session at a time. Money is decimal text;
returns are fractions; nothing of fewer than 20 sessions is annualised. Errors are
`application/problem+json` with a hint; a parameter that a call does not have is one.
"""


def add_rest(app: FastAPI, house: House) -> None:
    """The calls, and what they remember from one to the next."""
    calls = APIRouter(
        dependencies=[Depends(only_known)], generate_unique_id_function=lambda route: route.name
    )
    for subject in _SUBJECTS:
        calls.include_router(subject.router)
    app.include_router(calls)
    infer.add_quick_infer(app)
    app.description = _DESCRIPTION.strip()
    app.openapi_tags = [{"name": n, "description": said} for n, said in _TAGS.items()]
    app.state.answers = Answers()
    app.state.unchanged = Unchanged(house.engine)
    app.state.judging, app.state.measuring = CapacityLimiter(1), CapacityLimiter(1)
    app.state.price_looks = PriceLooks()
    app.state.health_limiter = health.limiter()
    app.state.serving, app.state.infer_room = house.serving, Room()
    document_problems(app)
