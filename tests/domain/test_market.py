"""A view answers about the past, in shares of today, and no deeper than it may."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from math import isnan
from random import Random
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrader_core.domain.market import Bar, Figure, MarketView, Past, Split, Symbol, adjusted

D = Decimal
A, B = Symbol("AAA"), Symbol("BBB")
DAYS = [date(2024, 1, n) for n in range(2, 7)]
TODAY = DAYS[-1]


def bar(symbol: Symbol, session: date, close: str | None) -> Bar:
    return Bar(symbol, session, D(30), close=None if close is None else D(close))


def view(*closes: str, splits: Sequence[Split] = (), depth: int = 3) -> MarketView:
    past = [{A: bar(A, day, close)} for day, close in zip(DAYS, closes, strict=False)]
    return MarketView(TODAY, {B: D(5), A: D(10)}, Past(past), {A: splits}, depth)


def test_closes_come_oldest_first_and_no_more_than_asked_for() -> None:
    assert view("10", "11", "12", "13").closes(A, 2) == [D(12), D(13)]
    assert view("10", "11", "12", "13").closes(A, 3) == [D(11), D(12), D(13)]
    assert view("10").closes(A, 3) == [D(10)]
    assert view().closes(A, 3) == []


def test_a_close_that_is_not_known_is_left_out() -> None:
    past = [{A: bar(A, DAYS[0], "10")}, {A: bar(A, DAYS[1], None)}]
    assert MarketView(TODAY, {}, Past(past), {}, 3).closes(A, 2) == [D(10)]


@pytest.mark.parametrize("sessions", [-1, 0, 4, 1000])
def test_no_deeper_than_the_depth_even_when_there_is_more(sessions: int) -> None:
    for ask in (view("1", "2", "3", "4").closes, view("1", "2", "3", "4").history):
        with pytest.raises(ValueError, match=f"history of 1 to 3 bars, not {sessions}"):
            ask(A, sessions)


def test_last_is_the_previous_session() -> None:
    assert view("10", "11").last(A) == bar(A, DAYS[1], "11")
    assert view("10", "11").last(B) is None
    assert view().last(A) is None
    assert view("10", "11").previous_session == DAYS[1]
    assert view().previous_session is None


def test_symbols_are_those_on_offer_in_order() -> None:
    assert view("10").symbols == [A, B]


@pytest.mark.parametrize(
    ("ex", "ratio", "closes"),
    [
        (1, "2", ["20", "44", "46"]),
        (2, "2", ["20", "22", "46"]),
        (4, "4", ["10", "11", "11.5"]),  # of today: all that is past
        (2, "0.1", ["400", "440", "46"]),
        (0, "2", ["40", "44", "46"]),
    ],
)
def test_closes_are_in_the_shares_of_today(ex: int, ratio: str, closes: list[str]) -> None:
    split = Split(A, DAYS[ex], D(ratio))
    assert view("40", "44", "46", splits=[split]).closes(A, 3) == [D(close) for close in closes]


def test_splits_add_up() -> None:
    splits = [Split(A, DAYS[1], D(2)), Split(A, DAYS[2], D(3))]
    assert view("60", "30", "10", splits=splits).closes(A, 3) == [D(10)] * 3


def test_a_split_of_another_symbol_does_not_count() -> None:
    past = [{A: bar(A, DAYS[0], "10")}]
    other = MarketView(TODAY, {}, Past(past), {B: [Split(B, TODAY, D(2))]}, 3)
    assert other.closes(A, 1) == [D(10)]


def test_a_whole_bar_is_adjusted_before_the_ex_date_only() -> None:
    split = Split(A, DAYS[2], D(4))
    before = Bar(A, DAYS[1], D(40), D(48), D(36), D(44), D(1001))
    assert adjusted(before, split) == Bar(A, DAYS[1], D(10), D(12), D(9), D(11), D(4004))
    begun = Bar(A, DAYS[1], D(40))
    assert adjusted(begun, split) == Bar(A, DAYS[1], D(10))
    on_the_day = Bar(A, DAYS[2], D(10), D(12), D(9), D(11), D(4004))
    assert adjusted(on_the_day, split) is on_the_day


# As floats ----------------------------------------------------------------------------------

FIGURES: tuple[Figure, ...] = get_args(Figure)
C = Symbol("CCC")


def any_bar(lot: Random, symbol: Symbol, session: date) -> Bar:
    """Which lacks some figures, as often as not."""

    def price() -> Decimal:
        return D(lot.randint(1, 10**8)).scaleb(-4)

    def perhaps() -> Decimal | None:
        return lot.choice([None, price()])

    return Bar(symbol, session, price(), perhaps(), perhaps(), perhaps(), perhaps())


@given(seed=st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_floats_are_those_of_the_history_to_the_bit(seed: int) -> None:
    """Listed at any time, gone and back, split on any day, asked on any: bars lack figures."""
    lot, past, splits = Random(seed), Past(), dict[Symbol, list[Split]]()
    for day in (TODAY + timedelta(n) for n in range(12)):
        if lot.random() < 0.3:
            split = Split(lot.choice([A, B, C]), day, D(lot.randint(1, 50)) / 7)
            splits.setdefault(split.symbol, []).append(split)
        view = MarketView(day, dict.fromkeys(some(lot), D(1)), past, splits, 20)
        for bars in (20, 2) if lot.random() < 0.7 else ():
            for figure, table in zip(FIGURES, view.floats(bars, *FIGURES), strict=True):
                assert columns(view, table) == by_history(view, figure, bars)
        past.add({symbol: any_bar(lot, symbol, day) for symbol in some(lot)})


def some(lot: Random) -> list[Symbol]:
    """Of the three, in any order; mostly all of them."""
    return lot.sample([A, B, C], lot.choice([0, 1, 2, 3, 3, 3]))


def columns(view: MarketView, table: bytes) -> dict[Symbol, list[str]]:
    """The figures that are there, exactly."""
    floats, width = memoryview(table).cast("d"), len(view.symbols)
    told = {symbol: floats[at::width] for at, symbol in enumerate(view.symbols)}
    return {symbol: [x.hex() for x in column if not isnan(x)] for symbol, column in told.items()}


def by_history(view: MarketView, figure: Figure, bars: int) -> dict[Symbol, list[str]]:
    told = {s: [getattr(b, figure) for b in view.history(s, bars)] for s in view.symbols}
    return {s: [float(x).hex() for x in column if x is not None] for s, column in told.items()}


def test_a_table_has_a_row_for_each_bar_and_a_column_for_each_symbol() -> None:
    past = [{A: bar(A, DAYS[0], "10")}, {B: bar(B, DAYS[1], None), A: bar(A, DAYS[1], "11")}]
    asked = MarketView(TODAY, {B: D(5), A: D(10)}, Past(past), {}, 3)
    opens, closes = (list(memoryview(t).cast("d")) for t in asked.floats(3, "open", "close"))
    assert [repr(x) for x in opens] == ["30.0", "nan", "30.0", "30.0"]
    assert [repr(x) for x in closes] == ["10.0", "nan", "11.0", "nan"]
    assert MarketView(TODAY, {}, Past(past), {}, 3).floats(2, "close") == [b""]
    with pytest.raises(ValueError, match="history of 1 to 3 bars, not 4"):
        asked.floats(4, "close")
