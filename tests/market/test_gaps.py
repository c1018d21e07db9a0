"""Gaps are missing sessions, never week-ends; jumps are unexplained moves, never splits."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.market import Bar, CashDividend, CorporateAction, Split, Symbol
from aitrader_core.market.calendar import load_calendar
from aitrader_core.market.gaps import Jump, find_gaps, suspicious_jumps

XNYS = load_calendar("XNYS")
A, B = Symbol("A"), Symbol("B")
NASDAQ_100 = Path(__file__).parents[2].parent / "shared/data/us_daily/merged.jsonl"


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
        "A opened at 10 on 2012-07-10, where its previous close and corporate actions"
        " lead to 100.00: an unlisted or wrong split?"
    )


def test_one_symbols_open_is_not_held_against_anothers_close() -> None:
    other = Bar(B, TUESDAY, Decimal(5), close=Decimal(5))
    assert suspicious_jumps([*bars(("99", "100")), other], []) == ()


@pytest.mark.skipif(not NASDAQ_100.exists(), reason="../shared/data is absent")
def test_the_unadjusted_split_of_orly_is_the_only_jump_of_the_nasdaq_100() -> None:
    history = nasdaq_100()
    assert len({bar.symbol for bar in history}) == 101
    orly = Symbol("ORLY")
    (jump,) = suspicious_jumps(history, [])
    assert (jump.symbol, jump.session) == (orly, date(2025, 6, 10))
    assert suspicious_jumps(history, [Split(orly, jump.session, Decimal(15))]) == ()


def nasdaq_100() -> list[Bar]:
    return [
        Bar(
            Symbol(stock["Meta Data"]["2. Symbol"]),
            date.fromisoformat(day),
            Decimal(row["1. buy price"]),
            close=Decimal(row["4. sell price"]) if "4. sell price" in row else None,
        )
        for stock in map(json.loads, NASDAQ_100.read_text().splitlines())
        for day, row in stock["Time Series (Daily)"].items()
    ]
