"""The record of a day adds up, and says how the model has done so far."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import reduce
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.domain.market import DAILY, Symbol
from aitrader_core.domain.model_day import (
    Ending,
    Manifest,
    Mark,
    ModelDay,
    Opening,
    Performance,
    Totals,
)
from aitrader_core.domain.orders import Fill, Order, Refused, Side
from aitrader_core.domain.portfolio import Adjustment, AdjustmentKind, Portfolio

D = Decimal
A, B = Symbol("AAA"), Symbol("BBB")
TODAY = date(2024, 1, 2)
values = st.lists(st.decimals("0.01", 10**9, places=2), min_size=1, max_size=20)


def through(*closes: str | Decimal, start: str = "100") -> Performance:
    return reduce(Performance.after, map(D, closes), Performance.starting_with(D(start)))


def test_a_start_has_no_return_and_no_drawdown() -> None:
    assert through() == Performance(D(100), D(100), D(100), 0.0)
    assert through().cumulative_return == 0.0


@pytest.mark.parametrize(
    ("closes", "cumulative", "drawdown"),
    [
        (["110", "120"], 0.20, 0.0),
        (["90"], -0.10, -0.10),  # the start is a peak too
        (["120", "90", "150"], 0.50, -0.25),
        (["120", "90", "200", "140"], 0.40, -0.30),
        (["50", "100", "60"], -0.40, -0.50),
    ],
)
def test_return_and_the_worst_fall_from_a_peak(
    closes: list[str], cumulative: float, drawdown: float
) -> None:
    figures = through(*closes)
    assert figures.cumulative_return == pytest.approx(cumulative)
    assert figures.max_drawdown == pytest.approx(drawdown)
    assert figures.value == D(closes[-1])


@given(values)
def test_performance_is_that_of_the_whole_series(closes: list[Decimal]) -> None:
    figures = through(*closes)
    series = [D(100), *closes]
    falls = [float(v) / float(top) - 1 for v, top in zip(series, _peaks(series), strict=True)]
    assert figures.max_drawdown == min(falls)
    assert figures.peak == max(series)
    assert -1 <= figures.max_drawdown <= 0
    assert figures.cumulative_return >= figures.max_drawdown - 1e-12


def _peaks(series: Iterable[Decimal]) -> Iterable[Decimal]:
    return accumulate(series, max)


SOLD = Fill(Order(A, Side.SELL, D(4)), D(10), D(40), D("0.50"))
BOUGHT = Fill(Order(B, Side.BUY, D(3)), D(20), D(60), D("0.25"))
DENIED = Refused(Order(B, Side.BUY, D(99)), "costs 1980.00, cash is 80.50")
SPLIT = Adjustment(A, AdjustmentKind.SPLIT, D(5), D("2.00"))
DIVIDEND = Adjustment(A, AdjustmentKind.CASH_DIVIDEND, D(0), D("1.25"))
FACTS: tuple[Adjustment | Fill, ...] = (SPLIT, DIVIDEND, SOLD, BOUGHT)
OPENING = Opening(Portfolio(D(100), {A: D(5)}), Performance(D(180), D(200), D(210), -0.1))


def day(value_close: Decimal | None) -> ModelDay:
    return ModelDay(
        market="test",
        model="model",
        session=TODAY,
        opening=OPENING,
        adjustments=(SPLIT, DIVIDEND),
        blotter=(SOLD, DENIED, BOUGHT),
        closing=reduce(Portfolio.apply, FACTS, OPENING.portfolio),
        marks=(Mark(DAILY, D("203.25"), value_close, 3),),
        ending=Ending.DONE,
        transcript=(),
        manifest=Manifest("code", "config", "prices"),
    )


def test_cash_adds_up() -> None:
    made = day(D(189))
    assert (made.bought, made.sold, made.commission) == (D(60), D(40), D("0.75"))
    assert made.adjustment_cash == D("3.25")
    change = made.adjustment_cash + made.sold - made.bought - made.commission
    assert made.closing.cash == OPENING.portfolio.cash + change == D("82.50")


def test_fills_and_refusals_are_parts_of_the_blotter() -> None:
    assert day(None).fills == (SOLD, BOUGHT)
    assert day(None).refusals == (DENIED,)


def test_profit_is_against_the_previous_close_not_against_what_was_paid() -> None:
    made = day(D(189))
    assert made.profit == -11
    assert made.performance == OPENING.performance.after(D(189))
    assert made.performance.cumulative_return == pytest.approx(0.05)


def test_without_a_close_the_open_is_the_last_mark() -> None:
    made = day(None)
    assert made.value == D("203.25")
    assert made.profit == D("3.25")


def test_the_next_session_starts_from_this_close() -> None:
    made = day(D(189))
    assert made.as_opening == Opening(made.closing, made.performance, TODAY, made.totals)


def test_totals_add_up_session_by_session() -> None:
    first = day(D(189))
    second = replace(first, opening=first.as_opening)
    assert first.totals == Totals(1, 2, 1, 0, D(100), D("0.75"))
    assert second.totals == Totals(2, 4, 2, 0, D(200), D("1.50"))
    unpriced = Totals(tokens=5, dollars=None)
    assert (first.totals + unpriced).dollars is None, "of an unknown price, from then on"


def test_a_model_starts_with_cash_alone() -> None:
    opening = Opening.with_cash(D(500))
    assert opening == Opening(Portfolio(D(500), {}), Performance.starting_with(D(500)), None)
