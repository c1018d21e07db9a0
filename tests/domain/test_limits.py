"""Each limit holds at its boundary and denies beyond it, with a code and the figures."""

from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from aitrader_core.domain.account import Account
from aitrader_core.domain.denials import Denial
from aitrader_core.domain.limits import CHECKS, Limits, PreTrade, denial
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.orders import Order, Quote, Refused, Side
from aitrader_core.domain.trading_state import TradingState

D = Decimal
A, B = Symbol("AAA"), Symbol("BBB")
MS = 1_000_000
ACCOUNT = Account(
    now=2000 * MS,
    as_of=2000 * MS,
    cash=D(1000),
    value_at_start=D(2000),
    positions={A: D(10), B: D(5)},
    prices={A: D(60), B: D(80)},
    known={"used"},
)  # worth 2000


def order(side: str = "buy", quantity: str = "1", limit: str | None = None, id: str = "") -> Order:
    return Order(A, Side(side), D(quantity), None if limit is None else D(limit), id)


def quoted(wish: Order, price: str = "60", commission: str = "0") -> Quote:
    return Quote(D(price), wish.quantity * D(price), D(commission))


def denied(
    wish: Order,
    limits: dict[str, Any] | None = None,
    *,
    price: str = "60",
    commission: str = "0",
    **account: Any,
) -> Refused | None:
    known, most = replace(ACCOUNT, **account), Limits(**(limits or {}))
    quote = quoted(wish, price, commission)
    found = denial(wish, quote, known, most)
    at_a_desk = PreTrade(most, lambda: known).denial(wish, quote)  # which leaves questions out
    assert repr(at_a_desk) == repr(found)
    return found


LOSS = {A: D(60), B: D(60)}  # 100 less than at the start
CASES: list[tuple[Denial, dict[str, Any], dict[str, Any], str]] = [
    # what is limited, what passes, what of it is denied, and the sentence
    (Denial.HALTED, {"wish": order()},
     {"trading": TradingState.HALTED}, "trading is halted, nothing is ordered: buys 1 AAA"),
    (Denial.HALTED, {"wish": order("sell")},
     {"trading": TradingState.HALTED}, "trading is halted, nothing is ordered: sells 1 AAA"),
    (Denial.REDUCING, {"wish": order("sell"), "trading": TradingState.REDUCING},
     {"wish": order()}, "trading is reducing, only sales of what is held pass: buys 1 AAA"),
    (Denial.QUANTITY, {"limits": {"max_quantity": D(4)}, "wish": order(quantity="4")},
     {"wish": order(quantity="4.1")}, "buys 4.1 AAA, the most of one order is 4"),
    (Denial.QUANTITY, {"wish": order("sell")},
     {"wish": order("sell", "NaN")}, "quantity NaN is not a positive number"),
    (Denial.QUANTITY, {"wish": order()},
     {"wish": order(quantity="-1")}, "quantity -1 is not a positive number"),
    (Denial.PRICE_COLLAR, {"limits": {"price_collar": D("0.1")}, "wish": order(limit="66")},
     {"wish": order(limit="66.01")},
     "a price of 66.01 is more than 10 % from the last price, 60.00"),
    (Denial.PRICE_COLLAR, {"limits": {"price_collar": D("0.1")}, "wish": order("sell", limit="54")},
     {"wish": order("sell", limit="53.99")},
     "a price of 53.99 is more than 10 % from the last price, 60.00"),
    (Denial.PRICE_COLLAR, {"limits": {"price_collar": D("0.1")}, "wish": order(), "price": "66"},
     {"price": "66.6"}, "a price of 66.60 is more than 10 % from the last price, 60.00"),
    (Denial.PRICE_COLLAR, {"limits": {"price_collar": D("0.1")}, "wish": order()},
     {"prices": {B: D(80)}}, "AAA has no last price to measure 60.00 by"),
    (Denial.PRICE_COLLAR, {"wish": order(limit="0.01")},
     {"wish": order(limit="NaN")}, "limit NaN is not a price"),
    (Denial.NOTIONAL, {"limits": {"max_notional": D(120)}, "wish": order(quantity="2")},
     {"price": "60.01"}, "worth 120.02, the most of one order is 120.00"),
    (Denial.POSITION, {"limits": {"max_position": D(12)}, "wish": order(quantity="2")},
     {"incoming": {A: D("0.5")}},
     "makes a position of 12.5 AAA with working buys, the most is 12"),
    (Denial.POSITION, {"limits": {"max_position_share": D("0.36")}, "wish": order(quantity="2")},
     {"incoming": {A: D(1)}},
     "makes a position worth 780.00 with working buys, the most is 36 % of 2000.00"),
    (Denial.GROSS_EXPOSURE,
     {"limits": {"max_gross_exposure": D("0.53")}, "wish": order()},
     {"reserved": D("0.01")},
     "makes all positions worth 1060.01 with working buys, the most is 53 % of 2000.00"),
    (Denial.DAILY_LOSS,
     {"limits": {"max_daily_loss": D("0.05")}, "wish": order(), "prices": LOSS},
     {"cash": D("999.99")},
     "lost 100.01 of 2000.00 since the session's start, after 5 % only sales pass"),
    (Denial.FREE_CASH, {"wish": order(quantity="16"), "commission": "40"},
     {"commission": "40.01"}, "costs 1000.01, cash is 1000.00"),
    (Denial.FREE_CASH, {"wish": order(quantity="15"), "reserved": D(100)},
     {"reserved": D(101)},
     "costs 900.00, cash is 1000.00, 101.00 of it promised to working buys"),
    (Denial.NOT_HELD, {"wish": order("sell", "10")},
     {"wish": order("sell", "11")}, "sells 11 AAA, 10 are held"),
    (Denial.NOT_HELD, {"wish": order("sell", "7"), "outgoing": {A: D(3)}},
     {"outgoing": {A: D(4)}}, "sells 7 AAA, 10 are held, 4 of them not to be sold now"),
    (Denial.DUPLICATE_ID, {"wish": order(id="new")},
     {"wish": order(id="used")}, "the id used was used before"),
    (Denial.RATE, {"limits": {"max_orders": 3}, "wish": order(), "recent": 2},
     {"recent": 3}, "3 orders within 1000 ms, the most is 3"),
    (Denial.STALE_ACCOUNT,
     {"limits": {"max_account_age_ms": 500}, "wish": order(), "as_of": 1500 * MS},
     {"as_of": 1499 * MS}, "what is known of the account is 501 ms old, the most is 500 ms"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "passes", "change", "sentence"), CASES)
def test_the_boundary(
    code: Denial, passes: dict[str, Any], change: dict[str, Any], sentence: str
) -> None:
    assert denied(**passes) is None
    found = denied(**{**passes, **change})
    assert found is not None
    assert (found.code, found.reason) == (code, sentence)


def test_every_denial_of_an_order_has_a_boundary() -> None:
    codes = [code for code, _ in CHECKS]
    assert {case[0] for case in CASES} == set(codes)
    assert set(Denial) - set(codes) == {Denial.NOT_OFFERED}  # which the market's rules tell
    assert len(codes) == len(set(codes))


def test_the_first_of_several_reasons_is_told() -> None:
    worst: dict[str, Any] = {"trading": TradingState.HALTED, "recent": 9, "as_of": 0}
    limits = {"max_quantity": D(1), "max_orders": 1, "max_account_age_ms": 1}
    codes = []
    for cure in ({}, {"trading": TradingState.ACTIVE}):
        found = denied(order(quantity="99"), limits, **{**worst, **cure})
        codes.append(found and found.code)
    assert codes == [Denial.HALTED, Denial.QUANTITY]


def test_a_guard_asks_for_the_account_at_each_order() -> None:
    accounts = iter([ACCOUNT, replace(ACCOUNT, trading=TradingState.HALTED)])
    guard = PreTrade(Limits(), lambda: next(accounts))
    wish = order()
    assert guard.denial(wish, quoted(wish)) is None
    found = guard.denial(wish, quoted(wish))
    assert found is not None
    assert (found.order, found.code) == (wish, Denial.HALTED)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"max_quantity": 0}, "max_quantity is 0, must be above 0"),
        ({"max_notional": "NaN"}, "Input should be a finite number"),
        ({"max_daily_loss": 5}, "max_daily_loss is 5, a fraction that must be 1 at most"),
        ({"rate_window_ms": 0}, "rate_window_ms is 0, must be above 0"),
        ({"max_quantty": 1}, "Unexpected keyword argument"),
    ],
)
def test_what_is_no_limit(told: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(Limits).validate_python(told)
    assert sentence in str(error.value)


def test_a_configured_fraction_is_what_is_written() -> None:
    assert TypeAdapter(Limits).validate_python({"max_daily_loss": 0.05}).max_daily_loss == D("0.05")


amounts = st.integers(0, 400).map(lambda n: D(n) / 4)
FRACTIONS = ("price_collar", "max_position_share", "max_daily_loss", "max_gross_exposure")
some = st.integers(1, 4000).map(lambda n: D(n) / 4)
part = st.integers(1, 100).map(lambda n: D(n) / 100)
count = st.integers(1, 3)
OPTIONAL: dict[str, st.SearchStrategy[Any]] = {
    f.name: part if f.name in FRACTIONS else some for f in fields(Limits)
}
OPTIONAL |= {"max_orders": count, "max_account_age_ms": count, "rate_window_ms": st.just(1000)}
all_limits = st.fixed_dictionaries({}, optional=OPTIONAL).map(
    lambda told: replace(Limits(), **told)
)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    held = {A: draw(amounts), B: draw(amounts)}
    cash = draw(amounts) * 100
    return Account(
        now=5 * MS,
        as_of=draw(st.integers(0, 5)) * MS,
        cash=cash,
        value_at_start=draw(amounts) * 100,
        positions=held,
        prices={A: draw(amounts) + 1, B: draw(amounts) + 1},
        reserved=cash * draw(st.integers(0, 4)) / 4,
        incoming={A: draw(amounts)},
        outgoing={A: held[A] * draw(st.integers(0, 4)) / 4},
        trading=draw(st.sampled_from([TradingState.ACTIVE, *TradingState])),
        recent=draw(st.integers(0, 3)),
        known={"used"},
    )


def wishes(sides: st.SearchStrategy[Side]) -> st.SearchStrategy[Order]:
    quantities, ids = amounts.map(lambda n: n / 4), st.sampled_from(["", "new", "new", "used"])
    prices = st.one_of(st.none(), st.none(), amounts)
    return st.builds(Order, st.just(A), sides, quantities, prices, ids)


@given(accounts(), all_limits, wishes(st.sampled_from(Side)), st.sampled_from("01259"), amounts)
@settings(max_examples=300)
def test_what_passes_breaks_no_limit(
    account: Account, limits: Limits, wish: Order, away: str, fee: Decimal
) -> None:
    """Reckoned anew, from cash and positions as they would be once everything is filled."""
    price = account.prices[A] * D(f"1.{away}")
    quote = Quote(price, wish.quantity * price, fee)
    if denial(wish, quote, account, limits) is not None:
        return
    assert account.trading is not TradingState.HALTED
    assert 0 < wish.quantity <= (limits.max_quantity or 10**9)
    assert quote.notional <= (limits.max_notional or 10**9)
    assert wish.id != "used"
    assert account.recent + 1 <= (limits.max_orders or 10**9)
    last = account.prices[A]
    if limits.price_collar is not None:
        for told in (price, *([wish.limit] if wish.limit is not None else [])):
            assert last * (1 - limits.price_collar) <= told <= last * (1 + limits.price_collar)
    if wish.side is Side.SELL:
        assert wish.quantity <= account.positions[A] - account.outgoing[A]
        return
    assert account.trading is TradingState.ACTIVE
    assert account.cash - account.reserved - quote.notional - fee >= 0
    worth = {s: q * account.prices[s] for s, q in account.positions.items()}
    value = account.cash + sum(worth.values())
    after = account.positions[A] + account.incoming[A] + wish.quantity
    assert after <= (limits.max_position or 10**9)
    if limits.max_position_share is not None:
        assert after * price <= limits.max_position_share * value
    if limits.max_gross_exposure is not None:
        exposure = sum(worth.values()) + account.reserved + quote.notional
        assert exposure <= limits.max_gross_exposure * value
    if limits.max_daily_loss is not None:
        assert value >= account.value_at_start * (1 - limits.max_daily_loss)


@given(accounts(), all_limits, st.integers(1, 4))
def test_a_position_can_always_be_made_smaller(
    account: Account, limits: Limits, quarters: int
) -> None:
    """Whatever was lost, and however large it is: only the limits of any one order count."""
    quantity = account.sellable(A) * quarters / 4
    if not quantity:
        return
    of_an_order = replace(
        limits, max_quantity=None, max_notional=None, max_orders=None, max_account_age_ms=None
    )
    state = replace(account, trading=TradingState.REDUCING)
    wish = Order(A, Side.SELL, quantity)
    quote = Quote(account.prices[A], quantity * account.prices[A], D(0))
    assert denial(wish, quote, state, of_an_order) is None


@given(accounts(), all_limits, wishes(st.just(Side.BUY)))
def test_nothing_is_bought_while_reducing(account: Account, limits: Limits, wish: Order) -> None:
    state = replace(account, trading=TradingState.REDUCING)
    found = denial(wish, Quote(D(1), wish.quantity, D(0)), state, limits)
    assert found is not None
    assert found.code is Denial.REDUCING


@given(accounts())
def test_an_account_is_worth_what_it_was_told(account: Account) -> None:
    """However often it is asked, and whatever is made of it since."""
    worth = account.cash + sum(q * account.prices[s] for s, q in account.positions.items())
    assert account.value == account.value == worth
    assert replace(account, cash=account.cash + 1).value == worth + 1
