"""The future is not in the object: nothing that comes later changes, or can be found in, a day."""

import gc
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from random import Random
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.kinds import BASELINES
from aitrader_core.domain.market import (
    DAILY,
    Bar,
    CashDividend,
    CorporateAction,
    Figure,
    MarketView,
    Split,
)
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Playhead, Tape
from aitrader_core.simulation.venue import SimulatedVenue
from tests.simulation.tapes import (
    SYMBOLS,
    WHOLE,
    A,
    B,
    agent_of,
    desk_at,
    random_bars,
    run_days,
    tape_of,
    weekdays,
)

D = Decimal
DEPTH = 6
DAYS = weekdays(20, date(2024, 1, 15))  # over the first of a month
FIRST = DAYS[DEPTH]
ACTIONS: Sequence[CorporateAction] = (
    Split(A, DAYS[3], D(2)),
    CashDividend(B, DAYS[8], D("0.37")),
    Split(A, DAYS[10], D("1.5")),
    Split(B, DAYS[14], D("0.1")),
)
COSTS = CostProfile(commission_rate=D("0.001"), slippage=D("0.0005"))
FIGURES: tuple[Figure, ...] = get_args(Figure)
cuts = st.integers(DEPTH, len(DAYS) - 2)
seeds = st.integers(0, 10**6)


def original(seed: int) -> Tape:
    return Tape(DAYS, random_bars(Random(seed), DAYS), ACTIONS, depth=DEPTH)


def scrambled(tape: Tape, cut: int, seed: int) -> Tape:
    """Other prices, and no corporate actions, for all that is not known at the open of `cut`."""
    other = {(b.symbol, b.session): b for b in random_bars(Random(seed), DAYS)}
    known = [b for day in DAYS[:cut] for b in tape.bars[day, DAILY].values()]
    known += [
        replace(other[b.symbol, b.session], open=b.open)
        for b in tape.bars[DAYS[cut], DAILY].values()
    ]
    later = [other[s, day] for day in DAYS[cut + 1 :] for s in SYMBOLS]
    return Tape(DAYS, known + later, known_actions(cut), depth=DEPTH)


def deleted(tape: Tape, cut: int) -> Tape:
    """A tape that ends with the opens of `cut`."""
    known = [b for day in DAYS[:cut] for b in tape.bars[day, DAILY].values()]
    opens = [Bar(s, DAYS[cut], price) for s, price in tape.opens[DAYS[cut], DAILY].items()]
    return Tape(DAYS[: cut + 1], known + opens, known_actions(cut), depth=DEPTH)


def known_actions(cut: int) -> list[CorporateAction]:
    return [a for a in ACTIONS if a.ex_date <= DAYS[cut]]


def decisions(days: Sequence[ModelDay]) -> list[str]:
    """All that the days are but what the last one was worth at its close, byte for byte."""
    (mark,) = days[-1].marks
    unclosed = replace(mark, value_close=None)
    return [repr(day) for day in (*days[:-1], replace(days[-1], marks=(unclosed,)))]


def run_to(cut: int, agent: Agent, tape: Tape) -> list[ModelDay]:
    return run_days(agent, tape, FIRST, cut - DEPTH + 1, costs=COSTS)


@pytest.mark.parametrize("kind", BASELINES)
@given(cut=cuts, seed=seeds, other=seeds)
@settings(max_examples=40, deadline=None)
def test_the_future_changes_nothing(kind: str, cut: int, seed: int, other: int) -> None:
    tape, agent = original(seed), agent_of(kind)
    expected = decisions(run_to(cut, agent, tape))
    assert decisions(run_to(cut, agent, scrambled(tape, cut, other))) == expected
    assert decisions(run_to(cut, agent, deleted(tape, cut))) == expected


@pytest.mark.parametrize("kind", BASELINES)
def test_there_was_something_to_change(kind: str) -> None:
    days = run_days(agent_of(kind), original(1), FIRST, 14, costs=COSTS)
    assert any(day.fills for day in days)
    assert any(day.transcript for day in days)


@dataclass(frozen=True, slots=True)
class Peeker:
    """Buys what it knows will rise: it has reached through the desk for the venue."""

    def trade(self, desk: Desk) -> Ending:
        for symbol, close in desk._venue.closes().items():
            if close is not None and close > desk.view.opens[symbol]:
                desk.buy(symbol, D(1))
        return Ending.DONE


def test_one_that_peeks_is_caught() -> None:
    tape = original(1)
    expected = decisions(run_to(DEPTH, Peeker(), tape))
    assert decisions(run_to(DEPTH, Peeker(), deleted(tape, DEPTH))) != expected


def seen(view: MarketView) -> list[object]:
    """All that a decider can ask a view for."""
    numbers = range(1, view.depth + 1)
    histories = [view.history(s, n) for s in SYMBOLS for n in numbers]
    closes = [view.closes(s, n) for s in SYMBOLS for n in numbers]
    last = [view.last(s) for s in SYMBOLS]
    days = [view.session, view.previous_session, view.symbols, view.opens]
    return [*days, histories, closes, last, [view.floats(n, *FIGURES) for n in numbers]]


@given(cut=cuts, seed=seeds, split=st.integers(0, len(DAYS) - 1))
@settings(max_examples=60, deadline=None)
def test_a_run_that_starts_late_sees_what_one_that_walked_there_sees(
    cut: int, seed: int, split: int
) -> None:
    bars = random_bars(Random(seed), DAYS)
    actions = [*ACTIONS, Split(B, DAYS[split], D("1.5"))]
    tape = Tape(DAYS, bars, actions, depth=DEPTH)
    walking = Playhead(tape, DAYS[0])
    for n in range(cut):
        view = walking.advance()
        if n % 3 == 1:  # what is kept from one time to the other is no more than what is shown
            view.floats(DEPTH, *FIGURES)
    window = DAYS[cut - DEPTH : cut + 1]
    short = Tape(window, [b for b in bars if b.session in window], actions, depth=DEPTH)
    walked = seen(walking.advance())
    assert seen(Playhead(tape, DAYS[cut]).advance()) == walked
    assert seen(Playhead(short, DAYS[cut]).advance()) == walked


@pytest.mark.parametrize("kind", BASELINES)
@given(cut=cuts, seed=seeds)
@settings(max_examples=10, deadline=None)
def test_a_run_that_starts_late_decides_as_one_that_walked_there(
    kind: str, cut: int, seed: int
) -> None:
    tape, agent = original(seed), agent_of(kind)
    walked = run_to(cut, agent, tape)
    (resumed,) = run_days(agent, tape, DAYS[cut], 1, opening=walked[-1].opening, costs=COSTS)
    assert resumed == walked[-1]


def test_the_bars_before_a_split_are_the_same_from_wherever_a_run_starts() -> None:
    days = weekdays(4)
    tape = tape_of({A: "40 44 22 24"}, [Split(A, days[2], D(2))], depth=3)
    for first in days:
        playhead = Playhead(tape, first)
        view = playhead.advance()
        while view.session < days[3]:
            view = playhead.advance()
        assert view.closes(A, 3) == [D(20), D(22), D(22)]


# What an object can be reached from, other than by the names of classes and modules.
CODE = (type, ModuleType, FunctionType, BuiltinFunctionType)


def reachable(*roots: object) -> Iterator[object]:
    met, queue = set[int](), list(roots)
    while queue:
        found = queue.pop()
        if id(found) in met or isinstance(found, CODE):
            continue
        met.add(id(found))
        yield found
        queue += gc.get_referents(found)


def unlike_tape() -> Tape:
    """A tape on which no price occurs twice."""
    numbers = iter(range(100_001, 200_000))
    bars = [
        Bar(s, day, D(next(numbers)), D(next(numbers)), D(next(numbers)), D(next(numbers)))
        for day in DAYS
        for s in SYMBOLS
    ]
    return Tape(DAYS, bars, ACTIONS, depth=DEPTH)


def not_yet_known(tape: Tape, session: date) -> set[Decimal]:
    bars = [bar for row in tape.bars.values() for bar in row.values()]
    ahead = {b.open for b in bars if b.session > session}
    for bar in bars:
        if bar.session >= session:
            ahead |= {price for price in (bar.high, bar.low, bar.close) if price is not None}
    return ahead


@pytest.mark.parametrize("kind", BASELINES)
@pytest.mark.parametrize("walked", [0, 3])
def test_no_later_price_can_be_reached_from_a_desk(kind: str, walked: int) -> None:
    tape, session = unlike_tape(), DAYS[DEPTH + walked]
    venue = SimulatedVenue(tape, COSTS, FIRST)
    views = [venue.open_session() for _ in range(walked + 1)]
    desk = Desk(venue, views[-1], Portfolio(D(10_000_000)), WHOLE)
    views[-1].floats(DEPTH, *FIGURES)
    agent_of(kind).trade(desk)
    public = [held for name, held in vars(desk).items() if name != "_venue"]
    for roots in (*[[view] for view in views], public):
        found = list(reachable(*roots))
        assert {o.session for o in found if isinstance(o, Bar)} == set(DAYS[: DEPTH + walked])
        assert not any(isinstance(o, Tape | Playhead) for o in found)
        assert not any(isinstance(o, Split | CashDividend) and o.ex_date > session for o in found)
        prices = {o for o in found if isinstance(o, Decimal)}
        floats = {D(x) for o in found if isinstance(o, array) for x in o}
        assert prices & floats
        assert not (prices | floats) & not_yet_known(tape, session)
        assert prices >= {bar.close for row in views[-1].past.rows for bar in row.values()}
    assert {o for o in reachable(*public) if isinstance(o, Decimal)} >= {*views[-1].opens.values()}


def test_the_search_finds_what_the_venue_holds() -> None:
    tape = unlike_tape()
    found = list(reachable(desk_at(tape, DAYS[DEPTH])))
    prices = {o for o in found if isinstance(o, Decimal)}
    assert prices >= not_yet_known(tape, DAYS[DEPTH])
