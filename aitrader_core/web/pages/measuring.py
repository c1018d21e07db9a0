"""Curves and metrics of some models over a span, as they are stored or under other costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from aitrader_core.results.metrics import metrics
from aitrader_core.results.spans import part
from aitrader_core.results.standings import Point
from aitrader_core.runner.board import Board
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.report import curves
from aitrader_core.runner.rescoring import rescore, with_usage
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.storage.series import series
from aitrader_core.web.pages.curves import Curve, curve_of_points, curves_of

METRICS = (
    "sessions",
    "cumulative_return",
    "annual_return",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "calmar",
    "win_rate",
    "turnover",
    "beta",
    "alpha",
    "cost_drag",
    "invalid_order_rate",
    "tokens_per_return",
    "dollars_per_return",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """`metrics` by model; `changed` tells, by model, how many orders end otherwise."""

    curves: list[Curve]
    metrics: Mapping[str, Mapping[str, Any]]
    changed: Mapping[str, tuple[int, int]]


def as_stored(
    floor: Floor, board: Board, models: Sequence[str], first: date | None, last: date | None
) -> Measured:
    """Whole curves have the metrics of the leaderboard; parts of them are measured now."""
    span = first or date.min, last or date.max
    found = curves_of(series(floor.engine, floor.arena.market, models, *span))
    shown = [found[model] for model in models if model in found]
    rows = {row["model"]: row for row in board.rows}
    if all(_is_whole(curve, rows[curve.model]) for curve in shown):
        return Measured(shown, {curve.model: rows[curve.model] for curve in shown}, {})
    benchmark = _benchmark(board)
    names = [*models, *([benchmark] if benchmark and benchmark not in models else [])]
    points = {model: part(curve, *span) for model, curve in curves(floor, names).items()}
    return Measured(shown, _metrics(floor, models, points, benchmark), {})


def _benchmark(board: Board) -> str | None:
    """The stored one."""
    rows = (row for row in board.rows if row["is_benchmark"] and not row["simulated"])
    return next((str(row["model"]) for row in rows), None)


def _is_whole(curve: Curve, row: Mapping[str, Any]) -> bool:
    """Whether the leaderboard's row is of the same sessions, the last value included."""
    ends = curve.sessions[0], curve.sessions[-1], len(curve.sessions), curve.values[-1]
    return ends == (row["first"], row["last"], row["sessions"], float(row["value"]))


def _metrics(
    floor: Floor,
    models: Sequence[str],
    points: Mapping[str, Sequence[Point]],
    benchmark: str | None,
) -> dict[str, dict[str, Any]]:
    against, year = points.get(benchmark or "", ()), floor.arena.calendar.sessions_a_year
    return {m: metrics(points[m], against, year).as_json() for m in models if points.get(m)}


def rescored(
    floor: Floor,
    board: Board,
    models: Sequence[str],
    costs: CostProfile,
    first: date | None,
    last: date | None,
) -> Measured:
    """Every stored order submitted again; a metric against the benchmark is against its, too."""
    span, benchmark = (first or date.min, last or date.max), _benchmark(board)
    names = [*models, *([benchmark] if benchmark and benchmark not in models else [])]
    stored = curves(floor, names, *span)
    again = {m: rescore(floor, m, costs, *span) for m in names if m in stored}
    points = {m: with_usage(found.curve, stored[m]) for m, found in again.items()}
    return Measured(
        [curve_of_points(m, points[m]) for m in models if m in points],
        _metrics(floor, models, points, benchmark),
        {m: (found.refused_now, found.filled_now) for m, found in again.items()},
    )
