"""Equity curves as they are drawn: floats, few enough for a screen, from stored sessions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from aitrader_core.results.standings import Point

MOST = 600  # points of a line: more of them are narrower than a pixel


@dataclass(frozen=True, slots=True)
class Curve:
    """`start` is the value before the first of the `sessions`; drawdowns count from it."""

    model: str
    start: float
    sessions: tuple[str, ...]
    values: tuple[float, ...]

    @property
    def index(self) -> list[float]:
        """100 is what it had before its first session."""
        return [round(100 * value / self.start, 4) for value in self.values]

    @property
    def drawdowns(self) -> list[float]:
        """Percent below the highest value so far, 0 or less."""
        peaks = list(accumulate(self.values, max, initial=self.start))[1:]
        return [
            round(100 * (value / peak - 1), 4)
            for value, peak in zip(self.values, peaks, strict=True)
        ]


def curves_of(rows: Iterable[Any]) -> dict[str, Curve]:
    """By model, of rows of storage.series.values."""
    return {
        row["model"]: Curve(
            row["model"], row["start"], tuple(row["sessions"]), tuple(row["values"])
        )
        for row in rows
    }


def curve_of_points(model: str, points: Sequence[Point]) -> Curve:
    sessions = tuple(point.session.isoformat() for point in points)
    values = tuple(float(point.value) for point in points)
    return Curve(model, float(points[0].value_before), sessions, values)


def thinned(figures: Sequence[float], most: int = MOST) -> Sequence[int]:
    """Places of at most `most` of them, the lowest and the highest of each stretch among them."""
    if len(figures) <= most:
        return range(len(figures))
    stretch = len(figures) / (most // 2 - 1)
    kept = {0, len(figures) - 1}
    for number in range(most // 2 - 1):
        inside = range(round(number * stretch), min(len(figures), round((number + 1) * stretch)))
        kept |= {min(inside, key=figures.__getitem__), max(inside, key=figures.__getitem__)}
    return sorted(kept)
