"""Small drawings that need no script: a sparkline, and intervals on one scale."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH, _HEIGHT = 120, 28


@dataclass(frozen=True, slots=True)
class Spark:
    """An SVG path within 120 x 28, and how high the first value is in it."""

    path: str
    start: float


def spark(values: Sequence[float]) -> Spark | None:
    """None where there is no line to draw."""
    if len(values) < 2:
        return None
    low, high = min(values), max(values)
    step, span = _WIDTH / (len(values) - 1), (high - low) or 1.0
    heights = [_HEIGHT - 1 - (value - low) / span * (_HEIGHT - 2) for value in values]
    points = (f"{at * step:.1f},{height:.1f}" for at, height in enumerate(heights))
    return Spark("M" + "L".join(points), round(heights[0], 1))


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high`, which is drawn from 0 to 100."""

    low: float
    high: float

    def at(self, figure: float) -> float:
        return round(100 * (figure - self.low) / (self.high - self.low), 2)


def scale_of(rows: Iterable[Mapping[str, Any]]) -> Scale | None:
    """Wide enough for every interval, return and nought; None without any interval."""
    ends = [
        row[key]
        for row in rows
        if row["interval_low"] is not None
        for key in ("interval_low", "interval_high", "total_return")
    ]
    return Scale(min(0.0, *ends), max(0.0, *ends)) if any(ends) else None
