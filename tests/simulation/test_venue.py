"""Orders are filled whole at the open, one after the other, and at no other price."""

from decimal import Decimal

import pytest

from aitrader_core.agents.rules import BuyAndHold
from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.market import CashDividend, Split, Symbol
from aitrader_core.domain.orders import Fill, Order, Refused, Side
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.venue import SimulatedVenue
from tests.simulation.tapes import FREE, A, B, desk_at, run_days, tape_of, weekdays

D = Decimal
DAYS = weekdays(3)
TAPE = tape_of({A: "10/11 12.34/20 14/?", B: "5 6/1 7/?"})


def test_a_fill_is_at_the_open() -> None:
    desk = desk_at(TAPE, DAYS[1])
    fill = desk.buy(A, D(10))
    assert fill == Fill(Order(A, Side.BUY, D(10)), D("12.34"), D("123.4"), D(0))
    assert (desk.portfolio.cash, desk.portfolio.positions) == (D("876.6"), {A: D(10)})


def test_orders_of_a_session_are_filled_in_turn_at_one_price() -> None:
    desk = desk_at(TAPE, DAYS[1], cash="100")
    outcomes = [desk.buy(B, D(10)), desk.buy(B, D(6)), desk.buy(B, D(1))]
    assert [type(outcome) for outcome in outcomes] == [Fill, Fill, Refused]
    assert desk.portfolio.held(B) == 16
    assert desk.blotter == outcomes


def test_a_sale_pays_for_a_later_buy_of_the_same_session() -> None:
    desk = desk_at(TAPE, DAYS[0], cash="0", held={A: 10})
    assert desk.buy(B, D(20)) == Refused(Order(B, Side.BUY, D(20)), "costs 100.00, cash is 0.00")
    assert isinstance(desk.sell(A, D(10)), Fill)
    assert isinstance(desk.buy(B, D(20)), Fill)
    assert (desk.portfolio.cash, desk.portfolio.positions) == (D(0), {B: D(20)})


def test_every_buy_is_held_against_the_cash_that_is_left_not_the_initial_cash() -> None:
    desk = desk_at(tape_of({A: "9"}), DAYS[0], cash="10000")
    outcomes = [desk.buy(A, D(100)) for _ in range(12)]
    assert [isinstance(outcome, Fill) for outcome in outcomes] == [True] * 11 + [False]
    assert desk.portfolio.cash == 100


def test_slippage_and_commission_come_out_of_cash() -> None:
    costs = CostProfile(commission_minimum=D(2), slippage=D("0.1"))
    desk = desk_at(TAPE, DAYS[0], cash="112", costs=costs)
    assert desk.cost_of(Order(A, Side.BUY, D(10))) == 112
    assert isinstance(desk.buy(A, D(10)), Fill)
    assert desk.portfolio.cash == 0
    sold = desk.sell(A, D(10))
    assert isinstance(sold, Fill)
    assert (sold.price, sold.commission, desk.portfolio.cash) == (D(9), D(2), D(88))


def test_a_sale_that_its_commission_eats_needs_cash() -> None:
    desk = desk_at(
        TAPE, DAYS[0], cash="0", held={A: 1}, costs=CostProfile(commission_minimum=D(11))
    )
    assert desk.sell(A, D(1)) == Refused(Order(A, Side.SELL, D(1)), "costs 1.00, cash is 0.00")
    assert desk.portfolio.held(A) == 1


@pytest.mark.parametrize("symbol", ["ZZZ", "", "aaa"])
def test_what_is_not_on_offer_is_refused_and_has_no_cost(symbol: str) -> None:
    desk = desk_at(TAPE, DAYS[0])
    order = Order(Symbol(symbol), Side.BUY, D(1))
    assert desk.submit(order) == Refused(order, f"{symbol} is not traded at this open")
    assert desk.cost_of(order) is None


@pytest.mark.parametrize(
    "quantity", ["-10", "0", "-0", "0.5", "NaN", "sNaN", "Infinity", "1E+999999"]
)
@pytest.mark.parametrize("side", Side)
def test_no_quantity_costs_or_brings_anything_unless_it_is_one(side: Side, quantity: str) -> None:
    desk = desk_at(TAPE, DAYS[0], held={A: 10})
    before = desk.portfolio
    order = Order(A, side, D(quantity))
    assert isinstance(desk.submit(order), Refused)
    assert desk.portfolio is before
    assert desk.cost_of(order) is None


def test_the_transcript_tells_each_outcome() -> None:
    desk = desk_at(TAPE, DAYS[1], cash="20", costs=CostProfile(commission_minimum=D("0.125")))
    desk.say("a try")
    desk.buy(A, D(1))
    desk.sell(B, D("1.0"))
    assert [(e.role, e.tool, e.text) for e in desk.transcript] == [
        ("model", None, "a try"),
        ("desk", "buy", "buy 1 AAA at 12.34, commission 0.125"),
        ("desk", "sell", "sell 1 BBB: refused, sells 1 BBB, 0 are held"),
    ]


def test_corporate_actions_are_those_of_the_open_session() -> None:
    dividend, split = CashDividend(A, DAYS[1], D(1)), Split(B, DAYS[2], D(2))
    venue = SimulatedVenue(tape_of({A: "1 1 1", B: "1 1 1"}, [split, dividend]), FREE, DAYS[0])
    found = []
    for _ in DAYS:
        venue.open_session()
        found.append(list(venue.corporate_actions()))
    assert found == [[], [dividend], [split]]


def test_the_close_is_what_a_day_is_marked_at() -> None:
    first, second = run_days(BuyAndHold(), TAPE, DAYS[0], 2)
    assert first.closing.positions == {A: D(500), B: D(1000)}
    assert (first.value_open, first.value_close) == (D(10_000), D(10_500))
    assert (second.value_open, second.value_close) == (D(12_170), D(11_000))
    assert second.profit == 500


def test_a_session_that_has_not_closed_has_no_value_at_the_close() -> None:
    days = run_days(BuyAndHold(), TAPE, DAYS[0], 3)
    assert days[2].value_close is None
    assert days[2].value == days[2].value_open == D(14_000)
    assert days[2].profit == 3000


def test_cash_alone_has_a_value_at_any_close() -> None:
    tape = tape_of({A: "20000/?"})
    (day,) = run_days(BuyAndHold(), tape, DAYS[0], 1)
    assert day.fills == ()
    assert day.value_close == 10_000


def test_a_venue_does_not_go_past_its_tape() -> None:
    venue = SimulatedVenue(TAPE, FREE, DAYS[2])
    venue.open_session()
    with pytest.raises(MarketDataError, match="the tape ends"):
        venue.open_session()
