"""One line of the table: a figure, how often it was taken, and what it is held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Line:
    """`best` and `middle` (the median) of `repeats` timings, in `unit`.

    `ratio` stands on the line of a peer or of a bare loop: our best figure of the same run to
    its best, above 1 where we are faster.
    """

    benchmark: str
    what: str
    best: float
    middle: float
    unit: str
    repeats: int
    ratio: float | None = None
    aim: float | None = None
    note: str = ""


def rate(
    benchmark: str,
    what: str,
    count: float,
    seconds: Sequence[float],
    *,
    unit: str = "model-days/s",
    ours: Sequence[float] | None = None,
    aim: float | None = None,
    note: str = "",
) -> Line:
    """`count` of something in each of the timings; `ours` are those of aitrader for as many."""
    ratio = None if ours is None else min(seconds) / min(ours)
    best, middle = count / min(seconds), count / median(seconds)
    return Line(benchmark, what, best, middle, unit, len(seconds), ratio, aim, note)


def duration(
    benchmark: str,
    what: str,
    seconds: Sequence[float],
    *,
    aim: float | None = None,
    note: str = "",
) -> Line:
    best, middle = min(seconds), median(seconds)
    return Line(benchmark, what, best, middle, "s", len(seconds), None, aim, note)
