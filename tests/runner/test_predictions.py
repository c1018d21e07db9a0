"""A model trades the same whether its network's scores were known or asked, and says so."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlalchemy import text

from aitrader_core.agents.onnx.features import LOOKBACK
from aitrader_core.agents.onnx.policy import PreparedPolicy
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import InferenceRunner, RunnerInfo, Signature
from aitrader_core.inference.runners import Runners
from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.lookahead import lookahead_faults
from aitrader_core.runner.predictions import Predicted, onnx_models, predictions_of
from aitrader_core.runner.replaying import replay
from aitrader_core.runner.settings import project_root
from aitrader_core.runner.walk import Broken, Made, Plan, walk
from aitrader_core.simulation.tape import Playhead
from aitrader_core.storage.store import Origin
from tests.networks import linear, trading_by
from tests.small import DAYS, A, B, Small

FIRST, LAST = date(2012, 6, 1), date(2012, 6, 29)
WEEKS = [date(2012, 6, day) for day in (4, 11, 18, 25)]
_numbers = count(1)


@pytest.fixture
def floor(module_floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> Floor:
    """The us arena with a model that trades by a network that nobody has asked before."""
    configs = tmp_path_factory.mktemp("networks") / "configs"
    shutil.copytree(project_root() / "configs", configs)
    name = f"net-{next(_numbers)}"
    trading_by(configs, linear(name, [1.0, 0.5], 0.001 * next(_numbers)), top=2)
    arena = load_arena(configs, "us")
    return Floor(replace(arena, models={name: arena.models[name]}), module_floor.engine)


def model_of(floor: Floor) -> str:
    (name,) = floor.arena.models
    return name


def policy_of(floor: Floor) -> PreparedPolicy:
    agent = floor.trader(model_of(floor)).agent
    assert isinstance(agent, PreparedPolicy)
    return agent


def sessions(floor: Floor) -> tuple[date, ...]:
    return floor.arena.calendar.between(FIRST, LAST)


def traded(floor: Floor, request: str = "r") -> list[ModelDay]:
    plan = Plan(model_of(floor), sessions(floor), Origin(request, "run"), may_start=True)
    steps = list(walk(floor, plan))
    assert all(isinstance(step, Made) for step in steps), steps
    return [step.day for step in steps if isinstance(step, Made)]


def stored(floor: Floor, columns: str = "session") -> list[tuple[Any, ...]]:
    query = f"select {columns} from predictions where network = :name order by session"
    with floor.engine.connect() as connection:
        return [tuple(r) for r in connection.execute(text(query), {"name": model_of(floor)})]


def changed(floor: Floor, change: str) -> None:
    query = f"update predictions set {change} where network = :name"
    with floor.engine.begin() as connection:
        connection.execute(text(query), {"name": model_of(floor)})


@dataclass
class Counted:
    """A runner that counts what it is asked, and may say that it is another."""

    runner: InferenceRunner
    told: RunnerInfo
    asked: int = 0

    @property
    def signature(self) -> Signature:
        return self.runner.signature

    def predict(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.asked += 1
        return self.runner.predict(batch)

    def info(self) -> RunnerInfo:
        return self.told


class Elsewhere(Runners):
    """A process that runs every network so."""

    def __init__(self, runner: Counted) -> None:
        super().__init__(RunnerOptions())
        self.runner = runner

    def of(self, network: Network) -> InferenceRunner:  # noqa: ARG002
        return self.runner


@contextmanager
def on(floor: Floor, **other: Any) -> Iterator[Counted]:
    """What runs networks counts meanwhile, and says of itself what `other` is."""
    runner = policy_of(floor).runner
    assert runner is not None
    counted = Counted(runner, replace(runner.info(), **other))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aitrader_core.runner.floor.runners", lambda _: Elsewhere(counted))
        yield counted


def test_a_walk_asks_for_all_of_its_sessions_before_the_first(floor: Floor) -> None:
    days = traded(floor)
    assert [session for (session,) in stored(floor)] == WEEKS, "those on which it trades"
    with on(floor) as runner:
        assert [d.blotter for d in traded(floor, "r2")] == [d.blotter for d in days]
    assert runner.asked == 1, "of the first session of all, on which no week begins"
    assert sum(len(day.fills) for day in days) > 2
    info = policy_of(floor).made_of
    assert {tuple(day.manifest.agent.items()) for day in days} == {tuple(info.items())}
    assert info["backend"] == "auto -> ort-cpu"


def test_what_is_known_and_what_is_asked_is_the_same_to_the_bit(floor: Floor) -> None:
    policy = policy_of(floor)
    asked = sessions(floor)[3:9]
    one = predictions_of(floor, policy, asked)
    assert (list(one.scores), one.made, one.ended) == (list(asked), asked, None)
    two = predictions_of(floor, policy, sessions(floor))
    assert two.made == tuple(s for s in sessions(floor) if s not in asked)
    known = predictions_of(floor, policy, sessions(floor))
    assert (known.made, known.scores) == ((), two.scores)
    playhead = Playhead(floor.tape(FIRST, LAST), FIRST)
    for session in sessions(floor):
        scores = policy.scores(playhead.advance())
        assert known.scores[session] == scores
        assert set(scores) == {*floor.arena.symbols} - {"FB"}, "which is too young"
    assert known.rows == 4 * 21


def test_a_wrong_score_is_found_by_whoever_asks_again(floor: Floor) -> None:
    days = traded(floor)
    (fine,) = replay(floor, [model_of(floor)])
    assert (fine.identical, fine.notes) == (len(days), ())
    assert lookahead_faults(floor, len(days), "seed") == []
    changed(floor, """scores = '{"IBM": 9, "AAPL": -9}'""")
    assert [d.blotter for d in traded(floor, "r2")] != [d.blotter for d in days]
    (found,) = replay(floor, [model_of(floor)])
    assert WEEKS[0] in {difference.session for difference in found.differences}
    assert lookahead_faults(floor, len(days), "seed"), "it asks again, too, and looks at these days"


def test_others_do_not_take_what_was_scored_elsewhere(floor: Floor) -> None:
    gpu = {"actual": "ort-cuda", "device": "NVIDIA H200"}
    with on(floor, **gpu) as theirs:
        days = traded(floor)
    assert theirs.asked == 2, "of all weeks at once, and of the first session"
    assert predictions_of(floor, policy_of(floor), WEEKS).made == tuple(WEEKS)
    assert {backend for backend, _ in stored(floor, "backend, session")} == {"ort-cpu", "ort-cuda"}
    changes = "backend ort-cuda, now ort-cpu; device NVIDIA H200, now "
    (found,) = replay(floor, [model_of(floor)])
    assert found.identical == len(days), "it decides the same"
    (note,) = found.notes
    assert note.startswith(f"{model_of(floor)} was scored with {changes}")
    assert note.endswith(f", on {len(days)} of its days")
    changed(floor, """scores = '{"IBM": 9}'""")
    with on(floor, **gpu):
        traded(floor, "r2")
    (found,) = replay(floor, [model_of(floor)])
    assert f"(scored with {changes}" in found.differences[0].fault
    assert lookahead_faults(floor, len(days), "seed") == [], "those are not ours to judge"


def test_who_asked_for_a_backend_is_no_other_premise(floor: Floor) -> None:
    """A backfill that chose its backend is looked through for the future as any other."""
    chosen = replace(floor, inference=RunnerOptions(backend="ort-cpu"))
    days = traded(chosen)
    assert days[0].manifest.agent["backend"] == "ort-cpu -> ort-cpu"
    assert predictions_of(floor, policy_of(floor), WEEKS).made == ()
    changed(floor, """scores = '{"IBM": 9}'""")
    traded(chosen, "r2")
    assert lookahead_faults(floor, len(days), "seed")


def scored(small: Small, rows: Mapping[Any, str], count: int) -> Predicted:
    small.priced(rows)
    agent = small.floor.trader("net").agent
    assert isinstance(agent, PreparedPolicy)
    return predictions_of(small.floor, agent, DAYS[:count])


@pytest.fixture
def netted(small: Small) -> Small:
    small.configure(history=LOOKBACK + 1, models=["buy_and_hold"])
    trading_by(small.config_dir, linear("net"), "small", every="session")
    return small


def test_it_ends_before_a_session_that_nobody_can_trade(netted: Small) -> None:
    found = scored(netted, {A: "10 11 12", B: "20 21 22 23 24"}, 5)
    assert list(found.scores) == DAYS[:3]
    assert found.ended is not None
    assert found.ended.startswith(f"AAA has no bar on {DAYS[3]}")
    plan = Plan("net", tuple(DAYS[:5]), Origin("r", "run"), may_start=True)
    *steps, last = walk(netted.floor, plan)
    assert [step.session for step in steps] == DAYS[:3]
    assert isinstance(last, Broken)
    assert last.reason == found.ended, "the model-day says it itself"


def test_a_suspect_session_is_such_a_one(netted: Small) -> None:
    found = scored(netted, {A: "10 11 22 23", B: "20 21 22 23"}, 4)
    assert list(found.scores) == DAYS[:2]
    assert found.ended is not None
    assert "accepted_jumps" in found.ended


def test_an_intraday_arena_has_none(netted: Small) -> None:
    assert list(onnx_models(netted.floor.arena)) == ["net"]
    assert onnx_models(replace(netted.floor.arena, is_intraday=True)) == {}
