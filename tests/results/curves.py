"""Curves as a test writes them: by the returns of their sessions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from aitrader_core.domain.model_day import Performance
from aitrader_core.results.standings import Point
from tests.simulation.tapes import MONDAY, weekdays

D = Decimal
Returns = Iterable[float] | np.ndarray[Any, np.dtype[np.float64]]


def curve_of(returns: Returns, first: date = MONDAY, **each: Any) -> list[Point]:
    """From 100; what `each` says is so of every point."""
    performance, points, moves = Performance.starting_with(D(100)), list[Point](), list(returns)
    for session, move in zip(weekdays(len(moves), first), moves, strict=True):
        before = performance.value
        performance = performance.after(before * (1 + D(str(float(move)))))
        value, profit = performance.value, performance.value - before
        figures = performance.cumulative_return, performance.max_drawdown
        points.append(
            Point(session, before, value, value, profit, float(move), *figures, 0, 0, D(0))
        )
    return [replace(point, **each) for point in points]


def noise(count: int, sessions: int, seed: int, mean: float = 0.0003) -> dict[str, Sequence[Point]]:
    """Models that make the same of a market, each with luck of its own; `market` is without."""
    draw = np.random.default_rng(seed)
    market = draw.normal(mean, 0.01, sessions)
    found = {f"model{n}": curve_of(market + draw.normal(0, 0.006, sessions)) for n in range(count)}
    return {"market": curve_of(market), **found}
