"""Families: a model and its repeats, which are judged together."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import exp
from typing import TYPE_CHECKING

from aitrader_core.results.standings import Point

if TYPE_CHECKING:
    import numpy as np

    Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]

ANONYMOUS = "@anonymous"
_REPEAT = re.compile(r"(?P<family>.+)@(?P<number>\d+)")
_LEAST = 1e-12  # of a value that is gone: its logarithm must be a number


def family_of(model: str) -> tuple[str, int]:
    """The family of a model, and which of its repeats it is: 1 for the first."""
    found = _REPEAT.fullmatch(model)
    return (found["family"], int(found["number"])) if found else (model, 1)


@dataclass(frozen=True)
class Family:
    """The session returns of some runs of one model, by run and session."""

    name: str
    runs: Mapping[str, Mapping[date, float]]

    @cached_property
    def sessions(self) -> tuple[date, ...]:
        """Those that every run has, oldest first."""
        first, *others = (set(run) for run in self.runs.values())
        return tuple(sorted(first.intersection(*others)))

    @property
    def total_return(self) -> float | None:
        """On the sessions that all runs have, the geometric mean of theirs."""
        if not self.sessions:
            return None
        return float(exp(self.log_returns(self.sessions).mean(axis=1).sum()) - 1)

    def log_returns(self, sessions: Sequence[date]) -> "Matrix":
        """By session and run."""
        import numpy as np

        returns = [[run[session] for run in self.runs.values()] for session in sessions]
        found: Matrix = np.log(np.maximum(1 + np.array(returns, dtype=float), _LEAST))
        return found


def families(curves: Mapping[str, Sequence[Point]]) -> list[Family]:
    """By name, in the order of `curves`."""
    members: dict[str, dict[str, Mapping[date, float]]] = {}
    for model, curve in curves.items():
        if curve:
            runs = members.setdefault(family_of(model)[0], {})
            runs[model] = {point.session: point.daily_return for point in curve}
    return [Family(name, runs) for name, runs in members.items()]


def shared(*families: Family) -> tuple[date, ...]:
    """The sessions that all of them have, oldest first."""
    first, *others = (family.sessions for family in families)
    if all(other == first for other in others):
        return first  # the usual case, and asked for each pair
    return tuple(sorted(set(first).intersection(*others)))
