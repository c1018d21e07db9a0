"""What the best of many tries is worth: a Sharpe ratio, deflated by how many there were.

Bailey and Lopez de Prado (2014), "The Deflated Sharpe Ratio: Correcting for Selection Bias,
Backtest Overfitting and Non-Normality", Journal of Portfolio Management 40 (5).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import e, sqrt
from statistics import NormalDist, fmean, variance

EULER = 0.5772156649015329  # the Euler-Mascheroni constant
_NORMAL = NormalDist()
_LEAST = 1e-12  # of a scatter, which is 0 for returns of two values alone


@dataclass(frozen=True, slots=True)
class Deflated:
    """`probability` that the true Sharpe ratio is above the one that the best of `tried` tries
    without any skill would show, which is `expected_sharpe`. Ratios are yearly.
    """

    tried: int
    sharpe: float
    expected_sharpe: float
    probability: float

    def as_json(self) -> dict[str, float]:
        return asdict(self)


def deflated(
    returns: Sequence[float], sharpes: Sequence[float], sessions_a_year: int = 252
) -> Deflated:
    """Of the best try's `returns` a session; `sharpes` are the yearly ratios of all tries.

    The tries are taken for independent, which is strict: those of a grid resemble each other.
    """
    year = sqrt(sessions_a_year)
    expected = expected_best([sharpe / year for sharpe in sharpes])
    own = _moments(returns)
    found = probability(own[0], expected, len(returns), skewness=own[1], kurtosis=own[2])
    return Deflated(len(sharpes), own[0] * year, expected * year, found)


def expected_best(sharpes: Sequence[float]) -> float:
    """The expected maximum of so many independent ratios of mean 0 that scatter as these do."""
    tried = len(sharpes)
    if tried < 2:
        return 0.0
    quantile = _NORMAL.inv_cdf
    most = (1 - EULER) * quantile(1 - 1 / tried) + EULER * quantile(1 - 1 / (tried * e))
    return sqrt(variance(sharpes)) * most


def probability(
    sharpe: float, benchmark: float, sessions: int, *, skewness: float, kurtosis: float
) -> float:
    """That the true ratio is above `benchmark`, both a session's; a normal kurtosis is 3."""
    scatter = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2
    deviation = sqrt(max(scatter, _LEAST))
    return _NORMAL.cdf((sharpe - benchmark) * sqrt(sessions - 1) / deviation)


def _moments(returns: Sequence[float]) -> tuple[float, float, float]:
    """Sharpe ratio a session, skewness and kurtosis."""
    mean = fmean(returns)
    second, third, fourth = (fmean((r - mean) ** n for r in returns) for n in (2, 3, 4))
    ratio = mean / sqrt(variance(returns))
    return ratio, third / second**1.5, fourth / second**2
