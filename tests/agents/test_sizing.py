"""Targets become orders that the cash pays for, sales first."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.agents.sizing import affordable, begins, equal_weights, rebalance
from aitrader_core.domain.market import Bar, MarketView, Past, Symbol
from aitrader_core.domain.orders import Fill, Order, Side
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from tests.simulation.tapes import MONDAY, SYMBOLS, A, B, C, desk_at, tape_of

D = Decimal
prices = st.decimals(1, 3000, places=2)
cents = st.decimals(0, 10**6, places=2)
steps = st.sampled_from(["1", "100", "0.01"])
costs = st.builds(
    CostProfile,
    commission_rate=st.decimals(0, "0.05", places=4),
    commission_per_share=st.decimals(0, "0.05", places=3),
    commission_minimum=st.decimals(0, 20, places=2),
    slippage=st.decimals(0, "0.05", places=4),
)


def desk_with(
    price: Decimal | str, cash: Decimal | str, costs: CostProfile, step: str = "1"
) -> Desk:
    return desk_at(tape_of({A: str(price)}), MONDAY, cash=str(cash), costs=costs, step=step)


def cost(desk: Desk, quantity: Decimal) -> Decimal:
    needed = desk.cost_of(Order(A, Side.BUY, quantity))
    assert needed is not None
    return needed


@given(prices, cents, costs, steps, st.integers(1, 10**6))
def test_affordable_is_the_most_that_the_cash_pays_for(
    price: Decimal, cash: Decimal, costs: CostProfile, step: str, lots: int
) -> None:
    desk, wanted = desk_with(price, cash, costs, step), lots * D(step)
    quantity = affordable(desk, A, wanted)
    assert 0 <= quantity <= wanted
    assert quantity % D(step) == 0
    if quantity < wanted:
        assert cost(desk, quantity + D(step)) > cash
    if quantity:
        assert cost(desk, quantity) <= cash
        assert isinstance(desk.buy(A, quantity), Fill)


def test_affordable_leaves_room_for_costs() -> None:
    assert affordable(desk_with("10", "100", CostProfile()), A, D(10)) == 10
    assert affordable(desk_with("10", "100", CostProfile(slippage=D("0.001"))), A, D(10)) == 9
    minimum = CostProfile(commission_minimum=D(1))
    assert affordable(desk_with("10", "100", minimum), A, D(10)) == 9
    assert affordable(desk_with("10", "11", minimum), A, D(10)) == 1
    assert affordable(desk_with("10", "10.99", minimum), A, D(10)) == 0


def test_affordable_where_commission_is_more_than_the_price() -> None:
    half_a_cent_each = CostProfile(commission_per_share=D("0.005"))
    assert affordable(desk_with("0.001", "3", half_a_cent_each), A, D(1000)) == 500


def test_affordable_of_what_is_not_on_offer_is_nothing() -> None:
    assert affordable(desk_with("10", "100", CostProfile()), Symbol("ZZZ"), D(1)) == 0


def test_equal_weights_are_one_together() -> None:
    assert equal_weights([A, B]) == {A: D("0.5"), B: D("0.5")}
    assert sum(equal_weights(SYMBOLS).values()) == pytest.approx(D(1))
    assert equal_weights([]) == {}


def test_rebalance_sells_before_it_buys() -> None:
    tape = tape_of({A: "10", B: "20", C: "50"})
    desk = desk_at(tape, MONDAY, cash="0", held={B: 10, C: 16})
    rebalance(desk, {A: D("0.5"), B: D("0.5")})
    assert [(o.order.side, o.order.symbol, o.order.quantity) for o in desk.blotter] == [
        (Side.SELL, C, D(16)),
        (Side.BUY, A, D(50)),
        (Side.BUY, B, D(15)),
    ]
    assert desk.portfolio == Portfolio(D(0), {A: D(50), B: D(25)})


def test_rebalance_rounds_down_and_leaves_the_rest_in_cash() -> None:
    desk = desk_at(tape_of({A: "30", B: "7"}), MONDAY, cash="100")
    rebalance(desk, equal_weights([A, B]))
    assert desk.portfolio == Portfolio(D(21), {A: D(1), B: D(7)})


def test_rebalance_to_what_is_held_does_nothing() -> None:
    desk = desk_at(tape_of({A: "10", B: "20"}), MONDAY, cash="0", held={A: 10, B: 5})
    rebalance(desk, equal_weights([A, B]))
    assert desk.blotter == []


@pytest.mark.parametrize(("held", "price"), [(6, "10"), (5, "123.45"), (1, "7.31")])
def test_thirds_are_whole(held: int, price: str) -> None:
    thirds = equal_weights(SYMBOLS)
    tape = tape_of(dict.fromkeys(SYMBOLS, price))
    balanced = desk_at(tape, MONDAY, cash="0", held=dict.fromkeys(SYMBOLS, held))
    rebalance(balanced, thirds)
    assert balanced.blotter == []
    fresh = desk_at(tape, MONDAY, cash=str(3 * held * D(price)))
    rebalance(fresh, thirds)
    assert fresh.portfolio.cash == 0


def test_no_weights_are_all_cash() -> None:
    desk = desk_at(tape_of({A: "10", B: "20"}), MONDAY, cash="0", held={A: 10, B: 5})
    rebalance(desk, {})
    assert desk.portfolio == Portfolio(D(200), {})


@given(
    st.lists(prices, min_size=3, max_size=3),
    cents,
    st.lists(st.integers(0, 500), min_size=3, max_size=3),
    st.lists(st.integers(0, 10), min_size=3, max_size=3),
    costs,
)
def test_rebalance_never_asks_for_more_than_the_cash(
    at: list[Decimal], cash: Decimal, held: list[int], parts: list[int], costs: CostProfile
) -> None:
    tape = tape_of({s: str(price) for s, price in zip(SYMBOLS, at, strict=True)})
    positions = {s: quantity for s, quantity in zip(SYMBOLS, held, strict=True) if quantity}
    desk = desk_at(tape, MONDAY, cash=str(cash), held=positions, costs=costs)
    whole = sum(parts) or 1
    rebalance(desk, {s: D(part) / whole for s, part in zip(SYMBOLS, parts, strict=True)})
    for outcome in desk.blotter:
        # a sale that does not bring its own commission is the desk's to refuse
        assert isinstance(outcome, Fill) or outcome.order.side is Side.SELL
    assert desk.portfolio.cash >= 0


@pytest.mark.parametrize(
    ("before", "today", "week", "month"),
    [
        (date(2024, 1, 5), date(2024, 1, 8), True, False),
        (date(2024, 1, 8), date(2024, 1, 9), False, False),
        (date(2024, 1, 12), date(2024, 1, 16), True, False),  # Monday was a holiday
        (date(2024, 1, 31), date(2024, 2, 1), False, True),
        (date(2024, 5, 31), date(2024, 6, 3), True, True),
        (date(2024, 12, 31), date(2025, 1, 2), False, True),  # one ISO week
        (date(2023, 12, 29), date(2024, 1, 2), True, True),
        (date(2023, 3, 1), date(2024, 3, 1), True, True),  # a year later
    ],
)
def test_begins(before: date, today: date, week: bool, month: bool) -> None:
    view = MarketView(today, {}, Past([{A: Bar(A, before, D(1))}]), {}, 5)
    assert begins("week", view) is week
    assert begins("month", view) is month
    assert begins("session", view)


@pytest.mark.parametrize("period", ["session", "week", "month"])
def test_everything_begins_with_the_first_session_of_all(period: str) -> None:
    assert begins(period, MarketView(date(2024, 1, 10), {}, Past(), {}, 5))
