"""One model: its figures, its curves, what it holds, and every session of its."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from aitrader_core.runner.board import Board
from aitrader_core.storage.latest_close import latest_close, runs_of
from aitrader_core.storage.series import series, values
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages import charts, findings, links
from aitrader_core.web.pages.boards import board_for
from aitrader_core.web.pages.compare import Choice, drawn
from aitrader_core.web.pages.curves import curves_of
from aitrader_core.web.pages.drawing import scale_of
from aitrader_core.web.pages.measuring import METRICS
from aitrader_core.web.pages.rendering import page
from aitrader_core.web.pages.settings_shown import settings_of
from aitrader_core.web.problems import Problem

router = APIRouter()
A_PAGE = 25  # sessions
Days = Sequence[Any]


@router.get("/arenas/{market}/models/{model}")
def model(
    request: Request, house: TheHouse, market: str, model: str, number: int = 1
) -> HTMLResponse:
    floor = house.floor(market)
    board = board_for(request, floor)
    row = row_of(board, model)
    entry = floor.arena.models.get(model)
    benchmark = benchmark_of(board, model)
    days = series(floor.engine, market, [model])
    if not days and entry is None:
        raise Problem(404, f"{market} has no model {model!r}", f"see {links.arena(market)}")
    shared: dict[str, Any] = {
        "market": market,
        "here": "leaderboard",
        "arena": floor.arena,
        "model": model,
        "settings": settings_of(floor, model),
    }
    if not days or board is None:
        return page(request, "model_empty.html", **shared)
    curves = curves_of(values(floor.engine, market, [model, *benchmark]))
    pages = -(-len(days) // A_PAGE)
    current = min(max(number, 1), pages)
    shown = days[::-1][(current - 1) * A_PAGE : current * A_PAGE]
    return page(
        request,
        "model.html",
        **shared,
        board=board,
        row=row,
        family=family_of(board, row),
        siblings=siblings(board, model, row),
        gaps=gaps_of(board, row),
        scale=scale_of(board.rows),
        findings=findings,
        metrics=METRICS,
        close=latest_close(floor.engine, market, model),
        benchmark=benchmark,
        choice=Choice([model, *benchmark], None, None, None, in_currency=False),
        **drawn(floor.arena, board, [curves[name] for name in (model, *benchmark)], subject=model),
        **over_time(days),
        days=shown,
        runs=runs_of(floor.engine, market, model, shown[-1]["session"], shown[0]["session"]),
        current=current,
        pages=pages,
    )


def row_of(board: Board | None, model: str) -> Mapping[str, Any] | None:
    """None of a model that is not on the leaderboard yet."""
    return next((r for r in board.rows if r["model"] == model), None) if board else None


def benchmark_of(board: Board | None, model: str) -> list[str]:
    """The stored one that it is held against, none of the benchmark itself."""
    rows = board.rows if board else ()
    found = [row["model"] for row in rows if row["is_benchmark"] and not row["simulated"]]
    return [name for name in found if name != model]


def family_of(board: Board, row: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    said = board.judgement["families"]
    return next((f for f in said if row and f["family"] == row["family"]), None)


def siblings(board: Board, model: str, row: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    """Its repeats, and itself under other names."""
    if row is None:
        return []
    own = row["family"].removesuffix("@anonymous")
    families = (own, f"{own}@anonymous")
    return [r for r in board.rows if r["family"] in families and r["model"] != model]


def gaps_of(board: Board, row: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = board.judgement["anonymised_gaps"]
    return [gap for gap in found if row and row["family"] in (gap["family"], gap["anonymous"])]


def over_time(days: Days) -> dict[str, Any]:
    """Exposure, turnover and what was spent, session by session; no chart of what is all nought."""
    at = [day["session"].isoformat() for day in days]
    spent = list(accumulate(float(day["dollars"] or 0) for day in days))
    return {
        "exposure": charts.figure([charts.bars("Exposure", at, exposures(days))], unit=" %"),
        "turnover": charts.figure(
            [charts.bars("Turnover", at, turnovers(days), "series-2")], unit=" %"
        ),
        "costs": charts.figure([charts.line("Commission", at, paid(days))]),
        "tokens": charts.figure(
            [charts.bars("Tokens", at, [day["tokens"] for day in days], "series-4")]
        )
        if any(day["tokens"] for day in days)
        else None,
        "dollars": charts.figure([charts.line("Dollars", at, spent)]) if any(spent) else None,
    }


def exposures(days: Days) -> list[float]:
    """Percent of the value that is not cash, at the close."""
    return [_percent(day["value"] - day["cash"], day["value"]) for day in days]


def turnovers(days: Days) -> list[float]:
    """Percent of the value before the session that was bought or sold in it."""
    return [_percent(day["traded"], day["value"] - day["profit"]) for day in days]


def paid(days: Days) -> list[float]:
    """Commission so far."""
    return [float(total) for total in accumulate(day["commission"] for day in days)]


def _percent(part: Any, whole: Any) -> float:
    return round(100 * float(part) / float(whole), 4) if whole else 0.0
