"""Every figure of a card against one worked out by hand."""

from datetime import date
from math import log, sqrt

import numpy as np
import pytest

from aitrader_core.domain.market import Symbol
from aitrader_core.training.card_prose import verdict
from aitrader_core.training.evidence import Estimate, auc, calling, estimate, ranking, ranks
from aitrader_core.training.samples import Samples

D = date(2012, 1, 2)


def samples_of(at: list[int], targets: list[float], horizon: int = 1) -> Samples:
    symbols = tuple(Symbol("ABC"[n % 3]) for n in range(len(at)))
    inputs = np.zeros((len(at), 1), np.float32)
    return Samples((D,) * 9, horizon, np.array(at), symbols, inputs, np.array(targets))


def test_a_mean_and_its_error() -> None:
    """Away from the mean: -2, -1, 0, 3; without lags 14, with one 14 + 2 (1/2) (2 + 0 + 0)."""
    plain = estimate([1, 2, 3, 6], 0)
    assert (plain.mean, plain.standard_error) == pytest.approx((3, sqrt(14) / 4))
    assert plain.t == pytest.approx(12 / sqrt(14))
    assert estimate([1, 2, 3, 6], 1).standard_error == pytest.approx(sqrt(16) / 4)


def test_nothing_to_estimate() -> None:
    assert estimate([], 5) == Estimate(0, 0)
    assert estimate([2, 2], 5).t == 0, "no error, no claim"
    assert not estimate([2, 2], 5).is_distinguishable


def test_equal_values_share_their_rank() -> None:
    assert ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1, 3.5, 2]


def test_ranking_by_hand() -> None:
    """One session in order (IC 1), one upside down (-1), one half way (0.5)."""
    at = [0, 0, 0, 2, 2, 2, 4, 4, 4]
    targets = [0.03, 0.00, -0.03, 0.02, 0.00, -0.02, 0.01, 0.02, -0.03]
    scores = np.array([3, 2, -1, -3, 2, 4, 0.5, 0.4, -0.1])
    found = ranking(samples_of(at, targets, horizon=0), scores, np.ones(9, np.bool_))
    assert (found.samples, found.sessions) == (9, 3)
    assert found.rank_ic.mean == pytest.approx((1 - 1 + 0.5) / 3)
    assert found.spread.mean == pytest.approx((0.06 - 0.04 + 0.04) / 3)
    assert found.hit_rate == pytest.approx(5 / 9)
    of_two = ranking(samples_of(at, targets), scores, np.array(at) != 2)
    assert of_two.rank_ic.mean == pytest.approx(0.75)


def test_auc_by_hand() -> None:
    """Of four pairs of a rise and a fall three are in order, and one is a tie."""
    assert auc(np.array([0.9, 0.5, 0.5, 0.1]), np.array([1.0, 1.0, 0.0, 0.0])) == 3.5 / 4
    assert auc(np.array([0.9, 0.1]), np.array([1.0, 1.0])) == 0.5


def test_calling_by_hand() -> None:
    rises, base = np.array([0.8, 0.4, 0.6, 0.3]), np.full(4, 0.5)
    found = calling(samples_of([0, 0, 1, 1], [1, 0, 0, 1]), rises, base, np.ones(4, np.bool_))
    losses = [-log(0.8), -log(0.6), -log(0.4), -log(0.3)]
    assert found.log_loss == pytest.approx(sum(losses) / 4)
    assert found.base_log_loss == pytest.approx(log(2))
    assert found.gain.mean == pytest.approx(log(2) - sum(losses) / 4)
    assert (found.accuracy, found.rises, found.auc) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("mean", "said"),
    [(0.019, "indistinguishable from zero"), (0.03, "above zero"), (-0.03, "below zero")],
)
def test_what_the_card_says_of_it(mean: float, said: str) -> None:
    found = ranking(samples_of([0, 0], [1, -1]), np.array([1.0, -1.0]), np.ones(2, np.bool_))
    object.__setattr__(found, "rank_ic", Estimate(mean, 0.01))
    assert said in verdict(found)
