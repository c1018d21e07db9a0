"""Which of many beat a benchmark, and whether the best does: after Hansen, Romano and Wolf."""

import numpy as np

from aitrader_core.results.judgement import ALPHA
from aitrader_core.results.resampling import Matrix, Vector, arch_bootstrap, widening

TOO_SMALL = 1e-12  # of a difference in returns: they are the same


def superior(lead: Matrix, drawn: Matrix, block: float, seed: int) -> Vector:
    """Of each column, the p-value that its mean lead over the benchmark is chance, given all the
    columns; the smallest is that of the SPA test.

    `lead` is by session and model, `drawn` as resampled. Its p-values step down as StepM does:
    the best is tested among all, the next one among the rest, and none is below that of a better
    one.
    """
    replications, spread = len(drawn), (drawn @ lead).std(axis=0)
    moving = np.flatnonzero(spread > TOO_SMALL)
    found = np.ones(lead.shape[1])
    if not len(moving):
        return found  # they are the benchmark
    scaled = _widened(lead[:, moving] / spread[moving], block)
    spa = arch_bootstrap().SPA(
        np.zeros(len(scaled)), -scaled, block_size=block, reps=replications, seed=seed
    )
    left, least = np.ones(len(moving), dtype=bool), 1 / (replications + 1)
    for column in np.argsort(-scaled.mean(axis=0), kind="stable"):
        spa.subset(left)
        spa.compute()
        least = max(least, float(spa.pvalues["consistent"]))
        found[moving[column]] = least
        left[column] = False
    return found


def _widened(scaled: Matrix, block: float) -> Matrix:
    """The means as they are, and as much scatter around them as the tails of few sessions need.

    arch compares means that are not studentised anew in each replication, whose tails are the
    normal distribution's; those of studentised ones are Student's.
    """
    from scipy.stats import norm, t  # type: ignore[import-untyped]

    count, columns = scaled.shape
    rare = ALPHA / 2 / columns
    heavier = t.isf(rare, count - 1) / norm.isf(rare)
    means = scaled.mean(axis=0)
    return np.asarray(means + (scaled - means) * widening(count, block) * heavier)
