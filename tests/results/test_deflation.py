"""The deflated Sharpe ratio, as its authors work it out and as its formula says."""

from math import sqrt
from statistics import NormalDist, variance

import pytest

from aitrader_core.results.deflation import deflated, expected_best, probability

PAPER = {"sharpe": 2.5 / sqrt(250), "sessions": 1250}  # five years, annualised 2.5


def with_variance_of_a_half(tried: int) -> list[float]:
    """So many ratios a session, whose yearly ones have that variance."""
    scale = sqrt(0.5 / 250 / variance(range(tried)))
    return [n * scale for n in range(tried)]


def test_it_is_what_the_paper_says() -> None:
    """Bailey and Lopez de Prado (2014), section "A numerical example"."""
    expected = expected_best(with_variance_of_a_half(100))
    assert expected == pytest.approx(0.1132, abs=5e-5)
    skewed = {"skewness": -3.0, "kurtosis": 10.0}
    assert probability(PAPER["sharpe"], expected, 1250, **skewed) == pytest.approx(0.9004, abs=5e-5)
    fewer = expected_best(with_variance_of_a_half(46))
    assert probability(PAPER["sharpe"], fewer, 1250, **skewed) == pytest.approx(0.9505, abs=5e-5)
    more = expected_best(with_variance_of_a_half(88))
    normal = {"skewness": 0.0, "kurtosis": 3.0}
    assert probability(PAPER["sharpe"], more, 1250, **normal) == pytest.approx(0.9505, abs=5e-5)


def test_one_by_hand() -> None:
    """Returns of 1, 2, 3 and 6 per cent: mean 3, squares 14 / 3 by n - 1, third moment 4.5,
    fourth 24.5, second 3.5."""
    returns = [0.01, 0.02, 0.03, 0.06]
    sharpe, skewness, kurtosis = 3 / sqrt(14 / 3), 4.5 / 3.5**1.5, 24.5 / 3.5**2
    found = deflated(returns, [1.0, 3.0], 4)
    assert found.sharpe == pytest.approx(2 * sharpe)
    # two tries of variance 2 (yearly): by half of 1 - Euler's constant at the median, and ...
    best = 0.5772156649 * NormalDist().inv_cdf(1 - 1 / (2 * 2.718281828459))
    assert found.expected_sharpe == pytest.approx(sqrt(2) * best)
    scatter = sqrt(1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe**2)
    excess = (sharpe - sqrt(2) * best / 2) * sqrt(3) / scatter
    assert found.probability == pytest.approx(NormalDist().cdf(excess))


def test_one_try_is_held_against_nothing() -> None:
    found = deflated([0.01, 0.02, 0.03, 0.06], [2.0], 4)
    assert (found.tried, found.expected_sharpe) == (1, 0)


def test_more_tries_are_worth_less() -> None:
    ratios = [expected_best(with_variance_of_a_half(tried)) for tried in (2, 10, 1000)]
    assert ratios == sorted(ratios)
    assert expected_best([1.0, 1.0, 1.0]) == 0
