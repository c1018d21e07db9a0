"""The kind `pattern` over bars: acts on the bar just over, within limits, and can be replayed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings

from aitrader_core.agents.replay import Replay
from aitrader_core.domain.denials import Denial
from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.limits import Limits
from aitrader_core.domain.market import Bar, Split, Symbol
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.orders import Refused, Side
from aitrader_core.domain.risk import NextSessionSettlement, TradingRules
from aitrader_core.patterns.bar_account import account_of, stamp
from aitrader_core.patterns.bar_ticks import bar_ticks
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.patterns.strategy import StrategyParameters
from aitrader_core.simulation.tape import Playhead, Tape
from tests.simulation.tapes import SYMBOLS, WHOLE, A, B, desk_at, run_days, tape_of, weekdays
from tests.simulation.test_no_lookahead import (
    COSTS,
    DAYS,
    DEPTH,
    FIRST,
    cuts,
    decisions,
    deleted,
    original,
    run_to,
    scrambled,
    seeds,
)

D = Decimal
JUMPY = PatternParameters(
    fast=2,
    slow=3,
    volume_span=2,
    volatility_span=2,
    bar=1,
    rsi_period=2,
    atr_period=2,
    breakout=2.0,
    weights={"breakout": 1.0},
    threshold=0.8,
    cooldown=0.0,
    warmup=3,
)
BOLD = StrategyParameters(risk=D("0.5"), atr_multiple=D(1), max_share=D("0.4"))
TRADER = PatternTrader(JUMPY, BOLD, Limits(), lookback=5)
NOON, CLOSE = time(12), time(15)


def orders(day: ModelDay) -> list[tuple[str, Symbol, int]]:
    return [(str(o.order.side), o.order.symbol, int(o.order.quantity)) for o in day.blotter]


@given(cut=cuts, seed=seeds, other=seeds)
@settings(max_examples=15, deadline=None)
def test_the_future_changes_nothing(cut: int, seed: int, other: int) -> None:
    tape = original(seed)
    walked = run_to(cut, TRADER, tape)
    assert decisions(run_to(cut, TRADER, scrambled(tape, cut, other))) == decisions(walked)
    assert decisions(run_to(cut, TRADER, deleted(tape, cut))) == decisions(walked)
    (alone,) = run_days(TRADER, tape, DAYS[cut], 1, opening=walked[-1].opening, costs=COSTS)
    assert alone == walked[-1]


def test_there_was_something_to_change() -> None:
    days = run_days(TRADER, original(1), FIRST, 14, costs=COSTS)
    sides = {fill.order.side for day in days for fill in day.fills}
    assert sides == {Side.BUY, Side.SELL}


class TestWhatItDoes:
    ROWS: Mapping[Symbol, str] = {
        A: "10 10.1 10 10.1 13 13 5 5 5",
        B: "20 20.1 20 20.1 20 20 20 20 20",
    }

    def days(self, trader: PatternTrader = TRADER, rules: TradingRules = WHOLE) -> list[ModelDay]:
        tape = tape_of(self.ROWS, depth=6)
        return run_days(trader, tape, weekdays(4)[3], 6, rules=rules)

    def test_it_acts_on_the_bar_just_over_and_on_no_other(self) -> None:
        traded = [(n, orders(day)) for n, day in enumerate(self.days(), 3) if day.blotter]
        # the rise of the 5th session is known at the 6th, the fall of the 7th at the 8th
        assert [(n, [o[:2] for o in made]) for n, made in traded] == [
            (5, [("buy", A)]),
            (7, [("sell", A)]),
        ]
        (_, ((_, _, bought),)), (_, ((_, _, sold),)) = traded
        assert bought == sold == int(D(4000) / 13)  # max_share of 10,000, at the open

    def test_it_says_what_it_saw_and_what_became_of_it(self) -> None:
        said = [entry.text for entry in self.days()[2].transcript if entry.role == "model"]
        (line,) = [text for text in said if text.startswith("AAA")]
        assert line.startswith("AAA scores +1.00 at 13 (breakout +1.00), ATR ")
        assert line.endswith(": buy 307")

    def test_what_its_limits_deny_stands_in_the_blotter_and_is_denied_again(self) -> None:
        limited = replace(TRADER, limits=Limits(max_notional=D(1000)))
        days = self.days(limited)
        ((denied,),) = [day.blotter for day in days if day.blotter]
        assert isinstance(denied, Refused)
        assert denied.code is Denial.NOTIONAL
        assert denied.reason == "worth 3991.00, the most of one order is 1000.00"
        assert {day.closing.cash for day in days} == {D(10_000)}
        assert self.replayed(days) == [(d.blotter, d.marks, d.closing) for d in days]

    def test_a_day_that_traded_is_replayed(self) -> None:
        days = self.days()
        assert self.replayed(days) == [(d.blotter, d.marks, d.closing) for d in days]

    def replayed(self, days: Sequence[ModelDay]) -> list[object]:
        again: list[object] = []
        tape = tape_of(self.ROWS, depth=6)
        for day in days:
            (made,) = run_days(Replay.of(day), tape, day.session, 1, opening=day.opening)
            again.append((made.blotter, made.marks, made.closing))
        return again

    def test_a_replay_does_not_take_a_refusal_for_cash_from_the_record(self) -> None:
        """Had the cash been there, it would come out."""
        day = self.days()[2]
        (fill,) = day.fills
        told = Refused(fill.order, "costs 1.00, cash is 0.00", Denial.FREE_CASH)
        false = replace(day, blotter=(told,))
        tape = tape_of(self.ROWS, depth=6)
        (made,) = run_days(Replay.of(false), tape, day.session, 1, opening=day.opening)
        assert made.blotter == (fill,)

    def test_limit_orders_are_for_ticks(self) -> None:
        limits = replace(BOLD, orders="limit", offset=D("-0.5"))
        assert self.days(replace(TRADER, strategy=limits)) == self.days()

    def test_too_little_history_says_nothing(self) -> None:
        tape = tape_of({A: "10 13 17"}, depth=6)
        assert [orders(d) for d in run_days(TRADER, tape, weekdays(1)[0], 3)] == [[], [], []]

    def test_without_ticks_or_a_lookback_the_day_fails_with_the_way_out(self) -> None:
        with pytest.raises(ConfigError, match="lookback is 0: configure"):
            self.days(replace(TRADER, lookback=0))

    def test_a_lookback_that_never_gives_a_signal_is_no_configuration(self) -> None:
        with pytest.raises(ValueError, match="lookback is 2, must be patterns.warmup, 3"):
            replace(TRADER, lookback=2)


def test_sales_come_before_the_buys_that_they_pay_for() -> None:
    rows = {A: "10 10.1 10 10.1 13 13", B: "20 20.1 20 20.1 14 14"}
    desk = desk_at(tape_of(rows, depth=6), weekdays(6)[5], cash="0", held={B: 100})
    TRADER.trade(desk)
    made = [(o.order.side, o.order.symbol) for o in desk.blotter]
    assert made == [(Side.SELL, B), (Side.BUY, A)]


class TestTicks:
    def test_one_trade_for_each_bar_oldest_first(self) -> None:
        tape = tape_of({B: "20/21 22", A: "10/11 12"}, depth=6)
        desk = desk_at(tape, weekdays(2)[1])
        ticks = bar_ticks(desk.view, 5)
        day = stamp((weekdays(1)[0], time(0)))
        assert day == 1704067200 * 10**9
        assert [(t.received, t.symbol, t.price, t.volume, t.side) for t in ticks] == [
            (day, 0, 11.0, 1000.0, 0),
            (day, 1, 21.0, 1000.0, 0),
        ]
        assert ticks.symbols == (A, B)

    def test_bars_are_those_of_today_s_shares(self) -> None:
        split = Split(A, weekdays(3)[2], D(2))
        desk = desk_at(tape_of({A: "40 44 24"}, [split], depth=6), weekdays(3)[2])
        ticks = bar_ticks(desk.view, 5)
        assert (ticks.price.tolist(), ticks.volume.tolist()) == ([20, 22], [2000, 2000])

    def test_a_bar_without_a_volume_is_a_usual_one_and_one_without_a_close_is_none(self) -> None:
        days = weekdays(5)
        volumes = [D(10), None, D(0), D(20)]
        bars = [Bar(A, s, D(5), close=D(6), volume=v) for s, v in zip(days, volumes, strict=False)]
        tape = Tape(days, [*bars, Bar(A, days[4], D(5)), *(Bar(B, s, D(5)) for s in days)], depth=5)
        ticks = bar_ticks(Playhead(tape, days[4]).advance(), 5)
        assert ticks.volume.tolist() == [10, 15, 15, 20]
        assert not np.any(ticks.symbol)

    def test_nothing_is_told_of_volume_where_it_is_never_known(self) -> None:
        days = weekdays(3)
        bars = [Bar(A, s, D(5), close=D(6)) for s in days]
        ticks = bar_ticks(Playhead(Tape(days, bars, depth=5), days[2]).advance(), 5)
        assert ticks.volume.tolist() == [1, 1]


def test_what_is_not_settled_yet_cannot_be_sold() -> None:
    desk = desk_at(tape_of({A: "10 11"}), weekdays(1)[0], held={A: 5})
    desk.rules = NextSessionSettlement()
    desk.buy(A, D(7))
    account = account_of(desk)
    assert (account.held(A), account.sellable(A)) == (D(12), D(5))


def intraday_tape(sessions: Sequence[date], lot: Random) -> Tape:
    bars = [
        Bar(s, day, D(lot.randint(5, 50)), close=D(lot.randint(5, 50)), volume=D(100), at=at)
        for day in sessions
        for at in (NOON, CLOSE)
        for s in SYMBOLS
    ]
    return Tape(sessions, bars, depth=DEPTH)


def test_an_intraday_session_loses_from_its_first_open_on() -> None:
    sessions = weekdays(12)
    tape = intraday_tape(sessions, Random(3))
    free = run_days(TRADER, tape, sessions[4], 8)
    limited = replace(TRADER, limits=Limits(max_daily_loss=D("0.01")))
    denials = [o for d in run_days(limited, tape, sessions[4], 8) for o in d.refusals]
    assert denials
    assert {o.code for o in denials} == {Denial.DAILY_LOSS}
    assert {o.order.side for o in denials} == {Side.BUY}
    for day in free:
        (alone,) = run_days(TRADER, tape, day.session, 1, opening=day.opening)
        assert alone == day
