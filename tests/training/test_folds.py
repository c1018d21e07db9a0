"""What is tested is later than all that was learnt from, targets included."""

from datetime import date, timedelta

import numpy as np

from aitrader_core.training.folds import Fold, yearly
from aitrader_core.training.samples import Samples

WEEKLY = [date(2003, 1, 1) + timedelta(7 * n) for n in range(53 + 52 + 10)]  # into March 2005


def test_folds_by_hand() -> None:
    assert yearly(WEEKLY, 5, 2004) == (Fold(2004, 48, 53, 105), Fold(2005, 100, 105, 115))
    assert WEEKLY[52].year == 2003
    assert WEEKLY[53].year == 2004


def test_masks_by_hand() -> None:
    fold, at = Fold(2004, 48, 53, 105), np.array([0, 47, 48, 52, 53, 104, 105])
    assert fold.trains(at).tolist() == [True, True, False, False, False, False, False]
    assert fold.tests(at).tolist() == [False, False, False, False, True, True, False]


def test_the_first_year_is_never_tested() -> None:
    assert [fold.year for fold in yearly(WEEKLY, 5, 1999)] == [2004, 2005]


def test_no_target_that_is_learnt_reaches_what_is_tested(daily: Samples) -> None:
    folds = yearly(daily.sessions, daily.horizon, 2004)
    assert [fold.year for fold in folds] == list(range(2004, 2013))
    tested = np.zeros(len(daily), int)
    for fold in folds:
        learnt = daily.at[fold.trains(daily.at)]
        first = daily.at[fold.tests(daily.at)].min()
        assert (learnt + daily.horizon < first).all()
        assert learnt.max() + daily.horizon + 1 == first, "no more is left out than that"
        tested += fold.tests(daily.at)
    assert tested.max() == 1, "no sample is tested twice"
    assert (tested == 1).sum() == (daily.at >= folds[0].tested).sum()
