"""The buy-and-hold that all models of a board are held against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from aitrader_core.agents.rules import BuyAndHold
from aitrader_core.domain.errors import AitraderError
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.results.standings import Point
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.runner.points import points_of
from aitrader_core.simulation.venue import SimulatedVenue

NAME = "buy_and_hold"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`simulated`: it has traded in memory, and nothing of it is stored."""

    model: str
    curve: Sequence[Point]
    simulated: bool


def benchmark(floor: Floor, drawn: Mapping[str, Sequence[Point]]) -> Benchmark | None:
    """The arena's stored one, if it has every session of `drawn`; else a simulated one.

    None where there is no session, or where the prices of some are not there any more.
    """
    sessions = {point.session for curve in drawn.values() for point in curve}
    if not sessions:
        return None
    for model, curve in drawn.items():
        if holds(floor, model) and sessions <= {point.session for point in curve}:
            return Benchmark(model, curve, simulated=False)
    name = f"{NAME}@simulated" if NAME in drawn else NAME
    try:
        return Benchmark(name, _simulated(floor, name, min(sessions), max(sessions)), True)
    except AitraderError:
        return None


def holds(floor: Floor, model: str) -> bool:
    """Whether it buys and holds, by the arena's configuration or by its name."""
    entry = floor.arena.models.get(model)
    return entry.config.kind == NAME if entry else model == NAME


def _simulated(floor: Floor, name: str, first: date, last: date) -> list[Point]:
    """On the terms of the arena: its cash, rules, costs and prices."""
    arena, tape = floor.arena, floor.tape(first, last)
    trader = Trader(arena.market, name, BuyAndHold(), arena.rules, "simulated")
    venue, days = SimulatedVenue(tape, arena.costs, first), list[ModelDay]()
    opening = Opening.with_cash(arena.initial_cash)
    for _ in arena.calendar.between(first, last):
        days.append(run_model_day(trader, venue, opening))
        opening = days[-1].as_opening
    return points_of(days, tape)
