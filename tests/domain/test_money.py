"""Money is exact to eight decimals, and rounds as the database does."""

from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.domain.money import money, plain, plain_quantity, times, whole_steps

D = Decimal
decimals = st.decimals(-(10**12), 10**12, allow_nan=False, places=12)


def half_away_from_zero(value: Fraction) -> Fraction:
    """What SQL's round(value, 8) gives for a numeric."""
    steps = floor(abs(value) * 10**8 + Fraction(1, 2))
    return Fraction(steps if value >= 0 else -steps, 10**8)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0.000000005", "0.00000001"),
        ("0.000000015", "0.00000002"),
        ("0.000000025", "0.00000003"),  # half to even would give 2
        ("0.0000000049999999999999999999", "0"),
        ("-0.000000005", "-0.00000001"),
        ("123456789012345678901234567890.123456785", "123456789012345678901234567890.12345679"),
    ],
)
def test_ties_go_away_from_zero(value: str, rounded: str) -> None:
    assert money(D(value)) == D(rounded)
    assert times(D(value), D(1)) == D(rounded)


@given(decimals)
def test_money_rounds_like_sql(value: Decimal) -> None:
    assert Fraction(money(value)) == half_away_from_zero(Fraction(value))
    assert money(value).as_tuple().exponent == -8


@given(decimals, decimals)
def test_a_product_is_rounded_once(quantity: Decimal, price: Decimal) -> None:
    exact = Fraction(quantity) * Fraction(price)
    assert Fraction(times(quantity, price)) == half_away_from_zero(exact)


@given(
    st.decimals(0, 10**9, allow_nan=False, places=6),
    st.sampled_from(["1", "100", "0.1", "0.0001"]).map(D),
)
def test_whole_steps_are_the_most_that_is_not_above(quantity: Decimal, step: Decimal) -> None:
    kept = whole_steps(quantity, step)
    assert kept <= quantity < kept + step
    assert kept % step == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("900", "900.00"),
        ("8500.5000", "8500.50"),
        ("0.125", "0.125"),
        ("1E+3", "1000.00"),
        ("0.00000001", "0.00000001"),
        ("0", "0.00"),
        ("-1.5", "-1.50"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("1E+999999", "1E+999999"),
    ],
)
def test_money_in_a_sentence(value: str, text: str) -> None:
    assert plain(D(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("10.00000000", "10"),
        ("0.50", "0.5"),
        ("1E+2", "100"),
        ("-10", "-10"),
        ("sNaN", "sNaN"),
        ("1E+999999", "1E+999999"),
        ("1E-999999", "1E-999999"),
    ],
)
def test_a_quantity_in_a_sentence(value: str, text: str) -> None:
    assert plain_quantity(D(value)) == text
