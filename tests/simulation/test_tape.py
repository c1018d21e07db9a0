"""A playhead reveals one session at a time; a gap on the tape is an error, a new listing is not."""

from datetime import date
from decimal import Decimal

import pytest

from aitrader_core.domain.errors import MarketDataError, MissingBar
from aitrader_core.domain.market import Bar, MarketView, Split
from aitrader_core.simulation.tape import Playhead, Tape
from tests.simulation.tapes import A, B, tape_of, weekdays

D = Decimal
DAYS = weekdays(6)
TAPE = tape_of({A: "10/11 12/13 14/15 16/17 18/19 20/?"}, depth=3)


def view_at(tape: Tape, session: date) -> MarketView:
    return Playhead(tape, session).advance()


def test_a_view_has_the_open_of_today_and_nothing_else_of_it() -> None:
    view = view_at(TAPE, DAYS[3])
    assert (view.session, view.previous_session) == (DAYS[3], DAYS[2])
    assert view.opens == {A: D(16)}
    assert all(bar.session < DAYS[3] for row in view.past.rows for bar in row.values())


def test_the_past_is_the_sessions_before_oldest_first() -> None:
    view = view_at(TAPE, DAYS[4])
    assert [bar.session for bar in view.history(A, 3)] == DAYS[1:4]
    assert view.closes(A, 2) == [D(15), D(17)]


def test_the_first_session_of_a_tape_has_no_past() -> None:
    view = view_at(TAPE, DAYS[0])
    assert view.previous_session is None
    assert (view.history(A, 3), view.last(A)) == ([], None)


def test_walking_on_appends_the_session_that_closed() -> None:
    playhead = Playhead(TAPE, DAYS[1])
    seen = [playhead.advance().closes(A, 3) for _ in range(3)]
    assert seen == [[D(11)], [D(11), D(13)], [D(11), D(13), D(15)]]


def test_a_week_end_is_not_missing() -> None:
    friday, monday = DAYS[4], DAYS[5]
    assert (monday - friday).days == 3
    assert view_at(TAPE, monday).previous_session == friday


def test_a_listed_symbol_without_a_bar_is_an_error_that_names_it() -> None:
    tape = tape_of({A: "10 11 12", B: "20 21 -"})
    playhead = Playhead(tape, DAYS[1])
    playhead.advance()
    with pytest.raises(MissingBar, match=f"BBB has no bar on {DAYS[2]} in the prices handmade"):
        playhead.advance()


def test_the_gap_is_seen_by_a_run_that_starts_on_it() -> None:
    with pytest.raises(MissingBar, match="BBB"):
        view_at(tape_of({A: "10 11", B: "20 -"}), DAYS[1])


def test_a_symbol_may_be_listed_later() -> None:
    tape = tape_of({A: "10 11 12", B: "- 21/22 23"})
    first, later = view_at(tape, DAYS[1]), view_at(tape, DAYS[2])
    assert first.symbols == [A, B]
    assert first.last(B) is None
    assert later.closes(B, 5) == [D(22)]
    assert view_at(tape, DAYS[0]).symbols == [A]


def test_a_split_counts_from_its_ex_date() -> None:
    split = Split(A, DAYS[2], D(2))
    tape = tape_of({A: "10 12 6 7"}, [split])
    playhead = Playhead(tape, DAYS[1])
    assert playhead.advance().closes(A, 2) == [D(10)]
    assert playhead.advance().closes(A, 2) == [D(5), D(6)]
    assert playhead.advance().closes(A, 3) == [D(5), D(6), D(6)]


def test_the_tape_ends() -> None:
    playhead = Playhead(TAPE, DAYS[5])
    playhead.advance()
    with pytest.raises(MarketDataError, match=f"the tape ends on {DAYS[5]}"):
        playhead.advance()


@pytest.mark.parametrize("day", [date(2023, 12, 29), date(2024, 1, 6), date(2024, 1, 9)])
def test_a_session_that_is_not_on_the_tape(day: date) -> None:
    with pytest.raises(MarketDataError, match=f"{day} is not among the 6 on the tape"):
        Playhead(TAPE, day)


def test_bars_may_come_in_any_order() -> None:
    bars = [Bar(A, day, D(n)) for n, day in enumerate(DAYS, 1)]
    shuffled = Tape(DAYS, bars[::-1], depth=3)
    assert view_at(shuffled, DAYS[4]).history(A, 3) == bars[1:4]
