"""Intervals of what a family of runs has made."""

import numpy as np

from aitrader_core.results.resampling import Matrix, Vector, widening


def totals(log_returns: Matrix, drawn: Matrix, block: float, seed: int) -> Vector:
    """The log return of a family over all its sessions, once for each replication.

    `log_returns` are by session and run. All runs share each path of sessions, of which their mean
    is taken; how far the runs were apart in the end comes on top, drawn with replacement. Both are
    widened by what the plain bootstrap of so few misses.
    """
    sessions, runs = log_returns.shape
    mean = log_returns.mean(axis=1)
    total = mean.sum()
    found = total + (drawn @ mean - total) * widening(sessions, block)
    if runs > 1:
        apart = log_returns.sum(axis=0) - total
        chosen = np.random.default_rng(seed).multinomial(runs, [1 / runs] * runs, len(drawn))
        found = found + chosen @ apart / runs * np.sqrt(runs / (runs - 1))
    return np.asarray(found)


def interval(values: Vector, alpha: float) -> tuple[float, float]:
    """What all but `alpha` of them lie in, the same share beyond either end."""
    low, high = np.quantile(values, (alpha / 2, 1 - alpha / 2))
    return float(low), float(high)
