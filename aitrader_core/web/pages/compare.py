"""Any models side by side: equity, drawdown, and every metric of theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from aitrader_core.runner.arena import Arena
from aitrader_core.runner.board import Board
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages import asked, charts
from aitrader_core.web.pages.boards import board_for, nothing_traded
from aitrader_core.web.pages.curves import MOST, Curve
from aitrader_core.web.pages.measuring import METRICS, measured
from aitrader_core.web.pages.rendering import page
from aitrader_core.web.problems import Problem

router = APIRouter()
BEST = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """What the form says."""

    models: list[str]
    first: date | None
    last: date | None
    costs: str | None
    in_currency: bool


@router.get("/arenas/{market}/compare")
def compare(
    request: Request,
    house: TheHouse,
    market: str,
    model: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
    start: str | None = None,
    end: str | None = None,
    costs: str | None = None,
    scale: Literal["index", "currency"] = "index",
) -> HTMLResponse:
    floor = house.floor(market)
    board = board_for(request, floor)
    if board is None:
        return nothing_traded(request, floor, "compare")
    first, last = asked.day(start, "start"), asked.day(end, "end")
    if first and last and first > last:
        raise Problem(422, f"start {first} is after end {last}", "exchange the two")
    profile = asked.one_of(costs, house.cost_profiles, "cost profile") if costs else None
    chosen = asked.models(model, traded(board)) or usual(board)
    choice = Choice(chosen, first, last, profile, scale == "currency")
    found = measured(
        floor, board, chosen, first, last, house.cost_profiles[profile] if profile else None
    )
    return page(
        request,
        "compare.html",
        market=market,
        here="compare",
        arena=floor.arena,
        board=board,
        choice=choice,
        baselines=baselines(board),
        profiles=house.cost_profiles,
        found=found,
        metrics=METRICS,
        **drawn(floor.arena, board, found.curves, in_currency=choice.in_currency),
    )


def traded(board: Board) -> list[str]:
    """Those that are stored, best first."""
    return [row["model"] for row in board.rows if not row["simulated"]]


def baselines(board: Board) -> list[str]:
    return [row["model"] for row in board.rows if row["is_baseline"] and not row["simulated"]]


def usual(board: Board) -> list[str]:
    """The best few, and what they are held against."""
    plain = baselines(board)
    best = [model for model in traded(board) if model not in plain][:BEST]
    return [model for model in traded(board) if model in (*best, *plain)]


def drawn(
    arena: Arena,
    board: Board,
    curves: Sequence[Curve],
    *,
    subject: str | None = None,
    in_currency: bool = False,
) -> dict[str, Any]:
    """What the page is about, its `subject`, is never drawn as a baseline."""
    plain = [model for model in baselines(board) if model != subject]
    styled = charts.looks([curve.model for curve in curves], plain)
    shaded = cutoffs(arena, [curve.model for curve in curves])
    return {
        "equity": charts.equity(curves, styled, in_currency=in_currency, shaded=shaded),
        "drawdown": charts.drawdown(curves, styled, shaded=shaded),
        "is_thinned": any(len(curve.values) > MOST for curve in curves),
    }


def cutoffs(arena: Arena, models: Sequence[str]) -> Mapping[str, str]:
    """By whose it is, the last day that a model may have read of."""
    found: dict[str, list[str]] = {}
    for model in models:
        entry = arena.models.get(model)
        if entry and entry.config.knowledge_cutoff:
            found.setdefault(entry.config.knowledge_cutoff.isoformat(), []).append(model)
    return {f"before the cutoff of {', '.join(names)}": day for day, names in found.items()}
