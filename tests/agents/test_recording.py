"""A recording is read as it was written, or refused with file, line and the way out."""

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from aitrader_core.agents.agent import Terms
from aitrader_core.agents.recorded import Recorded
from aitrader_core.agents.recording import Recording, read_recording
from aitrader_core.domain.errors import RecordingError
from aitrader_core.domain.market import DAILY
from aitrader_core.domain.orders import Order, Side
from tests.agents.recordings import line, write
from tests.simulation.tapes import A, B, C

D = Decimal
OPENING = line("2024-01-01", 1000)
BOUGHT = line("2024-01-01", 900, ("buy", A, 10), {A: 10})


def test_records_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        OPENING,
        "",
        line("2024-01-01", 74.7007000000001, ("buy", A, 10), {A: 10, B: 0}),
        line("2024-01-02", "1,433.3300", ("sell_crypto", A, "0.25"), {A: "9.75"}),
        line("2024-01-03", 5, ("no_trade", "", 0), {A: 9.75}),
    )
    recording = read_recording(path)
    found = [(r.line, r.session, r.at, r.order, r.cash, r.positions) for r in recording.records]
    assert found == [
        (1, date(2024, 1, 1), DAILY, None, 1000, {}),
        (3, date(2024, 1, 1), DAILY, Order(A, Side.BUY, D(10)), D("74.7007"), {A: 10}),
        (
            4,
            date(2024, 1, 2),
            DAILY,
            Order(A, Side.SELL, D("0.25")),
            D("1433.33"),
            {A: D("9.75")},
        ),
        (5, date(2024, 1, 3), DAILY, None, 5, {A: D("9.75")}),
    ]
    assert not recording.is_intraday
    assert recording.place(recording.records[1]) == "position.jsonl:3"


def test_a_time_makes_it_intraday(tmp_path: Path) -> None:
    stamped = line("2024-01-01 10:30:00", 900, ("buy", A, 10), {A: 10})
    recording = read_recording(write(tmp_path, OPENING, stamped))
    assert recording.is_intraday
    assert recording.records[1].moment == (date(2024, 1, 1), time(10, 30))


def test_a_file_that_was_written_on_is_read_again(tmp_path: Path) -> None:
    assert len(read_recording(write(tmp_path, OPENING)).records) == 1
    assert len(read_recording(write(tmp_path, OPENING, BOUGHT)).records) == 2


BAD: dict[str, tuple[list[str], str]] = {
    "empty": ([], ": is empty: a recording begins with its opening state"),
    "blank": (["", "  "], ": is empty: a recording begins with its opening state"),
    "an action first": (
        ["", BOUGHT],
        ":2: is an action: a recording begins with its opening state, which has no this_action",
    ),
    "truncated": (
        [OPENING, BOUGHT[:-20]],
        ":2: is not a whole JSON object (column 112: Unterminated string starting at): was the "
        "file cut off? Remove or complete the line",
    ),
    "no date": ([OPENING, '{"positions": {"CASH": 1}}'], ":2: has no 'date': complete the line"),
    "no positions": (
        [OPENING, '{"date": "2024-01-01"}'],
        ":2: has no 'positions': complete the line",
    ),
    "no cash": (
        ['{"date": "2024-01-01", "positions": {}}'],
        ":1: has no 'CASH': complete the line",
    ),
    "no amount": (
        [
            OPENING,
            '{"date": "2024-01-01", "positions": {"CASH": 1}, '
            '"this_action": {"action": "buy", "symbol": "AAA"}}',
        ],
        ":2: has no 'amount': complete the line",
    ),
    "an unknown action": (
        [OPENING, line("2024-01-01", 900, ("short", A, 10))],
        ":2: action is 'short', known are buy, sell, buy_crypto, sell_crypto, no_trade: correct "
        "the line",
    ),
    "a date without a time among times": (
        [OPENING, line("2024-01-01 10:30:00", 1), line("2024-01-02", 1)],
        ":3: a date without and a date with a time are in one recording: split it in two",
    ),
    "a date with a time among dates": (
        [OPENING, line("2024-01-01", 1), line("2024-01-02", 1), line("2024-01-02 10:30:00", 1)],
        ":4: a date without and a date with a time are in one recording: split it in two",
    ),
    "a date that is a number": (
        ['{"date": 20240101, "positions": {"CASH": 1}}'],
        ":1: date is 20240101, not a text such as 2025-10-02 or 2025-10-02 10:00:00: "
        "correct the line",
    ),
    "a date that is none": (
        [line("yesterday!", 1)],
        ":1: Invalid isoformat string: 'yesterday!': correct the line",
    ),
    "cash that is not a number": (
        [OPENING, '{"date": "2024-01-01", "positions": {"CASH": NaN}}'],
        ":2: NaN is not a number: correct the line",
    ),
    "a quantity without end": (
        [OPENING, '{"date": "2024-01-01", "positions": {"AAA": -Infinity, "CASH": 1}}'],
        ":2: -Infinity is not a number: correct the line",
    ),
    "an amount of nothing": (
        [OPENING, line("2024-01-01", 1, ("buy", A, None))],
        ":2: None is not a number: correct the line",
    ),
    "an amount that is a word": (
        [OPENING, line("2024-01-01", 1, ("buy", A, "ten"))],
        ":2: 'ten' is not a number: correct the line",
    ),
    "an amount that is written as no number": (
        [OPENING, line("2024-01-01", 1, ("buy", A, "NaN"))],
        ":2: 'NaN' is not a number: correct the line",
    ),
    "cash beyond all money": (
        [OPENING, '{"date": "2024-01-01", "positions": {"CASH": 1e60}}'],
        ":2: 1E+60 is too large for a ledger: correct the line",
    ),
    "cash beyond all numbers": (
        [OPENING, '{"date": "2024-01-01", "positions": {"CASH": -1e9999999}}'],
        ":2: -1E+9999999 is too large for a ledger: correct the line",
    ),
    "a list": ([OPENING, "[]"], ":2: the line is not a JSON object: correct the line"),
    "positions that are a list": (
        [OPENING, '{"date": "2024-01-01", "positions": []}'],
        ":2: positions is not a JSON object: correct the line",
    ),
    "an action that is a word": (
        [OPENING, '{"date": "2024-01-01", "positions": {"CASH": 1}, "this_action": "buy"}'],
        ":2: this_action is not a JSON object: correct the line",
    ),
}  # fmt: skip


def refused(path: Path) -> str:
    with pytest.raises(RecordingError) as error:
        read_recording(path)
    told = str(error.value)
    assert told.startswith(f"{path}:")
    return told.removeprefix(str(path))


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_told_by_its_line(tmp_path: Path, fault: str) -> None:
    lines, sentence = BAD[fault]
    assert refused(write(tmp_path, *lines)) == sentence


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "gone.jsonl"
    assert refused(path) == ": there is no such file: correct the model's `file`"


def test_a_folder(tmp_path: Path) -> None:
    assert refused(tmp_path) == ": is a folder: name the position.jsonl in it"


def test_a_file_of_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "position.jsonl"
    path.write_bytes(OPENING.encode() + b"\n\xff\xfe\n")
    assert refused(path) == ": is not UTF-8 text (invalid start byte): save it so"


CHECKS: dict[str, tuple[list[str], bool, str | None]] = {
    "daily in a daily arena": ([OPENING, BOUGHT], False, None),
    "daily in an intraday arena": (
        [OPENING, BOUGHT],
        True,
        ":2: this is a recording of daily bars, and the arena has intraday ones",
    ),
    "intraday in a daily arena": (
        [OPENING, line("2024-01-01 10:30:00", 1), line("2024-01-02 10:30:00", 1)],
        False,
        ":3: this is a recording of intraday bars, and the arena has daily ones",
    ),
    "intraday in an intraday arena": ([OPENING, line("2024-01-01 10:30:00", 1)], True, None),
    "a trade of a foreign symbol": (
        [OPENING, BOUGHT, line("2024-01-02", 1, ("sell", C, 1))],
        False,
        ":3: CCC is not among the arena's symbols: add it there, or is this another market's "
        "recording?",
    ),
    "a foreign symbol in the opening state": (
        [line("2024-01-01", 1, held={C: 1}), BOUGHT],
        False,
        ":1: CCC is not among the arena's symbols: add it there, or is this another market's "
        "recording?",
    ),
    "none of a foreign symbol": ([line("2024-01-01", 1, held={C: 0}), BOUGHT], False, None),
}


@pytest.mark.parametrize("what", CHECKS)
def test_a_recording_suits_its_arena(tmp_path: Path, what: str) -> None:
    lines, is_intraday, sentence = CHECKS[what]
    agent = Recorded(write(tmp_path, *lines))
    if sentence is None:
        agent.check(Terms([A, B], is_intraday=is_intraday, is_offline=False))
        return
    with pytest.raises(RecordingError) as error:
        agent.check(Terms([A, B], is_intraday=is_intraday, is_offline=False))
    assert str(error.value) == f"{agent.file}{sentence}"


def test_the_recording_is_part_of_the_configuration(tmp_path: Path) -> None:
    agent = Recorded(write(tmp_path, OPENING))
    before = agent.fingerprint
    assert before == Recorded(agent.file, "as_recorded").fingerprint
    write(tmp_path, OPENING, BOUGHT)
    assert agent.fingerprint != before
    assert Recorded(tmp_path / "gone").fingerprint == "unreadable"


# Which records are due --------------------------------------------------------------------------


@pytest.fixture
def due(tmp_path: Path) -> Callable[[str | None, str], list[int]]:
    """The lines that are due at one day's open, when the bar before is of another day."""
    days = ("2024-01-01", "2024-01-01", "2024-01-02", "2024-01-06", "2024-01-08", "2024-01-05")
    recording: Recording = read_recording(write(tmp_path, *(line(day, 1) for day in days)))

    def of(after: str | None, now: str) -> list[int]:
        before = None if after is None else (date.fromisoformat(after), DAILY)
        return [r.line for r in recording.due(before, (date.fromisoformat(now), DAILY))]

    return of


DUE: dict[str, tuple[str | None, str, list[int]]] = {
    "the opening state is no action": (None, "2024-01-01", [2]),
    "a session": ("2024-01-01", "2024-01-02", [3]),
    "what was recorded on a week-end": ("2024-01-05", "2024-01-08", [4, 5]),
    "in the order of the file": ("2024-01-03", "2024-01-08", [4, 5, 6]),
    "a start in the middle": (None, "2024-01-08", [5]),
    "a session without a record": ("2024-01-02", "2024-01-03", []),
    "after the end": ("2024-01-08", "2024-01-09", []),
}


@pytest.mark.parametrize("what", DUE)
def test_what_is_due(due: Callable[[str | None, str], list[int]], what: str) -> None:
    after, now, lines = DUE[what]
    assert due(after, now) == lines
