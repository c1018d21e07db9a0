"""The committed calendar is the exchange's own, and says so in sentences."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from aitrader_core.domain.errors import ConfigError, MarketDataError
from aitrader_core.market import calendars
from aitrader_core.market.calendar import Calendar, exchanges, file_name, load_calendar
from aitrader_core.market.calendars.generate import generate

XNYS, XSHG, ALWAYS = map(load_calendar, ("XNYS", "XSHG", "24/7"))

uses_exchange_calendars = pytest.mark.filterwarnings(
    "ignore:Series.values:DeprecationWarning"  # the library's own, under pandas 3.1
)


@uses_exchange_calendars
@pytest.mark.parametrize("exchange", exchanges())
def test_the_committed_file_is_what_the_library_gives(exchange: str) -> None:
    committed = Path(calendars.__path__[0]) / file_name(exchange)
    assert generate(exchange).encode() == committed.read_bytes()


@uses_exchange_calendars
@pytest.mark.parametrize("ours", [XNYS, XSHG, ALWAYS], ids=lambda c: c.exchange)
def test_the_sessions_are_the_exchanges_over_the_whole_horizon(ours: Calendar) -> None:
    import exchange_calendars

    theirs = exchange_calendars.get_calendar(ours.exchange, str(ours.first), str(ours.last))
    assert ours.sessions == tuple(stamp.date() for stamp in theirs.sessions)
    assert ours.timezone == str(theirs.tz)


def test_the_horizon_ends_where_holidays_are_no_longer_known() -> None:
    assert (XNYS.first, XNYS.last) == (date(2000, 1, 1), date(2030, 12, 31))
    assert (ALWAYS.first, ALWAYS.last) == (XNYS.first, XNYS.last)
    assert (XSHG.first, XSHG.last) == (date(2000, 1, 1), date(2026, 12, 31))
    assert XSHG.explain(date(2027, 1, 4)) == (
        "2027-01-04 is not an XSHG session (outside the calendar's horizon 2000-01-01..2026-12-31)"
    )


def test_shanghai_keeps_its_own_holidays() -> None:
    assert [d for d in range(1, 9) if XSHG.is_session(date(2025, 10, d))] == []
    assert XSHG.is_session(date(2025, 10, 9))
    assert XSHG.is_session(date(2025, 11, 27))  # Thanksgiving is not one
    assert not XSHG.is_session(date(2025, 1, 28))  # Spring Festival


@pytest.mark.parametrize(
    "closed",
    [
        *(date(2001, 9, day) for day in (11, 12, 13, 14)),
        *(date(2012, 10, day) for day in (29, 30)),  # hurricane Sandy
        date(2012, 7, 4),
        date(2021, 7, 5),  # the 4th is a Sunday
        date(2025, 1, 9),  # day of mourning
    ],
)
def test_a_closed_weekday_is_no_session(closed: date) -> None:
    assert closed.weekday() < 5
    assert not XNYS.is_session(closed)
    assert closed in XNYS.holidays


def test_previous_and_next_step_over_holidays_and_week_ends() -> None:
    assert XNYS.next(date(2001, 9, 10)) == date(2001, 9, 17)
    assert XNYS.previous(date(2001, 9, 17)) == date(2001, 9, 10)
    assert XNYS.previous(date(2012, 7, 4)) == date(2012, 7, 3)
    assert XNYS.next(date(2012, 7, 4)) == date(2012, 7, 5)
    assert XNYS.next(date(2013, 3, 1)) == date(2013, 3, 4)
    assert XNYS.previous(date(2000, 1, 3)) is None
    assert XNYS.next(XNYS.sessions[-1]) is None


def test_previous_undoes_next_on_every_session() -> None:
    for earlier, later in zip(XNYS.sessions, XNYS.sessions[1:], strict=False):
        assert XNYS.next(earlier) == later
        assert XNYS.previous(later) == earlier


def test_between_includes_both_ends() -> None:
    week = XNYS.between(date(2012, 7, 2), date(2012, 7, 6))
    assert [d.day for d in week] == [2, 3, 5, 6]
    assert XNYS.between(date(2012, 7, 4), date(2012, 7, 4)) == ()
    assert XNYS.between(XNYS.first, XNYS.last) == XNYS.sessions


@pytest.mark.parametrize(
    ("day", "sentence"),
    [
        (
            date(2012, 7, 4),
            "2012-07-04 is not an XNYS session (holiday);"
            " the nearest are 2012-07-03 and 2012-07-05",
        ),
        (
            date(2012, 7, 7),
            "2012-07-07 is not an XNYS session (week-end);"
            " the nearest are 2012-07-06 and 2012-07-09",
        ),
        (
            date(2000, 1, 1),
            "2000-01-01 is not an XNYS session (week-end); the nearest is 2000-01-03",
        ),
        (
            date(2031, 1, 2),
            "2031-01-02 is not an XNYS session"
            " (outside the calendar's horizon 2000-01-01..2030-12-31)",
        ),
        (date(2012, 7, 5), "2012-07-05 is an XNYS session"),
    ],
)
def test_explain(day: date, sentence: str) -> None:
    assert XNYS.explain(day) == sentence


def test_beyond_the_horizon_is_unknown_and_never_just_closed() -> None:
    beyond = XNYS.last + timedelta(days=1)
    assert not XNYS.is_session(beyond)
    for ask in (XNYS.previous, XNYS.next, lambda d: XNYS.between(date(2030, 1, 2), d)):
        with pytest.raises(MarketDataError, match="outside the calendar's horizon"):
            ask(beyond)


def test_a_market_that_never_closes_is_only_other_data() -> None:
    week_end = (date(2025, 11, 8), date(2025, 11, 9))
    assert ALWAYS.between(*week_end) == week_end
    assert ALWAYS.next(date(2024, 2, 28)) == date(2024, 2, 29)
    assert ALWAYS.timezone == "UTC"
    assert ALWAYS.explain(week_end[0]) == "2025-11-08 is a 24/7 session"
    assert ALWAYS.explain(date(2031, 1, 1)) == (
        "2031-01-01 is not a 24/7 session (outside the calendar's horizon 2000-01-01..2030-12-31)"
    )


def test_an_unknown_exchange_is_told_what_there_is() -> None:
    with pytest.raises(ConfigError, match=r"no calendar 'XNSY'; available: 24/7, XNYS, XSHG"):
        load_calendar("XNSY")
