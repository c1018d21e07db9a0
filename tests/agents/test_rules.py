"""What each rule buys and sells on a small tape, and when it leaves things as they are."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import pytest

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.rules import (
    BuyAndHold,
    EqualWeight,
    InverseVolatility,
    MeanReversion,
    Momentum,
    Period,
    RandomTrader,
)
from aitrader_core.domain.market import CorporateAction, Split, Symbol
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.domain.orders import Side
from tests.simulation.tapes import MONDAY, A, B, C, desk_at, run_days, tape_of, weekdays

D = Decimal
DAYS = weekdays(30)
Orders = list[tuple[str, Symbol, int]]


def orders_of(day: ModelDay) -> Orders:
    assert not day.refusals
    return [(str(f.order.side), f.order.symbol, int(f.order.quantity)) for f in day.fills]


def orders_at(
    agent: Agent,
    rows: Mapping[Symbol, str],
    day: int,
    *,
    held: Mapping[Symbol, int] | None = None,
    actions: Sequence[CorporateAction] = (),
    cash: str = "1000",
) -> Orders:
    """What the agent orders on the `day`th session of the tape (0 is the first)."""
    desk = desk_at(tape_of(rows, actions), DAYS[day], cash=cash, held=held)
    agent.trade(desk)
    return [(str(o.order.side), o.order.symbol, int(o.order.quantity)) for o in desk.blotter]


class TestBuyAndHold:
    def test_buys_equal_parts_once(self) -> None:
        days = run_days(BuyAndHold(), tape_of({A: "10 1 90", B: "40 40 1"}), MONDAY, 3)
        assert orders_of(days[0]) == [("buy", A, 500), ("buy", B, 125)]
        assert [day.blotter for day in days[1:]] == [(), ()]
        assert days[2].closing == days[0].closing

    def test_leaves_a_later_listing_alone(self) -> None:
        days = run_days(BuyAndHold(), tape_of({A: "10 10", B: "- 10"}), MONDAY, 2)
        assert days[1].closing.positions == {A: D(1000)}

    def test_buys_what_is_affordable(self) -> None:
        assert orders_at(BuyAndHold(), {A: "10", B: "501"}, 0) == [("buy", A, 50)]


class TestEqualWeight:
    def test_monthly_is_the_first_session_of_a_month(self) -> None:
        first = date(2024, 1, 29)  # a Monday
        tape = tape_of({A: "10 20 30 40 50 60", B: "10 10 10 10 10 10"}, first=first)
        days = run_days(EqualWeight(), tape, first, 6)
        assert [day.session for day in days if day.blotter] == [first, date(2024, 2, 1)]
        assert orders_of(days[3]) == [("sell", A, 188), ("buy", B, 750)]

    def test_a_month_may_begin_after_a_week_end(self) -> None:
        first = date(2024, 5, 30)
        tape = tape_of({A: "10 20 30 40", B: "10 10 10 10"}, first=first)
        days = run_days(EqualWeight(), tape, first, 4)
        assert [day.session for day in days if day.blotter] == [first, date(2024, 6, 3)]

    @pytest.mark.parametrize(("every", "traded"), [("week", [0, 3]), ("session", [0, 1, 2, 3])])
    def test_other_periods(self, every: Period, traded: list[int]) -> None:
        first = date(2024, 1, 3)
        tape = tape_of({A: "10 20 40 80", B: "10 10 10 10"}, first=first)
        days = run_days(EqualWeight(every), tape, first, 4)
        assert [n for n, day in enumerate(days) if day.blotter] == traded

    def test_starts_in_the_middle_of_a_month(self) -> None:
        assert orders_at(EqualWeight(), {A: "10 10 10"}, 2) == [("buy", A, 100)]
        assert orders_at(EqualWeight(), {A: "10 10 10"}, 2, held={A: 1}) == []

    def test_takes_in_a_new_listing(self) -> None:
        tape = tape_of({A: "10 10", B: "- 20"})
        days = run_days(EqualWeight("session"), tape, MONDAY, 2)
        assert days[1].closing.positions == {A: D(500), B: D(250)}


class TestMomentum:
    ROWS: Mapping[Symbol, str] = {A: "10 11 12 12", B: "10 10 15 20", C: "10 9 8 10"}

    def test_buys_the_best_that_rose(self) -> None:
        assert orders_at(Momentum(2, top=1), self.ROWS, 3) == [("buy", B, 50)]
        assert orders_at(Momentum(2, top=2), self.ROWS, 3) == [("buy", A, 41), ("buy", B, 25)]

    def test_keeps_the_part_of_what_did_not_rise_in_cash(self) -> None:
        three = orders_at(Momentum(2, top=3), self.ROWS, 3)
        assert three == [("buy", A, 27), ("buy", B, 16)]

    def test_needs_its_whole_lookback(self) -> None:
        assert orders_at(Momentum(3, top=1), self.ROWS, 3) == []
        assert orders_at(Momentum(3, top=1), {A: "10 11 12 13 14"}, 4) == [("buy", A, 71)]

    def test_sells_what_is_no_longer_chosen(self) -> None:
        rows = {A: "10 9 8 7 6 5", B: "10 10 10 10 11 10"}
        assert orders_at(Momentum(2, top=1), rows, 5, held={A: 10}) == [
            ("sell", A, 10),
            ("buy", B, 105),
        ]

    def test_holds_within_a_week(self) -> None:
        assert orders_at(Momentum(2, top=1), self.ROWS, 3, held={C: 5}) == []

    def test_a_tie_goes_by_name(self) -> None:
        assert orders_at(Momentum(2, top=1), {B: "1 1 2 2", A: "1 1 2 2"}, 3) == [("buy", A, 500)]

    def test_a_split_is_no_fall(self) -> None:
        rows = {A: "40 44 24 24", B: "10 10 10.50 10"}
        split = Split(A, DAYS[2], D(2))
        assert orders_at(Momentum(2, top=1), rows, 3, actions=[split]) == [("buy", A, 41)]
        assert orders_at(Momentum(2, top=1), rows, 3) == [("buy", B, 100)]


class TestMeanReversion:
    AGENT = MeanReversion(lookback=4, entry=1.5)

    def test_buys_what_fell_out_of_its_band_for_an_equal_part(self) -> None:
        rows = {A: "10 10 10 8 5", B: "10 11 10 11 10"}
        assert orders_at(self.AGENT, rows, 4) == [("buy", A, 100)]

    def test_sells_at_the_mean(self) -> None:
        rows = {A: "10 8 9 10 10", B: "10 11 10 11 10"}
        assert orders_at(self.AGENT, rows, 4, held={A: 7}) == [("sell", A, 7)]

    def test_holds_below_the_mean(self) -> None:
        assert orders_at(self.AGENT, {A: "10 10 8 9 9"}, 4, held={A: 7}) == []

    def test_does_not_buy_more_of_what_it_holds(self) -> None:
        assert orders_at(self.AGENT, {A: "10 10 10 8 5"}, 4, held={A: 1}) == []

    @pytest.mark.parametrize("row", ["10 10 10 8", "10 10 10 10 9", "10 10 9 9 9"])
    def test_without_history_or_a_swing_there_is_no_trade(self, row: str) -> None:
        assert orders_at(self.AGENT, {A: row}, len(row.split()) - 1) == []

    def test_a_split_is_no_fall(self) -> None:
        rows = {A: "40 40 40 20 20"}
        assert orders_at(self.AGENT, rows, 4) == [("buy", A, 50)]
        assert orders_at(self.AGENT, rows, 4, actions=[Split(A, DAYS[3], D(2))]) == []


class TestRandomTrader:
    TAPE = tape_of(dict.fromkeys((A, B, C), "10 11 12 13 14 15 16 17 18 19"))

    def test_starts_with_equal_parts(self) -> None:
        (day,) = run_days(RandomTrader(), self.TAPE, MONDAY, 1)
        assert day.closing.positions == {A: D(333), B: D(333), C: D(333)}

    def test_moves_its_turnover_from_one_symbol_to_another(self) -> None:
        days = run_days(RandomTrader(turnover=0.2), self.TAPE, MONDAY, 10)
        for day in days[1:]:
            sold, bought = day.fills
            assert (sold.order.side, bought.order.side) == (Side.SELL, Side.BUY)
            assert sold.order.symbol != bought.order.symbol
        assert sold.order.quantity == bought.order.quantity
        assert days[1].sold == 199 * 11  # 20 % of the value at 11, in whole shares

    def test_a_day_does_not_depend_on_what_was_run_before_it(self) -> None:
        agent = RandomTrader(seed=7)
        walked = run_days(agent, self.TAPE, MONDAY, 10)
        for n in (9, 2, 5):
            (alone,) = run_days(agent, self.TAPE, DAYS[n], 1, opening=walked[n].opening)
            assert alone == walked[n]
        run_days(RandomTrader(seed=8), self.TAPE, MONDAY, 10)
        assert run_days(RandomTrader(seed=7), self.TAPE, MONDAY, 10) == walked

    def test_seeds_and_sessions_draw_differently(self) -> None:
        def drawn(seed: int) -> tuple[str, ...]:
            days = run_days(RandomTrader(seed), self.TAPE, MONDAY, 10)
            return tuple(str(orders_of(day)) for day in days)

        assert len({drawn(seed) for seed in range(4)}) == 4
        assert len(set(drawn(0))) > 3

    def test_with_one_symbol_there_is_nothing_to_move_it_to(self) -> None:
        days = run_days(RandomTrader(), tape_of({A: "10 10 10"}), MONDAY, 3)
        assert [day.closing.positions for day in days] == [{A: D(1000)}] * 3


class TestInverseVolatility:
    def test_what_swings_twice_as_much_gets_half(self) -> None:
        rows = {A: "100 80 100 80 100", B: "100 90 100 90 100"}
        # returns of A are -1/5, 1/4, -1/5; of B -1/10, 1/9, -1/10: deviations 0.2598 and 0.1219
        days = orders_at(InverseVolatility(lookback=3), rows, 4, cash="100000")
        assert days == [("buy", A, 319), ("buy", B, 680)]

    def test_needs_its_whole_lookback_and_some_volatility(self) -> None:
        rows = {A: "10 11 10 11 10", B: "- 11 10 11 10", C: "10 10 10 10 10"}
        assert orders_at(InverseVolatility(lookback=4), rows, 4) == []
        assert orders_at(InverseVolatility(lookback=3), rows, 4) == [("buy", A, 100)]

    def test_holds_within_a_month(self) -> None:
        rows = {A: "10 11 10 11 10", B: "10 14 10 14 10"}
        agent = InverseVolatility(lookback=3)
        assert orders_at(agent, rows, 4, held={B: 5}) == []

    def test_a_split_is_no_swing(self) -> None:
        split = Split(A, DAYS[3], D(2))
        rows = {A: "100 90 100 45 50", B: "100 90 100 90 100"}
        assert orders_at(InverseVolatility(lookback=3), rows, 4, actions=[split]) == [
            ("buy", A, 10),
            ("buy", B, 5),
        ]


@pytest.mark.parametrize(
    "agent",
    [
        BuyAndHold(),
        EqualWeight("week"),
        Momentum(2, 1),
        MeanReversion(3, 1.0),
        RandomTrader(3),
        InverseVolatility(2, "week"),
    ],
)
def test_the_same_day_again_is_the_same_day(agent: Agent) -> None:
    rows = {A: "10 12 9 14 11 15 8 12 10 13", B: "30 29 33 28 31 27 35 30 26 33"}
    first = run_days(agent, tape_of(rows), MONDAY, 10)
    assert any(day.fills for day in first)
    again = run_days(agent, tape_of(dict(reversed(rows.items()))), MONDAY, 10)
    assert [repr(day) for day in again] == [repr(day) for day in first]


def test_an_agent_that_can_afford_nothing_is_done() -> None:
    poor = Opening.with_cash(D("0.50"))
    for agent in (BuyAndHold(), EqualWeight(), Momentum(2), MeanReversion(2), RandomTrader()):
        days = run_days(agent, tape_of({A: "10 9 12 9"}), MONDAY, 4, opening=poor)
        assert all(day.closing == poor.portfolio and not day.blotter for day in days)
