"""Stored model-days: their figures, or everything, with or without what was said."""

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from aitrader_core.domain.denials import Denial
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.restated import restated
from aitrader_core.storage import reading
from aitrader_core.storage.columns import Column
from aitrader_core.storage.reading import Asked, Order
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.answers import page, tagged, written
from aitrader_core.web.rest.asked import (
    LATEST_ID,
    Cursor,
    Day,
    End,
    Form,
    Models,
    SinceCommit,
    Start,
    TheFloor,
    known_models,
    span,
)
from aitrader_core.web.rest.cursors import cursor_of, place_of
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.kept import Body
from aitrader_core.web.rest.shapes import Format, Money

router = APIRouter(tags=["results"])

MOST, MOST_WHOLE = 1_000, 100  # model-days of a page


class Detail(StrEnum):
    MINIMAL = "minimal"
    FULL = "full"


class Reasoning(StrEnum):
    NONE = "none"
    SUMMARY = "summary"
    FULL = "full"


class OrderRow(BaseModel):
    """`price`, `notional` and `commission` are null of a refused one."""

    number: int
    bar_time: str
    symbol: str
    side: str
    quantity: Money | None = Field(description="null: what was asked for is no quantity.")
    limit_price: Money | None = Field(description="null: at the market.")
    client_id: str | None = Field(
        description="Parts of an order that a venue worked over time share it; null elsewhere."
    )
    outcome: str = Field(examples=["filled", "refused"])
    reason: str | None = Field(description="Why it was refused.")
    code: Denial | None = Field(description="The same for programs; old days have none.")
    price: Money | None
    notional: Money | None
    commission: Money | None


class AdjustmentRow(BaseModel):
    """What no order made: a split, a dividend, a correction towards a recording."""

    number: int
    bar_time: str
    after_order: int = Field(description="How many orders came before it.")
    kind: str
    symbol: str | None
    quantity_change: Money
    cash_change: Money
    reason: str | None


class MarkRow(BaseModel):
    bar_time: str
    value_open: Money
    value_close: Money | None


class EntryRow(BaseModel):
    """One line of a transcript."""

    role: str
    text: str
    tool: str | None = None
    id: str | None = None
    usage: dict[str, Any] | None = None


class ResultRow(BaseModel):
    """One model trading one session. Returns and drawdowns are fractions, nothing annualised.

    What is below `revision` is there when it was asked for.
    """

    model: str
    session: date
    value_open: Money
    value_close: Money | None = Field(description="null: the close is not known.")
    value: Money = Field(description="At the last mark that is known.")
    cash: Money
    profit: Money
    daily_return: float
    cumulative_return: float
    drawdown: float
    max_drawdown: float
    bought: Money
    sold: Money
    commission: Money
    adjustment_cash: Money
    fills: int
    refusals: int
    corrections: int
    ending: str
    tokens: int
    dollars: Money | None = Field(description="null: of an unknown price.")
    before_cutoff: bool = Field(description="Whether the model may have read of the session.")
    request: str = Field(description="The job, backfill or run that it was made for.")
    revision: int = Field(description="Above 1 where it has been made again.")


class WholeResultRow(ResultRow):
    orders: list[OrderRow] | None = None
    adjustments: list[AdjustmentRow] | None = None
    holdings: dict[str, Money] | None = Field(None, description="Quantities at the close.")
    marks: list[MarkRow] | None = Field(None, description="Of each bar of an intraday session.")
    manifest: dict[str, Any] | None = Field(None, description="What the day was made of.")
    summary: str | None = None
    transcript: list[EntryRow] | None = None


class Restated(BaseModel):
    model: str
    session: date
    prices: str = Field(description="What the session or its history is priced by now.")


class ResultPage(BaseModel):
    market: str
    results: list[WholeResultRow]
    restated: list[Restated] | None = Field(
        None, description="With detail=full: days whose prices the vendor has since changed."
    )
    next_cursor: str | None
    next: str | None = Field(description="The address of the next page.")


@router.get(
    "/results",
    summary="Stored model-days",
    response_model=ResultPage,
    responses=answers(404, tables=True, tag=True, pages=True),
)
def list_results(
    request: Request,
    floor: TheFloor,
    known: SinceCommit,
    day: Annotated[Day | None, Query(alias="date", description="One session.")] = None,
    start: Start = None,
    end: End = None,
    models: Models = None,
    job_id: Annotated[int | None, Query(description="Only what was made for that job.")] = None,
    detail: Detail = Detail.MINIMAL,
    reasoning: Reasoning = Reasoning.NONE,
    form: Form = Format.JSON,
    limit: Annotated[
        int, Query(ge=1, le=MOST, description=f"{MOST_WHOLE} at most with detail or reasoning.")
    ] = 100,
    cursor: Cursor = None,
) -> Response:
    """By session, then model. In CSV and Parquet, what is nested is the text of its JSON."""
    is_whole = detail is Detail.FULL or reasoning is not Reasoning.NONE
    if is_whole and limit > MOST_WHOLE:
        raise Problem(
            422, f"limit: {limit} model-days are too many to tell whole", f"limit={MOST_WHOLE}"
        )
    first, last = span(start, end, day)
    asked = Asked(
        floor.arena.market, known_models(floor, models), first, last, behind=place_of(cursor)
    )
    asked = _of_job(floor, asked, job_id)
    state = known.value(asked.chain, lambda: reading.last_ids(floor.engine, asked))
    head: dict[str, Any] = {"market": asked.market}
    if detail is Detail.FULL:
        head["restated"] = known.value((asked, limit), lambda: _restated(floor, asked, limit))
        state += str(head["restated"])
    columns = _columns(detail, reasoning)

    def make() -> Body:
        if form is Format.JSON:
            found = reading.page(floor.engine, columns, Order.BY_SESSION, asked, limit)
            return written(request, head, "results", found.text, cursor_of(found.next))
        row = WholeResultRow if is_whole else ResultRow
        rows, following = reading.table(floor.engine, columns, Order.BY_SESSION, asked, limit)
        return page(request, form, head, "results", row, rows, cursor_of(following))

    return tagged(request, state, make)


def _of_job(floor: Floor, asked: Asked, job_id: int | None) -> Asked:
    """What is asked for, of a job's model-days alone. Problem 404 for a job that there is not."""
    if job_id is None:
        return asked
    job = floor.jobs.get(job_id) if 0 < job_id <= LATEST_ID else None
    if job is None or job.market != asked.market:
        raise Problem(
            404,
            f"there is no job {job_id} of the {asked.market} arena",
            f"/jobs?market={asked.market}",
        )
    models = job.models if asked.models is None else set(job.models).intersection(asked.models)
    return replace(
        asked,
        models=tuple(sorted(models)),
        first=max(job.first, asked.first),
        last=min(job.last, asked.last),
        request=job.request,
    )


def _columns(detail: Detail, reasoning: Reasoning) -> tuple[Column, ...]:
    return (
        *reading.FIGURES,
        *(reading.RECORD if detail is Detail.FULL else ()),
        *((reading.SUMMARY,) if reasoning is not Reasoning.NONE else ()),
        *((reading.TRANSCRIPT,) if reasoning is Reasoning.FULL else ()),
    )


def _restated(floor: Floor, asked: Asked, limit: int) -> list[dict[str, Any]]:
    """Of the page's model-days, those whose prices are newer now than the ones they had."""
    newest = floor.prices.newest_label()
    keys = (*reading.WHO, reading.MANIFEST)
    days, _ = reading.table(floor.engine, keys, Order.BY_SESSION, asked, limit)
    if all(day["manifest"]["prices"] == newest for day in days):  # the usual case
        return []
    newer = restated(floor, days)
    return [
        {"model": model, "session": session, "prices": prices}
        for (model, session), prices in newer.items()
    ]
