"""Sessions of a model on a tape, in memory: nothing of them is stored."""

from collections.abc import Iterator, Sequence
from datetime import date

from aitrader_core.agents.agent import Agent
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.venue import SimulatedVenue

UNSTORED = "in memory"  # instead of the hash of a configuration


def traded(
    arena: Arena, tape: Tape, agent: Agent, name: str, sessions: Sequence[date]
) -> Iterator[ModelDay]:
    """The days of `agent` under `name` over consecutive `sessions`, begun with the arena's cash."""
    trader = Trader(arena.market, name, agent, arena.rules, UNSTORED)
    venue = SimulatedVenue(tape, arena.costs, sessions[0])
    opening = Opening.with_cash(arena.initial_cash)
    for _ in sessions:
        day = run_model_day(trader, venue, opening)
        opening = day.as_opening
        yield day
