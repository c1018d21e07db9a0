"""Risk and return of models over a span, as they traded or under other costs."""

from datetime import date
from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from aitrader_core.results.definitions import DEFINITIONS
from aitrader_core.runner.config import did_you_mean
from aitrader_core.runner.measuring import measure
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.storage import reading
from aitrader_core.storage.reading import Asked
from aitrader_core.web.house import House, TheHouse
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.answers import json_answer, tagged_in_turn, whole
from aitrader_core.web.rest.asked import (
    End,
    Form,
    Models,
    SinceCommit,
    Start,
    TheFloor,
    known_models,
    span,
)
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.kept import Body
from aitrader_core.web.rest.shapes import Format

router = APIRouter(prefix="/metrics", tags=["results"])

MOST, MOST_AGAIN = 60_000, 5_000  # model-days that are measured, or traded again, in seconds


class MetricsRow(BaseModel):
    """What each figure means is told by /metrics/definitions; null: it has no meaning here.

    Whatever is annualised is null under 20 sessions.
    """

    model: str
    first: date
    last: date
    sessions: int
    cumulative_return: float
    annual_return: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float
    calmar: float | None
    win_rate: float
    turnover: float | None
    beta: float | None
    alpha: float | None
    cost_drag: float
    invalid_order_rate: float | None
    dollars_per_return: float | None
    tokens_per_return: float | None
    refused_now: int | None = Field(None, description="With costs: orders that had been filled.")
    filled_now: int | None = Field(None, description="With costs: orders that had been refused.")


class MetricsList(BaseModel):
    market: str
    costs: str | None
    definitions: str
    metrics: list[MetricsRow]


class DefinitionRow(BaseModel):
    key: str
    title: str
    sentence: str
    formula: str
    unit: str = Field(description="A fraction of 0.05 is 5 %.")
    source: str


class DefinitionList(BaseModel):
    definitions: list[DefinitionRow]


@router.get(
    "/performance",
    summary="Risk and return",
    response_model=MetricsList,
    responses=answers(404, tables=True, tag=True),
)
async def performance_metrics(
    request: Request,
    house: TheHouse,
    floor: TheFloor,
    known: SinceCommit,
    models: Models = None,
    start: Start = None,
    end: End = None,
    costs: Annotated[
        str | None,
        Query(
            max_length=200,
            description="A cost profile: the stored orders are submitted again under it.",
            examples=["free"],
        ),
    ] = None,
    form: Form = Format.JSON,
) -> Response:
    """Counted from the first session of the span on; beta and alpha against buy-and-hold."""
    first, last = span(start, end)
    profile = None if costs is None else _profile(house, costs)

    def find() -> tuple[Asked, str, str, dict[str, int]]:
        engine, market = floor.engine, floor.arena.market
        asked = Asked(market, known_models(floor, models), first, last)
        chains, prices = reading.last_ids(engine, asked), reading.price_state(engine, market)
        return asked, chains, prices, reading.counts(engine, asked)

    name = ("metrics", floor.arena.market, tuple(models or ()), first, last)
    asked, chains, prices, days = await to_thread.run_sync(lambda: known.value(name, find))
    _check(sum(days.values()), MOST if profile is None else MOST_AGAIN)

    def make() -> Body:
        names = list(days) if asked.models is None else asked.models
        found = measure(floor, names, first, last, profile) if names else []
        head = {"market": asked.market, "costs": costs, "definitions": "/metrics/definitions"}
        return whole(form, head, "metrics", MetricsRow, [each.as_json() for each in found])

    return await tagged_in_turn(request, f"{chains} {prices}", make, request.app.state.measuring)


@router.get(
    "/definitions",
    summary="What each figure means",
    response_model=DefinitionList,
    responses=answers(),
)
def metric_definitions() -> Response:
    """In one sentence, as a formula, and where it is from."""
    return json_answer({"definitions": [each.as_json() for each in DEFINITIONS.values()]})


def _profile(house: House, name: str) -> CostProfile:
    if name not in house.cost_profiles:
        near = did_you_mean(name, house.cost_profiles)
        offer = f"there are {', '.join(house.cost_profiles) or 'none'}"
        raise Problem(422, f"there is no cost profile {name!r}", f"{near}{offer}")
    return house.cost_profiles[name]


def _check(days: int, most: int) -> None:
    if days > most:
        raise Problem(
            422,
            f"{days:,} model-days are more than the {most:,} that are measured at once",
            "name some models, or a shorter span",
        )
