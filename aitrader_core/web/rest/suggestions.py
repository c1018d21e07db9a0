"""Suggestions: what models would do next, which nobody traded."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from aitrader_core.domain.denials import Denial
from aitrader_core.storage.suggestion import KeptScan, Suggestion
from aitrader_core.storage.suggestions import Suggestions
from aitrader_core.web.house import House, TheHouse
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.answers import page, sent, tagged, whole
from aitrader_core.web.rest.asked import LATEST_ID, Form, Market
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.shapes import Format, Money

router = APIRouter(prefix="/suggestions", tags=["suggestions"])

ScanId = Annotated[int, Path(description="As the list has it.", examples=[1])]


class Held(BaseModel):
    """The portfolio that was looked at: amounts are decimal text."""

    cash: str
    positions: dict[str, str]
    after: date | None = Field(description="The session that closed so; null before the first.")
    left_out: list[str] = Field(description="Held in symbols that the arena does not have.")


class ScanRow(BaseModel):
    """A model looking at a portfolio. Nothing of what it would do was traded."""

    scan_id: int
    market: str
    model: str
    session: date = Field(description="At whose open it looked.")
    priced_on: date = Field(
        description="The session itself, or the one before: then it was taken to open where that "
        "one closed."
    )
    account: str = Field(description="Whose portfolio: own, initial cash, or a broker's.")
    portfolio: Held
    status: Literal["completed", "failed"]
    reason: str | None = Field(description="Why it failed.")
    remark: str = Field(description="The last thing that the model said.")
    count: int = Field(description="Of the orders that it would give.")
    denied: int = Field(description="Of them, those that risk would deny.")
    source: str = Field(description="Who asked.")
    run_id: str
    manifest: dict[str, Any]
    made_at: datetime


class ScanPage(BaseModel):
    scans: list[ScanRow]
    next_cursor: str | None
    next: str | None = Field(description="The address of the next page.")


class SuggestionRow(BaseModel):
    """An order that was proposed and not given."""

    number: int
    symbol: str
    side: Literal["buy", "sell"]
    quantity: Money | None = Field(description="Null: what was asked for is none.")
    price: Money | None = Field(description="That it was reckoned at; null: not on offer.")
    score: float | None = Field(description="The figure that the model named with the symbol.")
    reason: str = Field(description="The last thing that the model had said.")
    denial: str | None = Field(description="Why risk would deny it, if it would.")
    code: Denial | None


class ScanSuggestions(ScanRow):
    suggestions: list[SuggestionRow]


@router.get(
    "",
    summary="The newest looks",
    response_model=ScanPage,
    responses=answers(404, tables=True, pages=True),
)
def list_suggestions(
    request: Request,
    house: TheHouse,
    market: Market = None,
    form: Form = Format.JSON,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    cursor: Annotated[str | None, Query(max_length=19, pattern="^[0-9]+$")] = None,
) -> Response:
    """Newest first; of all markets unless one is named.

    A model is asked by GraphQL, `launchRun` of the job `<market>_suggest`, or `aitrader suggest`.
    """
    if market is not None:
        house.floor(market)
    before = min(int(cursor or LATEST_ID), LATEST_ID)
    found = Suggestions(house.engine).latest(limit + 1, market, before=before)
    last = str(found[limit - 1].id) if len(found) > limit else None
    rows = [scan_row(each) for each in found[:limit]]
    return sent(page(request, form, {}, "scans", ScanRow, rows, last))


@router.get(
    "/{scan_id}",
    summary="One look",
    response_model=ScanSuggestions,
    responses=answers(404, tables=True, tag=True),
)
def get_suggestions(
    request: Request, house: TheHouse, scan_id: ScanId, form: Form = Format.JSON
) -> Response:
    """With each order; CSV and Parquet have the orders."""
    found = the_scan(house, scan_id)
    rows = [_row(each) for each in found.scan.suggestions]
    return tagged(  # what is stored of one never changes
        request,
        f"scan {found.id}",
        lambda: whole(form, scan_row(found), "suggestions", SuggestionRow, rows),
    )


def the_scan(house: House, scan_id: int) -> KeptScan:
    """Problem 404 for one that there is not, whatever the number."""
    found = Suggestions(house.engine).get(scan_id) if 0 < scan_id <= LATEST_ID else None
    if found is None:
        raise Problem(404, f"there is no scan {scan_id}", "see /suggestions")
    return found


def scan_row(found: KeptScan) -> dict[str, Any]:
    ours = {"scan_id": found.id, "count": found.count, "denied": found.denied}
    scan, kept = found.scan, {**ours, "made_at": found.made_at}
    return {name: kept.get(name, getattr(scan, name, None)) for name in ScanRow.model_fields}


def _row(each: Suggestion) -> dict[str, Any]:
    return {name: getattr(each, name) for name in SuggestionRow.model_fields}
