"""A model that reads the future is found out; the ones that come with aitrader are not."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any, cast

import pytest

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.onnx.policy import OnnxPolicy, PreparedPolicy
from aitrader_core.domain.model_day import Ending
from aitrader_core.runner.arena import Model
from aitrader_core.runner.config import ModelConfig
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.lookahead import lookahead_faults
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.store import Origin
from tests.agents.onnx.leaks import LEAKS, Leak
from tests.networks import linear

FIRST, LAST = date(2012, 6, 1), date(2012, 6, 29)
_numbers = count(1)


def tape_behind(desk: Desk) -> Tape:
    """What no decider has any business with."""
    return cast(Tape, cast(Any, desk)._venue._tape)


@dataclass(frozen=True)
class Prophet:
    """Buys what will close highest above its open, `ahead` sessions later."""

    ahead: int

    def trade(self, desk: Desk) -> Ending:
        tape = tape_behind(desk)
        later = tape.index(desk.view.session) + self.ahead
        if later < len(tape.sessions):
            row = tape.bars[tape.moments[later]]
            closes = {symbol: bar.close for symbol, bar in row.items() if bar.close}
            best = max(closes, key=lambda symbol: closes[symbol] / desk.view.opens[symbol])
            desk.buy(best, Decimal(1))
        return Ending.DONE


@dataclass(frozen=True)
class Gossip:
    """Trades nothing, and only tells what it knows."""

    def trade(self, desk: Desk) -> Ending:
        bars = tape_behind(desk).bars[desk.view.session, desk.view.at]
        desk.say(f"today's high: {max(bar.high or 0 for bar in bars.values())}")
        return Ending.DONE


@dataclass(frozen=True)
class Garbler:
    """Says what Postgres can't keep as it is."""

    def trade(self, desk: Desk) -> Ending:
        desk.say("nothing\x00 and half a pair \ud83d")
        return Ending.DONE


def traded(floor: Floor, agent: Agent) -> Floor:
    name = f"model-{next(_numbers)}"
    model = Model(name, ModelConfig(kind="ours"), agent, "hash")
    ours = Floor(replace(floor.arena, models={name: model}), floor.engine)
    sessions = floor.arena.calendar.between(FIRST, LAST)
    steps = list(walk(ours, Plan(name, sessions, Origin("r", "run"), may_start=True)))
    assert all(isinstance(step, Made) for step in steps)
    assert len(steps) == 21
    return ours


@pytest.mark.parametrize("agent", [Prophet(0), Prophet(1), Prophet(4), Gossip()], ids=repr)
def test_a_model_that_reads_the_future_is_found_out(module_floor: Floor, agent: Agent) -> None:
    floor = traded(module_floor, agent)
    (name,) = floor.arena.models
    faults = lookahead_faults(floor, 6, "seed")
    assert len(faults) > 2
    for fault in faults:
        assert fault.startswith(f"{name} on 2012-06-")
        assert fault.endswith(" decides otherwise when the prices after it are others")


def test_a_network_s_policy_does_not_and_one_that_peeps_is_found_out(module_floor: Floor) -> None:
    spec, network = OnnxPolicy("weighted", every="session"), linear("weighted", [0.1] * 12)
    policy = PreparedPolicy(spec, network)
    assert lookahead_faults(traded(module_floor, policy), 6, "seed") == []
    for peep in LEAKS.values():
        assert len(lookahead_faults(traded(module_floor, Leak(policy, peep)), 6, "seed")) > 2


def test_the_seed_draws_the_days(module_floor: Floor) -> None:
    floor = traded(module_floor, Gossip())
    one, again, other = (lookahead_faults(floor, 3, seed) for seed in ("a", "a", "b"))
    assert one == again != other
    assert len(one) == len(set(one)) == 3


def test_the_models_that_come_with_aitrader_do_not(module_floor: Floor) -> None:
    sessions = module_floor.arena.calendar.between(FIRST, LAST)
    for model in module_floor.arena.models:
        steps = walk(module_floor, Plan(model, sessions, Origin("r", "run"), may_start=True))
        assert sum(len(step.day.fills) for step in steps if isinstance(step, Made)) > 1
    assert lookahead_faults(module_floor, 4, "seed") == []


def test_what_can_t_be_stored_as_it_was_said_is_no_prophecy(module_floor: Floor) -> None:
    assert lookahead_faults(traded(module_floor, Garbler()), 2, "seed") == []


def test_what_was_made_otherwise_is_not_judged(module_floor: Floor) -> None:
    floor = traded(module_floor, Prophet(0))
    ((name, model),) = floor.arena.models.items()
    other = {name: replace(model, config_hash="another")}
    changed = Floor(replace(floor.arena, models=other), floor.engine)
    assert lookahead_faults(changed, 6, "seed") == []
