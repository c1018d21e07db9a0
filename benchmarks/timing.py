"""Timings of several contestants who take turns, so that a slow moment slows all of them."""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Generic, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Contestant(Generic[Result]):
    """`prepare` is not timed and returns what is; it is run `repeats` times."""

    prepare: Callable[[], Callable[[], Result]]
    repeats: int


@dataclass
class Timed(Generic[Result]):
    """Seconds of each run, and what the runs returned."""

    seconds: list[float] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)


def take_turns(contestants: Mapping[str, Contestant[Result]]) -> dict[str, Timed[Result]]:
    """Round by round, each contestant that has repeats left."""
    timed: dict[str, Timed[Result]] = {name: Timed() for name in contestants}
    for number in range(max(c.repeats for c in contestants.values())):
        for name, contestant in contestants.items():
            if number < contestant.repeats:
                _time(contestant.prepare(), timed[name])
    return timed


def _time(run: Callable[[], Result], timed: Timed[Result]) -> None:
    gc.collect()  # nobody pays for what another one left
    began = perf_counter()
    result = run()
    timed.seconds.append(perf_counter() - began)
    timed.results.append(result)
