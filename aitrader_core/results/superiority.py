"""Which of many beat a benchmark, and whether the best does: after Hansen, Romano and Wolf."""

import numpy as np

from aitrader_core.results.resampling import Matrix, Vector, arch_bootstrap

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
    scaled = lead[:, moving] / spread[moving]  # arch does not studentise the means it compares
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
