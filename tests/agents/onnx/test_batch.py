"""Many sessions in one question: the scores of each are those that it has alone, to the bit."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.onnx import batch
from aitrader_core.agents.onnx.features import LOOKBACK
from aitrader_core.agents.onnx.policy import OnnxPolicy, PreparedPolicy
from aitrader_core.agents.onnx.reckoning import reckoned, together, windows
from aitrader_core.domain.market import Symbol
from aitrader_core.inference.network import Network
from aitrader_core.inference.runner import InferenceRunner, RunnerInfo, Signature
from aitrader_core.simulation.tape import Tape
from tests.agents.onnx.markets import DAYS, TODAY, drawn, tape_of_walks, views
from tests.networks import linear
from tests.simulation.tapes import A, B, C, desk_at

NETWORK = linear("weighted", [0.3, -0.7, 0.11, 1.9, 0.5, -0.2, 0.9, 0.4, 0.6, -1.1, 0.8, 0.1])


def policy(network: Network = NETWORK) -> PreparedPolicy:
    return PreparedPolicy(OnnxPolicy(network.name), network).connected(Connections("m", "m"))


def alone(agent: PreparedPolicy, tape: Tape) -> dict[object, object]:
    return {day: agent.scores(desk_at(tape, day).view) for day in tape.sessions}


@given(seed=st.integers(0, 10**6), rows=st.sampled_from([1, 4, 7, 1000]))
@settings(max_examples=12, deadline=None)
def test_of_many_sessions_each_is_as_it_is_alone(seed: int, rows: int) -> None:
    """From none of whom there is a past to three, over splits, whatever is reckoned together."""
    agent, tape = policy(), tape_of_walks(seed, listed=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "_ROWS", rows)
        found = batch.score_sessions(agent, iter(views(tape)))
    assert found == alone(agent, tape)
    assert [len(scores) for scores in found.values()][-20::5] == [2, 3, 3, 3]


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 16, 17, 33, 100])
def test_however_many_symbols_there_are(width: int) -> None:
    days = DAYS[: LOOKBACK + 3]
    tape = Tape(
        days, drawn(width, days, [Symbol(f"S{n:03}") for n in range(width)]), depth=LOOKBACK
    )
    agent = policy()
    assert batch.score_sessions(agent, iter(views(tape))) == alone(agent, tape)


@pytest.mark.parametrize("width", [1, 2, 3, 50])
def test_figures_do_not_depend_on_the_rows_around_them(width: int) -> None:
    """Before they are rounded, which would hide it: sums are made in one order."""
    days = DAYS[: LOOKBACK + 4]
    symbols = [Symbol(f"S{n:03}") for n in range(width)]
    tape = Tape(days, drawn(9, days, symbols), depth=LOOKBACK)
    found = [windows(view) for view in views(tape)]
    alone = [reckoned(together([w])) for w in found]
    assert sum(map(len, alone)) >= 3 * width
    assert reckoned(together(found)).tobytes() == b"".join(rows.tobytes() for rows in alone)


@dataclass
class Counting:
    """A runner that notes how many rows it is asked of."""

    runner: InferenceRunner
    asked: list[int] = field(default_factory=list)

    @property
    def signature(self) -> Signature:
        return self.runner.signature

    def predict(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        self.asked.append(len(batch))
        return self.runner.predict(batch)

    def info(self) -> RunnerInfo:
        return self.runner.info()


def test_the_network_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    agent, tape = policy(), tape_of_walks(2)
    assert agent.runner is not None
    counting = Counting(agent.runner)
    agent = PreparedPolicy(agent.spec, agent.network, counting)
    found = batch.score_sessions(agent, iter(views(tape, TODAY)))
    assert counting.asked == [60]  # 20 sessions of 3 symbols
    monkeypatch.setattr(batch, "MOST_ROWS", 25)
    assert batch.score_sessions(agent, iter(views(tape, TODAY))) == found
    assert counting.asked == [60, 25, 25, 10]


def test_of_nothing_nobody_is_asked() -> None:
    agent = PreparedPolicy(OnnxPolicy("x"), NETWORK)  # not connected: to ask it would raise
    assert batch.score_sessions(agent, iter(())) == {}
    early = tape_of_walks(1)
    short = Tape(DAYS[:9], [b for m in early.moments[:9] for b in early.bars[m].values()], depth=61)
    assert batch.score_sessions(agent, iter(views(short))) == {day: {} for day in DAYS[:9]}


def test_each_session_has_its_own_symbols() -> None:
    found = batch.score_sessions(policy(), iter(views(tape_of_walks(3, listed=5))))
    assert [tuple(found[DAYS[n]]) for n in (60, 61, 65, 66)] == [(), (A, B), (A, B), (A, B, C)]
