"""What a signal is worth: how much is bought and sold, at which price, and when nothing is."""

from dataclasses import replace
from decimal import Decimal
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from aitrader_core.domain.account import Account
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.orders import Order, Side
from aitrader_core.domain.risk import TradingRules
from aitrader_core.domain.signals import Signal
from aitrader_core.patterns.strategy import StrategyParameters, combined, decide, exact

D = Decimal
A, B = Symbol("AAA"), Symbol("BBB")
WHOLE = TradingRules()
ACCOUNT = Account(
    0, 0, cash=D(8000), value_at_start=D(10_000), positions={A: D(20)}, prices={A: D(100)}
)  # worth 10,000
PARAMS = StrategyParameters(
    risk=D("0.01"), atr_multiple=D(2), max_share=D("0.5"), fee_margin=D(0), entry=D("0.2")
)


def signal(score: float = 1.0, price: float = 100.0, atr: float = 1.0) -> Signal:
    return Signal(1, A, 0, price, score, atr)


def decided(
    seen: Signal | None = None,
    prediction: float | None = None,
    rules: TradingRules = WHOLE,
    bid: float = nan,
    ask: float = nan,
    params: StrategyParameters = PARAMS,
    account: Account = ACCOUNT,
    **changes: Any,
) -> tuple[str, Decimal, Decimal | None] | None:
    told = replace(params, **changes)
    order = decide(seen or signal(), prediction, account, told, rules, bid=bid, ask=ask)
    return None if order is None else (str(order.side), order.quantity, order.limit)


class TestBuys:
    def test_up_to_what_loses_the_risk_when_the_price_falls(self) -> None:
        # 100 may be lost, 2 a share: 50, of which 20 are held
        assert decided() == ("buy", D(30), None)

    def test_in_proportion_to_the_confidence(self) -> None:
        assert decided(signal(0.8)) == ("buy", D(20), None)

    def test_up_to_a_share_of_the_value(self) -> None:
        assert decided(max_share=D("0.3")) == ("buy", D(10), None)

    def test_what_working_buys_bring_counts(self) -> None:
        working = replace(ACCOUNT, incoming={A: D(12)}, reserved=D(1200))
        assert decided(account=working) == ("buy", D(18), None)

    def test_nothing_at_the_target(self) -> None:
        assert decided(signal(0.42)) == ("buy", D(1), None)
        assert decided(signal(0.41)) is None

    def test_no_more_than_free_cash_pays_for(self) -> None:
        poor = replace(ACCOUNT, reserved=D("7499.99"))
        assert decided(account=poor) == ("buy", D(5), None)
        assert decided(account=poor, fee_margin=D("0.001")) == ("buy", D(4), None)
        assert decided(account=replace(ACCOUNT, reserved=D(8000))) is None

    def test_whole_lots(self) -> None:
        assert decided(rules=TradingRules(lot_size=D(25))) == ("buy", D(25), None)
        seen = signal(0.777)
        assert decided(seen, rules=TradingRules(D("0.01"))) == ("buy", D("18.85"), None)

    @pytest.mark.parametrize("atr", [0.0, nan, inf, -1.0, 1e-12])
    def test_nothing_where_no_risk_can_be_told(self, atr: float) -> None:
        assert decided(signal(atr=atr)) is None


class TestSales:
    def test_all_that_can_be_sold(self) -> None:
        assert decided(signal(-0.3)) == ("sell", D(20), None)
        assert decided(signal(-0.3, atr=0.0)) == ("sell", D(20), None)
        working = replace(ACCOUNT, outgoing={A: D(15)})
        assert decided(signal(-0.3), account=working) == ("sell", D(5), None)

    def test_a_part_in_proportion_to_the_confidence(self) -> None:
        assert decided(signal(-0.33), exits="confidence") == ("sell", D(6), None)

    def test_the_last_share_goes_whatever_the_confidence(self) -> None:
        one = replace(ACCOUNT, positions={A: D(1)})
        assert decided(signal(-0.3), account=one, exits="confidence") == ("sell", D(1), None)

    def test_an_odd_rest_goes_with_all_or_stays(self) -> None:
        lots = TradingRules(lot_size=D(7))
        assert decided(signal(-1), rules=lots) == ("sell", D(20), None)
        working = replace(ACCOUNT, outgoing={A: D(7)})
        assert decided(signal(-1), rules=lots, account=working) == ("sell", D(13), None)
        working = replace(ACCOUNT, outgoing={A: D(6)})
        assert decided(signal(-1), rules=lots, account=working) == ("sell", D(14), None)
        working = replace(ACCOUNT, outgoing={A: D(5)})
        assert decided(signal(-1), rules=lots, account=working) == ("sell", D(14), None)

    def test_nothing_where_nothing_is_held(self) -> None:
        assert decided(replace(signal(-1), symbol=B)) is None
        assert decided(signal(-1), account=replace(ACCOUNT, outgoing={A: D(20)})) is None


class TestScores:
    @pytest.mark.parametrize(("score", "acts"), [(0.2, True), (0.199, False), (-0.2, True)])
    def test_the_entry_is_the_least_that_is_acted_on(self, score: float, acts: bool) -> None:
        empty = replace(ACCOUNT, positions={A: D(1)})
        assert (decided(signal(score), account=empty) is not None) == acts

    def test_a_score_of_nothing_is_no_sale(self) -> None:
        assert decided(signal(0.0), entry=D(0)) is None

    @pytest.mark.parametrize(
        ("score", "prediction", "made"),
        [(0.5, None, "0.5"), (0.5, 1.0, "0.625"), (0.5, -1.0, "0.125"), (2.0, None, "1")],
    )
    def test_weighed_together(self, score: float, prediction: float | None, made: str) -> None:
        params = replace(PARAMS, pattern_weight=D(3), model_weight=D(1))
        assert combined(signal(score), prediction, params) == D(made)

    def test_a_prediction_can_turn_a_buy_into_a_sale(self) -> None:
        assert decided(signal(0.5), -1.0) == ("sell", D(20), None)

    @pytest.mark.parametrize(
        "seen", [signal(nan), signal(inf), signal(price=nan), signal(price=0.0), signal(price=inf)]
    )
    def test_what_is_no_number_is_left_alone(self, seen: Signal) -> None:
        assert decided(seen) is None
        assert decided(signal(), nan) is None


class TestLimits:
    @pytest.mark.parametrize(
        ("score", "changes", "limit"),
        [
            (1, {}, "100"),
            (1, {"offset": D("0.001")}, "100.1"),
            (-1, {"offset": D("0.001")}, "99.9"),
            (1, {"offset": D("-0.001")}, "99.9"),
            (1, {"limit_from": "best"}, "99.97"),
            (-1, {"limit_from": "best"}, "100.03"),
            (1, {"limit_from": "best", "price_step": D("0.05")}, "99.95"),
            (-1, {"limit_from": "best", "price_step": D("0.05")}, "100.05"),
        ],
    )
    def test_the_price(self, score: float, changes: dict[str, Any], limit: str) -> None:
        found = decided(signal(score), bid=99.97, ask=100.03, orders="limit", **changes)
        assert found is not None
        assert found[2] == D(limit)

    def test_the_last_price_where_no_best_is_known(self) -> None:
        found = decided(orders="limit", limit_from="best")
        assert found == ("buy", D(30), D(100))

    def test_a_step_that_is_larger_than_the_price(self) -> None:
        assert decided(signal(price=0.5), orders="limit", price_step=D(1)) is None

    def test_the_least_that_is_ordered(self) -> None:
        assert decided(minimum_notional=D(3000)) == ("buy", D(30), None)
        assert decided(minimum_notional=D("3000.01")) is None
        assert decided(signal(-1), minimum_notional=D("2000.01")) is None


@pytest.mark.parametrize(("value", "made"), [(0.1, "0.1"), (1e-9, "0"), (60000.25, "60000.25")])
def test_a_float_is_taken_as_it_is_written(value: float, made: str) -> None:
    assert exact(value) == D(made)


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"risk": 0}, "risk is 0, must be above 0"),
        ({"max_share": 2}, "max_share is 2, a fraction that must be 1 at most"),
        ({"model_weight": -1}, "model_weight is -1, must be 0 or more"),
        ({"offset": 1}, "offset is 1, must be between -1 and 1"),
        ({"price_step": 0}, "price_step is 0, must be above 0"),
        ({"orders": "stop"}, "Input should be 'market' or 'limit'"),
        ({"sizing": 1}, "Unexpected keyword argument"),
    ],
)
def test_what_is_no_strategy(told: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(StrategyParameters).validate_python(told)
    assert sentence in str(error.value)


fractions = st.integers(1, 100).map(lambda n: D(n) / 100)
odd = st.sampled_from([0.0, nan, inf, -1.0, 1e300, 1e18, 5e-324])
usual, strong = st.floats(0.01, 200), st.floats(0.3, 1.2)
numbers = st.one_of(usual, usual, usual, usual, usual, odd)
scores = st.one_of(strong, strong, strong.map(lambda s: -s), st.floats(-2, 2), st.just(nan))
quantities = st.integers(0, 10**5).map(lambda n: D(n) / 1000)
parameters = st.builds(
    StrategyParameters,
    entry=fractions.map(lambda n: n / 3),
    risk=fractions,
    max_share=fractions,
    fee_margin=fractions,
    exits=st.sampled_from(["all", "confidence"]),
    orders=st.sampled_from(["market", "limit"]),
    limit_from=st.sampled_from(["last", "best"]),
    offset=st.integers(-99, 99).map(lambda n: D(n) / 100),
    price_step=st.sampled_from([None, D("0.01"), D(1)]),
    minimum_notional=st.sampled_from([D(0), D(10)]),
)


@given(
    st.builds(Signal, st.just(1), st.just(A), st.just(0), numbers, scores, numbers),
    st.none() | scores,
    st.tuples(quantities.map(lambda n: n + 50), quantities, fractions, fractions, fractions),
    parameters,
    st.sampled_from([WHOLE, TradingRules(D("0.00001")), TradingRules(D("0.001"), D("0.1"))]),
    st.tuples(numbers, numbers),
)
@settings(max_examples=300)
def test_an_order_never_exceeds_what_there_is(
    seen: Signal,
    prediction: float | None,
    has: tuple[Decimal, ...],
    params: StrategyParameters,
    rules: TradingRules,
    best: tuple[float, float],
) -> None:
    cash, held, incoming, promised, outgoing = has
    cash = cash * 1000
    held = held // rules.quantity_step * rules.quantity_step
    account = Account(
        0,
        0,
        cash=cash,
        value_at_start=cash,
        positions={A: held},
        prices={A: D(50)},
        reserved=cash * promised,
        incoming={A: incoming},
        outgoing={A: held * outgoing // rules.quantity_step * rules.quantity_step},
    )

    def again() -> Order | None:
        return decide(seen, prediction, account, params, rules, bid=best[0], ask=best[1])

    order = again()
    assert order == again()
    if order is None:
        return
    assert order.id == ""
    assert rules.bad_quantity(order, held) is None
    assert (order.limit is None) == (params.orders == "market")
    assert order.limit is None or order.limit > 0
    price = order.limit or exact(seen.price)
    assert order.quantity * price >= params.minimum_notional
    if order.side is Side.SELL:
        assert order.quantity <= account.sellable(A)
        return
    assert order.quantity * price * (1 + params.fee_margin) <= account.free_cash
    after = held + incoming + order.quantity
    assert after * price <= params.max_share * account.value * D("1.0000000001")
