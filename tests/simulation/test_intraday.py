"""Several bars per session: a model decides at each of them, and none of them shows the next."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrader_core.agents.kinds import BASELINES
from aitrader_core.domain.errors import MarketDataError, MissingBar
from aitrader_core.domain.market import (
    Bar,
    CashDividend,
    CorporateAction,
    MarketView,
    Moment,
    Split,
)
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Playhead, Tape
from tests.simulation.tapes import (
    SYMBOLS,
    A,
    B,
    C,
    agent_of,
    bar,
    desk_at,
    random_bars,
    run_days,
    weekdays,
)

D = Decimal
DEPTH = 6  # bars
DAYS = weekdays(7, date(2024, 1, 25))  # over the first of a month
FIRST = DAYS[2]
CLOCK = (time(10, 30), time(11, 30), time(14), time(15))
ACTIONS: Sequence[CorporateAction] = (
    Split(A, DAYS[1], D(2)),
    CashDividend(B, DAYS[3], D("0.37")),
    Split(A, DAYS[4], D("1.5")),
    Split(B, DAYS[6], D("0.1")),
)
kinds = pytest.mark.parametrize("kind", BASELINES)
seeds = st.integers(0, 10**6)
clocks = st.sampled_from([CLOCK[:3], CLOCK])


def bars_of(seed: int, clock: Sequence[time], sessions: Sequence[date] = DAYS) -> list[Bar]:
    lot = Random(seed)
    return [replace(b, at=at) for day in sessions for at in clock for b in random_bars(lot, [day])]


def original(seed: int, clock: Sequence[time]) -> Tape:
    return Tape(DAYS, bars_of(seed, clock), ACTIONS, depth=DEPTH)


def moment_of(found: Bar) -> Moment:
    return found.session, found.at


def known_actions(cut: Moment) -> list[CorporateAction]:
    return [a for a in ACTIONS if a.ex_date <= cut[0]]


def scrambled(tape: Tape, cut: Moment, seed: int, clock: Sequence[time]) -> Tape:
    """Other prices, and no corporate actions, for all that is not known at the open of `cut`."""
    bars = []
    for other in bars_of(seed, clock):
        mine = tape.bars[moment_of(other)][other.symbol]
        if moment_of(other) == cut:
            bars.append(replace(other, open=mine.open))
        else:
            bars.append(mine if moment_of(other) < cut else other)
    return Tape(DAYS, bars, known_actions(cut), depth=DEPTH)


def deleted(tape: Tape, cut: Moment) -> Tape:
    """A tape that ends with the opens of `cut`, in the middle of a session."""
    past = [b for moment in tape.moments if moment < cut for b in tape.bars[moment].values()]
    opens = [Bar(s, cut[0], price, at=cut[1]) for s, price in tape.opens[cut].items()]
    known = [day for day in DAYS if day <= cut[0]]
    return Tape(known, past + opens, known_actions(cut), depth=DEPTH)


def decided(days: Sequence[ModelDay], bars: int) -> list[str]:
    """All that the days are up to the open of the last one's bar `bars`, byte for byte."""
    day = days[-1]
    *past, mark = day.marks[:bars]
    marks = (*past, replace(mark, value_close=None))
    orders = sum(m.orders for m in marks)
    turns = [n for n, entry in enumerate(day.transcript) if entry.role == "venue"]
    end = turns[bars] if bars < len(turns) else len(day.transcript)
    facts = (day.session, day.opening, day.adjustments, day.blotter[:orders], marks)
    return [repr(before) for before in days[:-1]] + [repr((facts, day.transcript[:end]))]


def run_to(session: date, kind: str, tape: Tape) -> list[ModelDay]:
    return run_days(agent_of(kind), tape, FIRST, DAYS.index(session) - DAYS.index(FIRST) + 1)


@kinds
@given(data=st.data(), clock=clocks, seed=seeds, other=seeds)
@settings(max_examples=15, deadline=None)
def test_what_comes_after_a_bar_changes_nothing_before_it(
    kind: str, data: st.DataObject, clock: tuple[time, ...], seed: int, other: int
) -> None:
    tape = original(seed, clock)
    cut = data.draw(st.sampled_from([m for m in tape.moments if m[0] >= FIRST]))
    bars = clock.index(cut[1]) + 1
    expected = decided(run_to(cut[0], kind, tape), bars)
    assert decided(run_to(cut[0], kind, scrambled(tape, cut, other, clock)), bars) == expected
    assert decided(run_to(cut[0], kind, deleted(tape, cut)), bars) == expected


@kinds
def test_there_was_something_to_change(kind: str) -> None:
    days = run_to(DAYS[-1], kind, original(1, CLOCK))
    assert all([m.at for m in day.marks] == list(CLOCK) for day in days)
    assert sum(len(day.fills) for day in days) > 1
    assert sum(m.orders for day in days for m in day.marks) == sum(len(d.blotter) for d in days)


def test_some_of_them_trade_within_the_session() -> None:
    for kind in ("mean_reversion", "random"):
        days = run_to(DAYS[-1], kind, original(1, CLOCK))
        assert any(mark.orders for day in days for mark in day.marks[1:])


class Peeker:
    """Buys what it knows will rise: it has reached through the desk for the venue."""

    def trade(self, desk: Desk) -> Ending:
        for symbol, close in desk._venue.closes().items():
            if close is not None and close > desk.view.opens[symbol]:
                desk.buy(symbol, D(1))
        return Ending.DONE


def test_one_that_peeks_is_caught() -> None:
    tape = original(1, CLOCK)
    cut = FIRST, CLOCK[2]
    expected = decided(run_days(Peeker(), tape, FIRST, 1), 3)
    assert decided(run_days(Peeker(), deleted(tape, cut), FIRST, 1), 3) != expected


@kinds
@given(clock=clocks, seed=seeds, at=st.integers(3, len(DAYS) - 1))
@settings(max_examples=6, deadline=None)
def test_a_run_that_starts_late_decides_as_one_that_walked_there(
    kind: str, clock: tuple[time, ...], seed: int, at: int
) -> None:
    """Also from a tape that begins no earlier than the history that a model may look at."""
    tape = original(seed, clock)
    walked = run_to(DAYS[at], kind, tape)
    sessions = DAYS[at - 2 :]  # two of them are at least DEPTH bars
    bars = [b for b in bars_of(seed, clock) if b.session in sessions]
    short = Tape(sessions, bars, ACTIONS, depth=DEPTH)
    for late in (tape, short):
        (resumed,) = run_days(agent_of(kind), late, DAYS[at], 1, opening=walked[-1].opening)
        assert resumed == walked[-1]


# What a view shows ------------------------------------------------------------------------------


def small() -> Tape:
    """Two sessions of three bars; every price of A is its own."""
    rows = ("10 11", "12 13", "14 15", "16 17", "18 19", "20 21")
    moments = [(day, at) for day in DAYS[:2] for at in CLOCK[:3]]
    bars = [
        replace(bar(A, day, *row.split()), at=at)
        for (day, at), row in zip(moments, rows, strict=True)
    ]
    return Tape(DAYS[:2], bars, depth=3)


def test_a_view_has_the_bars_before_it_and_an_open() -> None:
    playhead = Playhead(small(), DAYS[0])
    views: list[MarketView | None] = [playhead.advance()]
    found = []
    for _ in range(3):
        view = views[-1]
        assert view is not None
        found.append((view.at, view.opens[A], view.closes(A, 3), view.previous))
        views.append(playhead.advance_within_session())
    assert views[-1] is None
    assert found == [
        (CLOCK[0], D(10), [], None),
        (CLOCK[1], D(12), [D(11)], (DAYS[0], CLOCK[0])),
        (CLOCK[2], D(14), [D(11), D(13)], (DAYS[0], CLOCK[1])),
    ]
    view = playhead.advance()
    assert (view.session, view.at, view.previous_session) == (DAYS[1], CLOCK[0], DAYS[0])
    assert view.closes(A, 3) == [D(11), D(13), D(15)]
    second = playhead.advance_within_session()
    assert second is not None
    assert second.previous_session == DAYS[1]
    assert second.closes(A, 3) == [D(13), D(15), D(17)]


def test_moments_are_the_bars_of_all_sessions() -> None:
    tape = small()
    assert tape.moments == tuple((day, at) for day in DAYS[:2] for at in CLOCK[:3])
    assert [tape.index(day) for day in DAYS[:2]] == [0, 3]


def test_a_split_counts_from_the_first_bar_of_its_ex_date_on() -> None:
    bars = [b for row in small().bars.values() for b in row.values()]
    playhead = Playhead(Tape(DAYS[:2], bars, [Split(A, DAYS[1], D(2))], depth=3), DAYS[0])
    before = [playhead.advance(), playhead.advance(), playhead.advance()]
    assert before[-1].closes(A, 2) == [D(11), D(13)]
    assert playhead.advance().closes(A, 3) == [D("5.5"), D("6.5"), D("7.5")]
    assert playhead.advance().closes(A, 3) == [D("6.5"), D("7.5"), D(17)]


def test_a_bar_is_missing_within_a_session_too() -> None:
    bars = [b for row in small().bars.values() for b in row.values()]
    bars += [replace(bar(B, DAYS[0], "5"), at=at) for at in CLOCK[:2]]
    playhead = Playhead(Tape(DAYS[:2], bars, depth=3), DAYS[0])
    playhead.advance()
    playhead.advance_within_session()
    with pytest.raises(
        MissingBar, match=f"^BBB has no bar on {DAYS[0]} at 14:00 in the prices unnamed$"
    ):
        playhead.advance_within_session()


def test_two_bars_of_one_time_are_one_too_many() -> None:
    bars = [replace(bar(A, DAYS[0], price), at=CLOCK[0]) for price in ("10", "11")]
    with pytest.raises(MarketDataError, match=f"^AAA has two bars on {DAYS[0]} at 10:30$"):
        Tape(DAYS[:1], bars, depth=3)


# The desk, bar by bar ---------------------------------------------------------------------------


class Watcher:
    """Buys one of A at each bar, and says what it can see."""

    def trade(self, desk: Desk) -> Ending:
        prices = [held for row in desk.view.past.rows for held in row.values()]
        desk.say(f"{desk.is_first} {len(prices)} {sorted(desk.view.opens.values())}")
        desk.buy(A, D(1))
        return Ending.DONE


def test_a_model_is_asked_at_each_bar_at_one_desk() -> None:
    first, second = run_days(Watcher(), small(), DAYS[0], 2)
    assert [fill.price for fill in first.fills] == [D(10), D(12), D(14)]
    assert [(m.at, m.value_open, m.value_close, m.orders) for m in first.marks] == [
        (CLOCK[0], D(10_000), D(10_001), 1),
        (CLOCK[1], D(10_002), D(10_004), 1),
        (CLOCK[2], D(10_006), D(10_009), 1),
    ]
    assert (first.value_open, first.value_close) == (D(10_000), D(10_009))
    assert [(e.role, e.text) for e in first.transcript if e.role != "desk"] == [
        ("venue", "10:30"),
        ("model", "True 0 [Decimal('10')]"),
        ("venue", "11:30"),
        ("model", "False 1 [Decimal('12')]"),
        ("venue", "14:00"),
        ("model", "False 2 [Decimal('14')]"),
    ]
    assert second.opening == first.as_opening
    assert second.opening.after == DAYS[0]


def test_the_drawdown_of_a_session_is_seen_at_its_bars() -> None:
    prices = ("100 100", "50 50", "100 100")
    bars = [
        replace(bar(A, DAYS[0], *row.split()), at=at)
        for at, row in zip(CLOCK, prices, strict=False)
    ]
    (day,) = run_days(agent_of("buy_and_hold"), Tape(DAYS[:1], bars, depth=3), DAYS[0], 1)
    assert day.profit == 0
    assert day.performance.max_drawdown == -0.5


def test_a_late_bars_price_is_not_among_what_a_view_holds() -> None:
    """Every price is unlike all others, so one that is found says where it came from."""
    numbers = iter(range(1_001, 9_999))
    bars = [
        Bar(s, day, D(next(numbers)), D(next(numbers)), None, D(next(numbers)), at=at)
        for day in DAYS[:4]
        for at in CLOCK
        for s in SYMBOLS
    ]
    tape = Tape(DAYS[:4], bars, depth=DEPTH)
    desk = desk_at(tape, DAYS[2], cash="1000000")
    for at, after in (*pairwise(CLOCK), (CLOCK[-1], None)):
        view = desk.view
        past = {p for row in view.past.rows for b in row.values() for p in (b.open, b.close)}
        ahead = {p for b in bars if moment_of(b) >= (view.session, at) for p in (b.high, b.close)}
        ahead |= {b.open for b in bars if moment_of(b) > (view.session, at)}
        assert view.at == at
        assert set(view.opens) == {A, B, C}
        assert past
        assert not (past | set(view.opens.values())) & ahead
        known = [b for row in view.past.rows for b in row.values()]
        assert all(moment_of(b) < (view.session, at) for b in known)
        following = desk._venue.next_bar()
        assert (following is None) == (after is None)
        if following:
            desk.turn_to(following)
