"""Gaps are missing sessions, never week-ends; jumps are unexplained moves, never splits."""

from datetime import date, time
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.market import Bar, CashDividend, CorporateAction, Split, Symbol
from aitrader_core.market.calendar import load_calendar
from aitrader_core.market.gaps import Jump, find_gaps, suspicious_jumps

XNYS = load_calendar("XNYS")
A, B = Symbol("A"), Symbol("B")


def test_week_ends_and_holidays_are_no_gaps() -> None:
    days = [date(2012, 6, 29), date(2012, 7, 2), date(2012, 7, 3), date(2012, 7, 5)]
    assert find_gaps(XNYS, {A: days}) == {}


def test_a_missing_session_is_named_whatever_the_order() -> None:
    days = [date(2012, 7, 9), date(2012, 7, 2), date(2012, 7, 6)]
    gaps = find_gaps(XNYS, {A: days, B: [date(2012, 7, 2)], Symbol("C"): []})
    assert gaps == {A: (date(2012, 7, 3), date(2012, 7, 5))}


def test_before_the_first_bar_and_after_the_last_nothing_is_missing() -> None:
    assert find_gaps(XNYS, {A: [date(2012, 7, 5), date(2012, 7, 6)]}) == {}


def test_gaps_beyond_the_horizon_cannot_be_told() -> None:
    with pytest.raises(MarketDataError, match="horizon"):
        find_gaps(XNYS, {A: [date(1999, 12, 31), date(2000, 1, 3)]})


def bars(*open_close: tuple[str, str | None]) -> list[Bar]:
    return [
        Bar(A, date(2012, 7, 9 + n), Decimal(o), close=Decimal(c) if c else None)
        for n, (o, c) in enumerate(open_close)
    ]


TUESDAY = date(2012, 7, 10)


@pytest.mark.parametrize(
    ("opened", "action", "flagged"),
    [
        ("180", None, False),
        ("180.01", None, True),
        ("55.56", None, False),
        ("55.55", None, True),
        ("50", Split(A, TUESDAY, Decimal(2)), False),
        ("1000", Split(A, TUESDAY, Decimal("0.1")), False),
        ("50", Split(A, TUESDAY, Decimal("0.5")), True),  # the wrong way round
        ("50", Split(B, TUESDAY, Decimal(2)), True),  # another symbol's
        ("50", Split(A, date(2012, 7, 11), Decimal(2)), True),  # another day's
        ("50", CashDividend(A, TUESDAY, Decimal("0.5")), True),  # a small one hides nothing
        ("40", CashDividend(A, TUESDAY, Decimal(60)), False),
        ("40", CashDividend(A, TUESDAY, Decimal(100)), True),  # all of it: surely wrong
    ],
)
def test_an_action_excuses_its_own_size(
    opened: str, action: CorporateAction | None, flagged: bool
) -> None:
    jumps = suspicious_jumps(bars(("99", "100"), (opened, None)), [action] if action else [])
    assert bool(jumps) is flagged


def test_a_split_on_a_session_without_a_bar_still_counts() -> None:
    monday, _, wednesday = bars(("99", "100"), ("1", "1"), ("50", "50"))
    assert suspicious_jumps([monday, wednesday], [Split(A, TUESDAY, Decimal(2))]) == ()


def test_a_jump_is_a_sentence() -> None:
    (jump,) = suspicious_jumps(bars(("99", "100"), ("10", None)), [])
    assert jump == Jump(A, TUESDAY, Decimal(100), Decimal(10))
    assert str(jump) == (
        "A opened at 10.00 on 2012-07-10, where its previous close and corporate actions"
        " lead to 100.00: an unlisted or wrong split?"
    )


def test_one_symbols_open_is_not_held_against_anothers_close() -> None:
    other = Bar(B, TUESDAY, Decimal(5), close=Decimal(5))
    assert suspicious_jumps([*bars(("99", "100")), other], []) == ()


def test_within_a_session_each_bar_follows_the_one_before_it() -> None:
    def hour(day: int, at: int, opened: str, closed: str | None) -> Bar:
        close = Decimal(closed) if closed else None
        return Bar(A, date(2012, 7, day), Decimal(opened), close=close, at=time(at))

    day = [hour(9, 10, "100", "101"), hour(9, 11, "101", "50"), hour(9, 12, "50", "51")]
    later = [hour(10, 10, "25", "25"), hour(10, 11, "25", None)]
    (jump,) = suspicious_jumps([*later, *reversed(day)], [])
    assert jump == Jump(A, TUESDAY, Decimal(51), Decimal(25))
    assert suspicious_jumps([*day, *later], [Split(A, TUESDAY, Decimal(2))]) == ()


prices = st.decimals("0.5", "2", places=4)
histories = st.lists(st.tuples(prices, st.none() | prices), min_size=2, max_size=12)
actions = st.lists(
    st.builds(Split, st.sampled_from([A, B]), st.dates(date(2012, 7, 8), date(2012, 7, 21)), prices)
)


@given(histories, actions, st.sampled_from([Decimal("1.8"), Decimal("1.05"), Decimal(2)]))
def test_the_quick_way_finds_what_the_definition_says(
    history: list[tuple[Decimal, Decimal | None]], known: list[Split], factor: Decimal
) -> None:
    days = [Bar(A, date(2012, 7, 9 + n), o, close=c) for n, (o, c) in enumerate(history)]
    expected = []
    for before, bar in pairwise(days):
        if before.close is None:
            continue
        close = before.close
        for split in sorted(known, key=lambda a: a.ex_date):
            if split.symbol == A and before.session < split.ex_date <= bar.session:
                close /= split.ratio
        if not close / factor <= bar.open <= close * factor:
            expected.append(Jump(A, bar.session, close, bar.open))
    assert suspicious_jumps(days, known, factor) == tuple(expected)
