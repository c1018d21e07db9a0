"""Every refusal is a sentence that says what was asked and what there is."""

from decimal import Decimal

import pytest

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.orders import Approved, Order, Quote, Refused, Side
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.risk import NextSessionSettlement, TradingRules, approve

D = Decimal
A = Symbol("AAA")
HELD = Portfolio(D("120"), {A: D(5)})


def decide(
    side: Side,
    quantity: str,
    *,
    step: str = "1",
    commission: str = "0",
    portfolio: Portfolio = HELD,
) -> Approved | Refused:
    order = Order(A, side, D(quantity))
    quote = Quote(D(90), D(90) * D(quantity), D(commission))
    return approve(order, portfolio, quote, TradingRules(D(step)))


def reason(decision: Approved | Refused) -> str:
    assert isinstance(decision, Refused)
    return decision.reason


@pytest.mark.parametrize(
    ("quantity", "step", "sentence"),
    [
        ("0", "1", "quantity 0 is not a positive number"),
        ("-0", "1", "quantity -0 is not a positive number"),
        ("-10", "1", "quantity -10 is not a positive number"),
        ("NaN", "1", "quantity NaN is not a positive number"),
        ("sNaN", "1", "quantity sNaN is not a positive number"),
        ("Infinity", "1", "quantity Infinity is not a positive number"),
        ("-Infinity", "1", "quantity -Infinity is not a positive number"),
        ("1E+999999", "1", "quantity 1E+999999 is above 1,000,000,000,000, the most of one order"),
        ("1E+13", "1", "quantity 1E+13 is above 1,000,000,000,000, the most of one order"),
        ("0.5", "1", "quantity 0.5 is not a multiple of the lot, 1"),
        ("1E-999999", "1", "quantity 1E-999999 is not a multiple of the lot, 1"),
        ("150", "100", "quantity 150 is not a multiple of the lot, 100"),
        ("0.00015", "0.0001", "quantity 0.00015 is not a multiple of the lot, 0.0001"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("side", Side)
def test_what_is_no_quantity(side: Side, quantity: str, step: str, sentence: str) -> None:
    order = Order(A, side, D(quantity))
    assert TradingRules(D(step)).bad_quantity(order, ZERO) == sentence
    assert approve(order, HELD, None, TradingRules(D(step))) == Refused(order, sentence)


@pytest.mark.parametrize(
    ("quantity", "step"), [("1", "1"), ("1.000", "1"), ("1E+2", "100"), ("0.0003", "0.0001")]
)
def test_what_is_one(quantity: str, step: str) -> None:
    order = Order(A, Side.BUY, D(quantity))
    assert TradingRules(D(step)).bad_quantity(order, ZERO) is None


def test_the_largest_quantity_is_allowed() -> None:
    order = Order(A, Side.BUY, D(10) ** 12)
    assert TradingRules().bad_quantity(order, ZERO) is None


def test_what_is_not_traded() -> None:
    order = Order(A, Side.SELL, D(1))
    refused = approve(order, HELD, None, TradingRules())
    assert refused == Refused(order, "AAA is not traded at this open")


def test_more_than_the_cash() -> None:
    assert reason(decide(Side.BUY, "10")) == "costs 900.00, cash is 120.00"
    assert reason(decide(Side.BUY, "1", commission="30.001")) == "costs 120.001, cash is 120.00"


def test_the_last_cent_may_be_spent() -> None:
    decision = decide(Side.BUY, "1", commission="30")
    assert isinstance(decision, Approved)
    assert decision.order == Order(A, Side.BUY, D(1))


def test_more_than_is_held() -> None:
    assert reason(decide(Side.SELL, "6")) == "sells 6 AAA, 5 are held"
    assert reason(decide(Side.SELL, "1", portfolio=Portfolio(D(0)))) == "sells 1 AAA, 0 are held"
    fractional = Portfolio(D(0), {A: D("0.50000000")})
    assert reason(decide(Side.SELL, "0.6", step="0.1", portfolio=fractional)) == (
        "sells 0.6 AAA, 0.5 are held"
    )


def test_all_that_is_held_may_be_sold() -> None:
    assert isinstance(decide(Side.SELL, "5"), Approved)


def test_a_sale_that_costs_more_than_it_brings_needs_the_cash() -> None:
    broke = Portfolio(D(1), {A: D(5)})
    assert isinstance(decide(Side.SELL, "1", commission="91", portfolio=broke), Approved)
    refused = decide(Side.SELL, "1", commission="91.01", portfolio=broke)
    assert reason(refused) == "costs 1.01, cash is 1.00"


# Lots, and what was bought in the session: held, bought of it, the order, and what is said to it.
NEXT = "what is bought in a session can be sold from the next one on"
LOTS: dict[str, tuple[str, str, Side, str, str | None]] = {
    "a lot": ("0", "0", Side.BUY, "100", None),
    "an odd lot": ("50", "0", Side.BUY, "50", "quantity 50 is not a multiple of the lot, 100"),
    "lots of an odd position": ("250", "0", Side.SELL, "200", None),
    "its odd part": ("250", "0", Side.SELL, "50", None),
    "all of it": ("250", "0", Side.SELL, "250", None),
    "a part of its odd part": (
        "250",
        "0",
        Side.SELL,
        "20",
        "quantity 20 is not a multiple of the lot, 100",
    ),
    "more than there is": ("250", "0", Side.SELL, "300", "sells 300 AAA, 250 are held"),
    "what was held before": ("250", "100", Side.SELL, "150", None),
    "what was bought": (
        "250",
        "100",
        Side.SELL,
        "250",
        f"sells 250 AAA, 250 are held, 150 of them sellable: {NEXT}",
    ),
    "nothing but what was bought": (
        "100",
        "100",
        Side.SELL,
        "100",
        f"sells 100 AAA, 100 are held, 0 of them sellable: {NEXT}",
    ),
}


@pytest.mark.parametrize("what", LOTS)
def test_lots_that_settle_at_the_next_session(what: str) -> None:
    held, bought, side, quantity, sentence = LOTS[what]
    rules = NextSessionSettlement(lot_size=D(100))
    portfolio = Portfolio(D(10_000), {A: D(held)})
    order = Order(A, side, D(quantity))
    quote = Quote(D(1), D(quantity), D(0))
    decision = approve(order, portfolio, quote, rules, D(bought))
    assert decision == (Approved(order, quote) if sentence is None else Refused(order, sentence))


def test_a_lot_is_a_step_unless_given() -> None:
    assert TradingRules(D("0.5")).lot == D("0.5")
    assert TradingRules(D("0.5"), D(2)).lot == 2
    with pytest.raises(ValueError, match="^lot_size is 0.75, no multiple of 0.5$"):
        TradingRules(D("0.5"), D("0.75"))
