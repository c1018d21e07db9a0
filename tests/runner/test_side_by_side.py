"""Models that wait for others trade side by side, and none of them is another's concern."""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from threading import Barrier, Event, current_thread
from typing import ClassVar, cast

import pytest
from sqlalchemy.exc import OperationalError

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.rules import RandomTrader
from aitrader_core.domain.model_day import Ending
from aitrader_core.runner.arena import Model
from aitrader_core.runner.config import ModelConfig
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.side_by_side import walk_all
from aitrader_core.runner.walk import Broken, Made, Plan, Step
from aitrader_core.simulation.desk import Desk
from aitrader_core.storage.store import Draft, Origin, Stored

SESSIONS = (date(2012, 6, 1), date(2012, 6, 4), date(2012, 6, 5))


@dataclass(frozen=True)
class Waits:
    """Goes on when all of `others` wait too."""

    others: Barrier
    is_remote: ClassVar[bool] = True

    def trade(self, desk: Desk) -> Ending:
        self.others.wait(timeout=20)
        return RandomTrader().trade(desk)


@dataclass(frozen=True)
class Fails:
    is_remote: ClassVar[bool] = True

    def trade(self, desk: Desk) -> Ending:
        raise RuntimeError(f"nothing works on {desk.view.session}")


@dataclass(frozen=True)
class Local:
    """Notes the thread that it trades in."""

    threads: list[str]

    def trade(self, desk: Desk) -> Ending:
        self.threads.append(current_thread().name)
        return RandomTrader().trade(desk)


def arena_of(floor: Floor, **agents: Agent) -> Floor:
    models = {n: Model(n, ModelConfig(kind="ours"), agent, "hash") for n, agent in agents.items()}
    return Floor(replace(floor.arena, models=models), floor.engine)


def plans(floor: Floor, request: str) -> list[Plan]:
    origin = Origin(request, "run")
    return [Plan(model, SESSIONS, origin, may_start=True) for model in floor.arena.models]


def made(steps: Sequence[tuple[Plan, Step]], model: str) -> list[date]:
    return [s.session for plan, s in steps if plan.model == model and isinstance(s, Made)]


def test_those_that_wait_do_so_together_and_the_rest_in_turn(module_floor: Floor) -> None:
    barrier, threads = Barrier(3), list[str]()
    waiting = {name: Waits(barrier) for name in ("wait-1", "wait-2", "wait-3")}
    floor = arena_of(module_floor, local=Local(threads), fails=Fails(), **waiting)
    steps = list(walk_all(floor, plans(floor, "all")))
    for model in ("local", *waiting):
        assert made(steps, model) == list(SESSIONS)
    (broken,) = (step for plan, step in steps if plan.model == "fails")
    assert isinstance(broken, Broken)
    assert broken.reason == "RuntimeError: nothing works on 2012-06-01"
    assert set(threads) == {current_thread().name}


def test_a_lost_database_is_told(module_floor: Floor) -> None:
    floor = arena_of(module_floor, **{n: Waits(Barrier(1)) for n in ("lost-1", "lost-2")})

    def lose(_drafts: Sequence[Draft], _origin: Origin) -> Sequence[Stored]:
        raise OperationalError("insert", None, RuntimeError("gone"))

    with pytest.raises(OperationalError, match="gone"):
        list(walk_all(floor, plans(floor, "lost"), lambda _: lose))


def test_whoever_leaves_early_ends_the_walks_after_their_session(module_floor: Floor) -> None:
    floor = arena_of(module_floor, **{n: Waits(Barrier(1)) for n in ("left-1", "left-2")})
    asked, left = count(), Event()

    def stop() -> bool:
        """Whoever asks first goes on; after that all wait until somebody has left."""
        if next(asked):
            left.wait(timeout=20)
        return False

    with closing(
        cast(Generator[object, None, None], walk_all(floor, plans(floor, "left"), stop=stop))
    ) as steps:
        next(steps)
    left.set()
    stored = []
    for model in floor.arena.models:
        with floor.model_days.lock("us", model):  # its walk has ended
            stored.append(len(floor.model_days.sessions("us", model)))
    assert min(stored) == 0
    assert max(stored) >= 1
