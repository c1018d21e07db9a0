"""A network's policy decides the same whatever comes later, and one that peeps is found out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.onnx.batch import score_sessions
from aitrader_core.agents.onnx.policy import OnnxPolicy, PreparedPolicy
from aitrader_core.runner.lookahead import scrambled
from aitrader_core.simulation.tape import Tape
from tests.agents.onnx.leaks import LEAKS, Leak
from tests.agents.onnx.markets import DAYS, TODAY, tape_of_walks, views
from tests.networks import linear
from tests.simulation.tapes import run_days

NETWORK = linear("weighted", [0.3, -0.7, 0.11, 1.9, 0.5, -0.2, 0.9, 0.4, 0.6, -1.1, 2.8, 0.1])
AHEAD = DAYS[DAYS.index(TODAY) :]


def policy() -> PreparedPolicy:
    spec = OnnxPolicy(NETWORK.name, minimum=-9, every="session")
    return PreparedPolicy(spec, NETWORK).connected(Connections("m", "m"))


def decided(agent: Agent, tape: Tape, cut: int) -> list[tuple[object, object]]:
    """Orders and words of each day up to the `cut`th that has features."""
    return [(d.blotter, d.transcript) for d in run_days(agent, tape, TODAY, cut + 1)]


@given(seed=st.integers(0, 10**6), cut=st.integers(0, len(AHEAD) - 2), other=st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_another_future_changes_nothing(seed: int, cut: int, other: int) -> None:
    agent, tape = policy(), tape_of_walks(seed, listed=seed % 10)
    changed = scrambled(tape, AHEAD[cut], str(other))
    expected = decided(agent, tape, cut)
    assert decided(agent, changed, cut) == expected
    known = score_sessions(agent, iter(views(changed)))  # in one batch, of the future too
    assert decided(agent.knowing(known), tape, cut) == expected


def test_there_was_something_to_change() -> None:
    tape = tape_of_walks(1)
    days = run_days(policy(), tape, TODAY, len(AHEAD))
    assert sum(len(day.fills) for day in days) > len(AHEAD)
    assert decided(policy(), scrambled(tape, AHEAD[4]), 5)[5] != decided(policy(), tape, 5)[5]


@pytest.mark.parametrize("leak", LEAKS)
def test_features_of_what_comes_later_are_found_out(leak: str) -> None:
    agent, tape = Leak(policy(), LEAKS[leak]), tape_of_walks(1)
    for cut in (2, 7, 11):
        changed = scrambled(tape, AHEAD[cut])
        assert decided(agent, changed, cut) != decided(agent, tape, cut)
