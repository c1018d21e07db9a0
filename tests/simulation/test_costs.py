"""What an order costs, to the eighth decimal."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.domain.orders import Order, Quote, Side
from aitrader_core.simulation.costs import CostProfile
from tests.simulation.tapes import FREE, A

D = Decimal
BROKER = CostProfile(
    commission_rate=D("0.001"),
    commission_per_share=D("0.01"),
    commission_minimum=D("1.00"),
    slippage=D("0.0005"),
)
rates = st.decimals(0, "0.2", places=5)
prices = st.decimals("0.01", 5000, places=2)
quantities = st.decimals("0.001", 10_000, places=3)


def buy(quantity: str) -> Order:
    return Order(A, Side.BUY, D(quantity))


def sell(quantity: str) -> Order:
    return Order(A, Side.SELL, D(quantity))


def test_free_costs_the_open() -> None:
    assert FREE.quote(buy("3"), D("10.25")) == Quote(D("10.25"), D("30.75"), D(0))


def test_a_buy_pays_more_than_the_open_and_a_sale_gets_less() -> None:
    bought, sold = BROKER.quote(buy("100"), D(200)), BROKER.quote(sell("100"), D(200))
    assert (bought.price, bought.notional) == (D("200.1"), D("20010"))
    assert (sold.price, sold.notional) == (D("199.9"), D("19990"))


def test_commission_is_rate_and_per_share_together() -> None:
    assert BROKER.quote(buy("100"), D(200)).commission == D("21.01")  # 20.01 + 1.00
    assert BROKER.quote(sell("100"), D(200)).commission == D("20.99")


def test_commission_has_a_minimum() -> None:
    assert BROKER.quote(buy("1"), D(200)).commission == D("1.00")
    assert BROKER.quote(sell("4"), D("0.01")).commission == D("1.00")


def test_money_is_rounded_once_half_up() -> None:
    quote = CostProfile(commission_rate=D("0.5")).quote(buy("0.5"), D("0.00000001"))
    assert (quote.notional, quote.commission) == (D("0.00000001"), D("0.00000001"))
    assert CostProfile(slippage=D("0.00005")).quote(sell("1"), D("0.0001")).price == D("0.0001")


@given(prices, quantities, rates, rates, rates, rates)
def test_costs_never_favour_the_trader(
    price: Decimal, quantity: Decimal, rate: Decimal, share: Decimal, least: Decimal, slip: Decimal
) -> None:
    profile = CostProfile(rate, share, least, slip)
    bought = profile.quote(Order(A, Side.BUY, quantity), price)
    sold = profile.quote(Order(A, Side.SELL, quantity), price)
    assert bought.price >= price >= sold.price
    assert bought.notional >= quantity * price >= sold.notional
    assert min(bought.commission, sold.commission) >= least
    assert bought.commission >= sold.commission


@pytest.mark.parametrize(
    "name", ["commission_rate", "commission_per_share", "commission_minimum", "slippage"]
)
@pytest.mark.parametrize("value", ["-0.01", "NaN", "Infinity"])
def test_a_cost_is_a_number_from_zero_up(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}, must be 0 or more"):
        CostProfile(**{name: D(value)})


def test_slippage_cannot_take_the_whole_price() -> None:
    with pytest.raises(ValueError, match="slippage is 1, must be below 1"):
        CostProfile(slippage=D(1))
