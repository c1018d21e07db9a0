"""Which of many can be told apart from each other."""

from collections.abc import Sequence

import numpy as np

from aitrader_core.results.resampling import Matrix, Vector, widening
from aitrader_core.results.superiority import TOO_SMALL

FEW = 10  # replications: fewer of them beyond a value say too little of how rare it is
_TOGETHER = 500  # pairs, of which all differences are held at once


def chances(
    log_returns: Matrix, pairs: Sequence[tuple[int, int]], drawn: Matrix, block: float
) -> Vector:
    """Of each pair of columns, the p-value that its mean difference is chance, two-sided.

    A studentised bootstrap: each replication's mean is taken over its own scatter.
    """
    left, right = (np.array(side, dtype=int) for side in zip(*pairs, strict=True))
    found = [
        _chances(log_returns[:, left[at:to]] - log_returns[:, right[at:to]], drawn, block)
        for at in range(0, len(pairs), _TOGETHER)
        for to in (at + _TOGETHER,)
    ]
    return np.concatenate(found)


def _chances(apart: Matrix, drawn: Matrix, block: float) -> Vector:
    count = len(apart)
    mean, scatter = apart.mean(axis=0), apart.std(axis=0)
    means = drawn @ apart / count
    scatters = np.sqrt(np.maximum(drawn @ apart**2 / count - means**2, 0))
    wider = widening(count, block) / widening(count, 1)  # a single one is in the scatter too
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = np.abs(mean) / scatter * np.sqrt(count)
        drawn_so = np.abs(means - mean) / scatters * np.sqrt(count) * wider
    drawn_so[scatters <= TOO_SMALL] = np.inf  # no session on which they differ was drawn
    beyond = (drawn_so >= seen).sum(axis=0)
    found = (1 + beyond) / (1 + len(drawn))
    for column in np.flatnonzero((beyond < FEW) & (scatter > TOO_SMALL)):
        values = drawn_so[:, column]
        rare = _tail(float(seen[column]), values[np.isfinite(values)], count - 1)
        found[column] = min(rare, (1 + FEW) / (1 + len(drawn)))
    found[scatter <= TOO_SMALL] = 1.0
    return np.asarray(found)


def _tail(value: float, values: Vector, freedom: int) -> float:
    """How rare `value` is by Student's distribution, as wide as `values` are."""
    from scipy.stats import t  # type: ignore[import-untyped]

    wide = np.sqrt((values**2).mean() * (freedom - 2) / freedom)
    return float(2 * t.sf(value / wide, freedom))


def holm(p_values: Sequence[float]) -> list[float]:
    """Corrected for being so many, after Holm (1979)."""
    order, count = sorted(range(len(p_values)), key=lambda n: p_values[n]), len(p_values)
    corrected, least = [1.0] * count, 0.0
    for place, number in enumerate(order):
        least = max(least, min(1.0, p_values[number] * (count - place)))
        corrected[number] = least
    return corrected
