"""Two models, or two repeats of one, side by side on one session."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from aitrader_core.results.against import (
    OrderPair,
    Verdict,
    orders_against,
    symbols_against,
)
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.statement import Statement, statement
from aitrader_core.storage.transcripts import part_of_day
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages.conversation import side_by_side, steps
from aitrader_core.web.pages.day import ENDINGS
from aitrader_core.web.pages.rendering import page
from aitrader_core.web.problems import Problem

router = APIRouter()


@router.get("/arenas/{market}/sessions/{session}/compare")
def compared(
    house: TheHouse,
    request: Request,
    market: str,
    session: date,
    model: Annotated[list[str], Query(max_length=2)] = [],  # noqa: B006 - FastAPI copies it
) -> HTMLResponse:
    floor = house.floor(market)
    if len(model) != 2:
        raise Problem(
            422,
            "two models are compared, side by side",
            f"ask for ?model=a&model=b, or choose them at /arenas/{market}/sessions/{session}",
        )
    left, right = (_statement(floor, name, session) for name in model)
    pairs = orders_against(left.day, right.day)
    parts = [part_of_day(floor.engine, found.id) for found in (left, right)]
    ours, theirs = (steps(part.excerpts) for part in parts)
    return page(
        request,
        "versus.html",
        market=market,
        session=session,
        currency=floor.arena.currency,
        names=model,
        sides=(left, right),
        endings=[ENDINGS[found.day.ending] for found in (left, right)],
        pairs=pairs,
        symbols=symbols_against(left.day, left.profit, right.day, right.profit),
        told=told(model, left, right, pairs),
        parts=parts,
        rows=list(side_by_side(ours, theirs)),
        is_intraday=len(left.day.marks) > 1 or len(right.day.marks) > 1,
    )


def told(names: list[str], left: Statement, right: Statement, pairs: list[OrderPair]) -> list[str]:
    """What differs, in a sentence each."""
    a, b = names
    sentences = []
    differing = [pair for pair in pairs if pair.verdict is not Verdict.SAME]
    if not pairs:
        sentences.append("Neither gave an order.")
    elif not differing:
        sentences.append("They gave the same orders, and these came out the same.")
    else:
        sentences.append(f"Orders that differ: {len(differing)} of {len(pairs)}.")
    if left.day.closing == right.day.closing:
        sentences.append("They hold the same at the close.")
    more = right.day.profit - left.day.profit
    if more:
        best, worst = (b, a) if more > 0 else (a, b)
        sentences.append(f"{best} made {abs(more):,.2f} more than {worst}.")
    for fact, name in (("prices", "prices"),):
        if getattr(left.day.manifest, fact) != getattr(right.day.manifest, fact):
            sentences.append(f"They were made from different {name}.")
    return sentences


def _statement(floor: Floor, model: str, session: date) -> Statement:
    found = statement(floor, model, session)
    if found is None:
        where = f"/arenas/{floor.arena.market}/sessions/{session}"
        raise Problem(
            404, f"{model} has no stored day on {session}", f"{where} has those that are stored"
        )
    return found
