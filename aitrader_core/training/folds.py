"""Walk-forward splits: what is tested is always later than all that was learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fold:
    """Trained on sessions before index `trained`, tested on `tested` to before `ended`."""

    year: int
    trained: int
    tested: int
    ended: int

    def trains(self, at: NDArray[np.int64]) -> Mask:
        """Of samples at the sessions of these indices."""
        return at < self.trained

    def tests(self, at: NDArray[np.int64]) -> Mask:
        return (at >= self.tested) & (at < self.ended)


def yearly(sessions: Sequence[date], horizon: int, first_year: int) -> tuple[Fold, ...]:
    """A fold for each year from `first_year` on, trained on everything before it but the last
    `horizon` sessions, whose targets reach into the tested year.

    That is the purge of Lopez de Prado, Advances in Financial Machine Learning (2018), ch. 7. His
    embargo, of samples that follow the tested ones, has nothing to do: none is learnt from.
    """
    found = []
    for year in range(max(first_year, sessions[0].year + 1), sessions[-1].year + 1):
        tested = next(n for n, session in enumerate(sessions) if session.year == year)
        ended = sum(session.year <= year for session in sessions)
        found.append(Fold(year, tested - horizon, tested, ended))
    return tuple(found)
