"""Curves and metrics of some models over a span, as they are stored or under other costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from aitrader_core.runner.board import Board
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.measuring import measure
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.storage.series import values
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
    """By model: its metrics, and under other costs how many orders end otherwise (refused now,
    filled now) and what return it has as it was traded."""

    curves: list[Curve]
    metrics: Mapping[str, Mapping[str, Any]]
    changed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    as_traded: Mapping[str, float] = field(default_factory=dict)


def measured(
    floor: Floor,
    board: Board,
    models: Sequence[str],
    first: date | None = None,
    last: date | None = None,
    costs: CostProfile | None = None,
) -> Measured:
    """Models without a session in that span are left out.

    Whole curves have the metrics of the leaderboard; parts of them, and what is submitted again
    under other `costs`, are measured now.
    """
    span = first or date.min, last or date.max
    found = curves_of(values(floor.engine, floor.arena.market, models, *span))
    shown = [found[model] for model in models if model in found]
    rows = {row["model"]: row for row in board.rows}
    if costs is None and all(_is_whole(curve, rows[curve.model]) for curve in shown):
        return Measured(shown, {curve.model: rows[curve.model] for curve in shown})
    told = measure(floor, [curve.model for curve in shown], *span, costs)
    again = [(m.model, m.rescored) for m in told if m.rescored is not None]
    return Measured(
        [curve_of_points(model, now.curve) for model, now in again] or shown,
        {m.model: m.metrics.as_json() for m in told},
        {model: (now.refused_now, now.filled_now) for model, now in again},
        {curve.model: curve.values[-1] / curve.start - 1 for curve in shown},
    )


def _is_whole(curve: Curve, row: Mapping[str, Any]) -> bool:
    """Whether the leaderboard's row is of the same sessions, the last value included."""
    ends = curve.sessions[0], curve.sessions[-1], len(curve.sessions), curve.values[-1]
    return ends == (row["first"], row["last"], row["sessions"], float(row["value"]))
