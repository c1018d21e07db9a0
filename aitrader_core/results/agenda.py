"""What has to be found out about some families, by the sessions that it takes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

from aitrader_core.results.families import ANONYMOUS, Family, shared
from aitrader_core.results.standings import FEWEST_SESSIONS

Sessions = tuple[date, ...]
Two = tuple[Family, Family]


@dataclass(frozen=True)
class Task:
    """Questions that are answered from the same sessions, which everyone in it has."""

    sessions: Sessions
    own: list[Family] = field(default_factory=list)
    against: list[Family] = field(default_factory=list)
    pairs: list[Two] = field(default_factory=list)
    gaps: list[Two] = field(default_factory=list)


def agenda(found: Sequence[Family], benchmark: Family | None) -> dict[Sessions, Task]:
    """All questions that have enough sessions: these are resampled once for all of them."""
    tasks: dict[Sessions, Task] = _Tasks()
    others = [f for f in found if f is not benchmark]
    for family in found:
        tasks[family.sessions].own.append(family)
    if benchmark is not None:
        for family in others:
            tasks[shared(family, benchmark)].against.append(family)
    for pair in combinations(others, 2):
        tasks[shared(*pair)].pairs.append(pair)
    for pair in both_ways(found):
        tasks[shared(*pair)].gaps.append(pair)
    return {s: task for s, task in tasks.items() if len(s) >= FEWEST_SESSIONS}


class _Tasks(defaultdict[Sessions, Task]):
    def __missing__(self, sessions: Sessions) -> Task:
        return self.setdefault(sessions, Task(sessions))


def both_ways(found: Iterable[Family]) -> list[Two]:
    """Those that traded the same sessions with real names and with invented ones."""
    named = {family.name: family for family in found}
    hidden = ((f, named.get(f"{f.name}{ANONYMOUS}")) for f in named.values())
    return [(f, other) for f, other in hidden if other is not None and shared(f, other)]
