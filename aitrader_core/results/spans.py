"""A part of a curve, with its running figures counted from its own beginning."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from aitrader_core.domain.model_day import Performance
from aitrader_core.results.standings import Point


def part(curve: Sequence[Point], first: date, last: date) -> list[Point]:
    """The sessions `first` to `last`; the whole curve is returned as the ledger has it."""
    inside = [point for point in curve if first <= point.session <= last]
    return inside if len(inside) == len(curve) else rebased(inside)


def rebased(points: Sequence[Point]) -> list[Point]:
    """Return and drawdown from the value before the first of them on, one mark a session."""
    if not points:
        return []
    figures, found = Performance.starting_with(points[0].value_before), list[Point]()
    for point in points:
        figures = figures.after(point.value)
        running = figures.cumulative_return, figures.max_drawdown
        found.append(replace(point, cumulative_return=running[0], max_drawdown=running[1]))
    return found


def compounded(points: Iterable[Point]) -> float | None:
    """The return of some sessions one after the other; None without any."""
    grown, some = 1.0, False
    for point in points:
        grown, some = grown * (1 + point.daily_return), True
    return grown - 1 if some else None


def thinned(curve: Sequence[Point], most: int = 60) -> list[float]:
    """`most` values of the curve at even distances, the first and the last one among them."""
    if len(curve) <= most:
        return [float(point.value) for point in curve]
    step = (len(curve) - 1) / (most - 1)
    return [float(curve[round(n * step)].value) for n in range(most)]
