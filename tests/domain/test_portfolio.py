"""A portfolio is folded from facts; a fact that cannot be paid or delivered is a bug."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.domain.errors import LedgerError, MissingBar
from aitrader_core.domain.market import CashDividend, CorporateAction, Split, Symbol
from aitrader_core.domain.orders import Fill, Order, Side
from aitrader_core.domain.portfolio import Adjustment, AdjustmentKind, Portfolio, adjustments

D = Decimal
A, B = Symbol("AAA"), Symbol("BBB")
TODAY = date(2024, 1, 2)
HUNDRED = Portfolio(D("100.00"), {A: D(10)})


def fill(side: Side, quantity: str, price: str, commission: str = "0", symbol: Symbol = A) -> Fill:
    notional = D(quantity) * D(price)
    return Fill(Order(symbol, side, D(quantity)), D(price), notional, D(commission))


def after(portfolio: Portfolio, *actions: CorporateAction, at: str, step: str = "1") -> Portfolio:
    changes = list(adjustments(portfolio, actions, {A: D(at)}, D(step)))
    return reduce(Portfolio.apply, changes, portfolio)


def split(ratio: str) -> Split:
    return Split(A, TODAY, D(ratio))


def test_a_buy_takes_cash_and_a_sale_brings_it() -> None:
    bought = HUNDRED.apply(fill(Side.BUY, "2", "30.25", "1.50", B))
    assert bought == Portfolio(D("38.00"), {A: D(10), B: D(2)})
    assert bought.apply(fill(Side.SELL, "4", "5", "1")) == Portfolio(D(57), {A: D(6), B: D(2)})
    assert Portfolio(D("100.00"), {A: D(10)}) == HUNDRED, "the one before is left as it was"


def test_a_position_that_is_sold_out_is_gone() -> None:
    assert HUNDRED.apply(fill(Side.SELL, "10", "1")).positions == {}
    assert HUNDRED.held(B) == 0


@pytest.mark.parametrize(
    "fact",
    [
        fill(Side.BUY, "10", "10.01"),
        fill(Side.BUY, "10", "10", "0.00000001"),
        fill(Side.SELL, "11", "1"),
        fill(Side.SELL, "1", "1", symbol=B),
        fill(Side.SELL, "1", "1", "101.01"),
        Adjustment(A, AdjustmentKind.SPLIT, D(-11), D(0)),
        Adjustment(A, AdjustmentKind.CASH_DIVIDEND, D(0), D("-100.01")),
    ],
)
def test_nothing_goes_below_zero(fact: Fill | Adjustment) -> None:
    with pytest.raises(LedgerError, match="leaves cash"):
        HUNDRED.apply(fact)


def test_value_is_cash_and_positions_at_prices() -> None:
    portfolio = Portfolio(D("0.005"), {A: D("0.5"), B: D(3)})
    assert portfolio.value({A: D("0.25"), B: D("1.10")}) == D("3.43")
    with pytest.raises(KeyError):
        portfolio.value({A: D(1)})


@pytest.mark.parametrize(
    ("ratio", "held", "open_price", "kept", "paid"),
    [
        ("2", 10, "50", 20, "0"),
        ("1.5", 10, "40", 15, "0"),
        ("1.5", 11, "40", 16, "20"),  # half a share in cash
        ("15", 7, "8.40", 105, "0"),
        ("0.1", 25, "90.50", 2, "45.25"),
        ("0.1", 5, "90.50", 0, "45.25"),  # nothing but cash is left
        ("1.3333333333", 4, "30", 5, "9.999999996"),
    ],
)
def test_a_split_changes_shares_and_pays_the_fraction_in_cash(
    ratio: str, held: int, open_price: str, kept: int, paid: str
) -> None:
    before = Portfolio(D(100), {A: D(held)})
    now = after(before, split(ratio), at=open_price)
    assert now.held(A) == kept
    assert now.cash - 100 == D(paid).quantize(D("1E-8"))
    assert (A in now.positions) is (kept > 0)


def test_fractions_are_kept_where_they_can_be_traded() -> None:
    now = after(Portfolio(D(0), {A: D("0.3")}), split("1.5"), at="40", step="0.1")
    assert now == Portfolio(D(2), {A: D("0.4")})


@given(
    st.integers(1, 10**6),
    st.sampled_from(["2", "3", "1.5", "15", "20", "0.1", "0.5", "0.05", "1.25"]),
    st.decimals("0.01", 5000, places=2),
)
def test_a_split_keeps_the_value_unbroken(held: int, ratio: str, price: Decimal) -> None:
    """At a price that moves with the ratio, the value stays what it was."""
    before = Portfolio(D("12.34"), {A: D(held)})
    now = after(before, split(ratio), at=str(price))
    assert now.value({A: price}) == before.value({A: price * D(ratio)})


@pytest.mark.parametrize("split_first", [True, False])
def test_a_dividend_is_paid_on_the_shares_before_a_split_of_the_same_day(split_first: bool) -> None:
    actions: Sequence[CorporateAction] = (split("2"), CashDividend(A, TODAY, D("0.24")))
    now = after(HUNDRED, *(actions if split_first else actions[::-1]), at="5")
    assert now == Portfolio(D("102.40"), {A: D(20)})


def test_each_change_says_what_it_was() -> None:
    actions: Sequence[CorporateAction] = [CashDividend(A, TODAY, D("0.125")), split("1.5")]
    changes = list(adjustments(Portfolio(D(0), {A: D(3)}), actions, {A: D(10)}, D(1)))
    assert changes == [
        Adjustment(A, AdjustmentKind.CASH_DIVIDEND, D(0), D("0.375")),
        Adjustment(A, AdjustmentKind.SPLIT, D(1), D(5)),
    ]


def test_what_is_not_held_is_not_touched() -> None:
    actions: Sequence[CorporateAction] = [Split(B, TODAY, D(2)), CashDividend(B, TODAY, D(1))]
    assert list(adjustments(HUNDRED, actions, {}, D(1))) == []


def test_a_fraction_needs_an_open_to_be_paid_at() -> None:
    with pytest.raises(MissingBar, match=f"AAA splits on {TODAY} but has no open"):
        list(adjustments(HUNDRED, [split("1.55")], {}, D(1)))
    assert list(adjustments(HUNDRED, [split("2")], {}, D(1))), "a whole split needs none"


def test_a_quantity_of_no_symbol_is_refused() -> None:
    correction = Adjustment(None, AdjustmentKind.CORRECTION, D(1), D(0), reason="why not")
    with pytest.raises(LedgerError, match="1 of no symbol"):
        Portfolio(D(10)).apply(correction)
