"""Gathers what a judgement rests on, one set of sessions after the other."""

from collections.abc import Sequence
from datetime import date

import numpy as np

from aitrader_core.results.agenda import Task, Two
from aitrader_core.results.families import Family
from aitrader_core.results.intervals import interval, totals
from aitrader_core.results.judgement import ALPHA
from aitrader_core.results.pairs import chances
from aitrader_core.results.resampling import Matrix, Vector, block_length, draws, seed_of
from aitrader_core.results.standings import FEWEST_SESSIONS
from aitrader_core.results.superiority import superior

Interval = tuple[float, float]


class Evidence:
    """By family: intervals and stepwise p-values of being better and worse than the benchmark;
    by pair: the p-value of being alike, not corrected yet, and the intervals of a gap."""

    def __init__(
        self, found: Sequence[Family], benchmark: Family | None, replications: int
    ) -> None:
        self._benchmark = benchmark
        self._tried = sum(f is not benchmark for f in found)
        self._replications = replications
        self.block = block_length(_mean(f) for f in found if len(f.sessions) >= FEWEST_SESSIONS)
        self.intervals: dict[str, Interval] = {}
        self.better: dict[str, float] = {}
        self.worse: dict[str, float] = {}
        self.pairs: dict[tuple[str, str], float] = {}
        self.gaps: dict[tuple[str, str], tuple[Interval, Interval]] = {}

    def p_value(self, family: str) -> float | None:
        """Two-sided; None where it shares too few sessions with the benchmark."""
        if family not in self.better:
            return None
        return min(1.0, 2 * min(self.better[family], self.worse[family]))

    def take(self, task: Task) -> None:
        drawn = draws(task.sessions, self.block, self._replications)
        seed = seed_of(task.sessions)
        for family in task.own:
            grown = np.expm1(totals(family.log_returns(task.sessions), drawn, self.block, seed))
            self.intervals[family.name] = interval(grown, ALPHA)
        if task.against:
            self._hold_against(task, drawn, seed)
        if task.pairs:
            self._tell_apart(task, drawn)
        for number, pair in enumerate(task.gaps, 1):
            names = pair[0].name, pair[1].name
            self.gaps[names] = _gap(pair, task.sessions, drawn, self.block, seed + number)

    def _hold_against(self, task: Task, drawn: Matrix, seed: int) -> None:
        """Families with the same sessions are tested together, as if all had been tried there."""
        assert self._benchmark is not None
        market = _mean(self._benchmark, task.sessions)
        lead = np.column_stack([_mean(f, task.sessions) - market for f in task.against])
        share = self._tried / len(task.against)
        names = [family.name for family in task.against]
        for by_family, sign in ((self.better, 1), (self.worse, -1)):
            p_values = np.minimum(1, share * superior(sign * lead, drawn, self.block, seed))
            by_family.update(zip(names, p_values.tolist(), strict=True))

    def _tell_apart(self, task: Task, drawn: Matrix) -> None:
        everyone = list({f.name: f for pair in task.pairs for f in pair}.values())
        place = {family.name: at for at, family in enumerate(everyone)}
        series = np.column_stack([_mean(family, task.sessions) for family in everyone])
        names = [(a.name, b.name) for a, b in task.pairs]
        p_values = chances(series, [(place[a], place[b]) for a, b in names], drawn, self.block)
        self.pairs.update(zip(names, p_values.tolist(), strict=True))


def _mean(family: Family, sessions: Sequence[date] | None = None) -> Vector:
    """The log return of a session, the mean of the family's runs."""
    found = family.log_returns(family.sessions if sessions is None else sessions)
    return np.asarray(found.mean(axis=1))


def _gap(
    pair: Two, sessions: Sequence[date], drawn: Matrix, block: float, seed: int
) -> tuple[Interval, Interval]:
    """Of the mean gap a session and of the gap in all; on one path of sessions, so it is paired."""
    real, hidden = (
        totals(family.log_returns(sessions), drawn, block, seed + 1000 * side)
        for side, family in enumerate(pair)
    )
    daily = interval((real - hidden) / len(sessions), ALPHA)
    return daily, interval(np.exp(real) - np.exp(hidden), ALPHA)
