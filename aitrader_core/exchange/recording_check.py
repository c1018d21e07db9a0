"""What a recording holds that our rules, prices and calendar do not: nothing is stored."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from aitrader_core.agents.recorded import REPORTER, Recorded
from aitrader_core.agents.recorded_log import logs_in, read_log
from aitrader_core.agents.recording import Recording, read_recording, recording_faults
from aitrader_core.domain.errors import AitraderError, RecordingError
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.money import ZERO
from aitrader_core.exchange.in_memory import traded
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.requests import check_prices

Lines = Sequence[tuple[int, dict[str, Any]]]  # by their numbers in the file, as they are there
_KEYS = ("date", "id", "this_action", "positions")
_ACTION_KEYS = ("action", "symbol", "amount")


@dataclass(frozen=True, slots=True)
class Finding:
    """One discrepancy: `kind` is a word, `place` a session or a line of the file."""

    kind: str
    place: str
    what: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a recording comes to when it is followed, and everything that is not as it should be.

    `faults` are what it can't be imported with; there are no `days` then. `drift` is the largest
    difference of cash that was taken for one of binary floating point.
    """

    faults: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    records: int = 0
    days: tuple[ModelDay, ...] = ()
    drift: Decimal = ZERO

    @property
    def span(self) -> tuple[date, date]:
        """The sessions that it covers."""
        return self.days[0].session, self.days[-1].session


def check(floor: Floor, file: Path, logs: Path | None = None) -> Checked:
    """Follow the recording through the desk on the arena's stored prices.

    JobError where the arena lacks prices for it.
    """
    arena = floor.arena
    if faults := (*recording_faults(file), *_log_faults(logs)):
        return Checked(tuple(faults))
    recording = read_recording(file)
    if faults := tuple(_misplaced(arena, recording)):
        return Checked(faults)
    sessions = _sessions(arena, recording)
    if not sessions:
        first, last = recording.records[0].session, recording.records[-1].session
        return Checked(
            (
                f"{file}: is of {first} to {last}, and the {arena.market} arena has the sessions "
                f"{arena.first_session} to {arena.last_session}: is this another market's?",
            )
        )
    check_prices(floor, sessions)
    tape = floor.tape(sessions[0], sessions[-1])
    days: list[ModelDay] = []
    broken: list[str] = []
    try:
        agent = Recorded(file, "as_recorded", logs)
        days += traded(arena, tape, agent, file.parent.parent.name, sessions)
    except AitraderError as error:
        broken = [str(error)]
    lines = _lines(file)
    findings = (
        *_of_lines(recording, lines),
        *_of_sessions(arena, recording, sessions),
        *(_of_logs(recording, logs, sessions) if logs else ()),
        *(finding for day in days for finding in _of_day(day)),
    )
    return Checked(
        tuple(broken), findings, len(recording.records), tuple(days), _drift(lines, days)
    )


def _log_faults(logs: Path | None) -> Iterator[str]:
    if logs is None:
        return
    try:
        found = logs_in(logs)
    except RecordingError as error:
        yield str(error)
        return
    for _, path in found:
        try:
            read_log(path)
        except RecordingError as error:
            yield str(error)


def _misplaced(arena: Arena, recording: Recording) -> Iterator[str]:
    """What makes it another arena's."""
    place = f"{recording.path}:{recording.records[-1].line}"
    if recording.is_intraday != arena.is_intraday:
        has, wants = ("intraday", "daily") if recording.is_intraday else ("daily", "intraday")
        yield f"{place}: this is a recording of {has} bars, and the arena has {wants} ones"
    unlisted = {symbol: record for record, symbol in recording.unlisted(set(arena.symbols))}
    for symbol, record in sorted(unlisted.items()):
        yield (
            f"{recording.path}:{record.line}: {symbol} is not among the arena's symbols: add it "
            "there, or is this another market's recording?"
        )


def _sessions(arena: Arena, recording: Recording) -> Sequence[date]:
    """From its opening to the session in which its last record is traded."""
    days = [record.session for record in recording.records]
    end = next((s for s in arena.sessions if s >= max(days)), arena.last_session)
    return [s for s in arena.sessions if min(days) <= s <= end]


def _of_lines(recording: Recording, lines: Lines) -> Iterator[Finding]:
    """What the file says against itself, or says otherwise than AI-Trader does."""
    ids = ((number, raw.get("id")) for number, raw in lines)
    numbers = [(number, found if isinstance(found, int) else str(found)) for number, found in ids]
    many = {number for number, times in Counter(n for _, n in numbers).items() if times > 1}
    before: object = None
    for line, number in numbers:
        place = f"{recording.path.name}:{line}"
        if number in many:
            yield Finding("id", place, f"the id {number} is there more than once")
        elif isinstance(before, int) and number != before + 1:
            yield Finding("id", place, f"the id {number} follows {before}")
        before = number
    yield from _of_keys(recording, lines)
    earlier = recording.records[0]
    traded_in = {record.moment for record in recording.records if record.order}
    for record in recording.records[1:]:
        place = recording.place(record)
        if record.moment < earlier.moment:
            yield Finding("order", place, f"is of {record.session}, after {earlier.session}")
        if record.order is None and record.moment in traded_in:
            yield Finding("nothing", place, "says that nothing is traded in a bar that has a trade")
        if record.order is not None and not record.order.quantity:
            what = f"{record.order.side} of 0 {record.order.symbol} is recorded as a trade"
            yield Finding("nothing", place, what)
        earlier = record


def _of_keys(recording: Recording, lines: Lines) -> Iterator[Finding]:
    for number, raw in lines:
        action = raw.get("this_action") or {}
        if more := [*(raw.keys() - set(_KEYS)), *(action.keys() - set(_ACTION_KEYS))]:
            what = f"has the key {sorted(more)[0]}, which is left out"
            yield Finding("format", f"{recording.path.name}:{number}", what)
    moved = [number for number, raw in lines if list(raw) != [key for key in _KEYS if key in raw]]
    if moved:
        what = f"and {len(moved) - 1} more have their keys in another order" if moved[1:] else ""
        place = f"{recording.path.name}:{moved[0]}"
        yield Finding("format", place, what or "has its keys in another order")


def _lines(path: Path) -> Lines:
    lines = enumerate(path.read_text().splitlines(), 1)
    return [(n, json.loads(line, parse_float=Decimal)) for n, line in lines if line.strip()]


def _of_sessions(arena: Arena, recording: Recording, sessions: Sequence[date]) -> Iterator[Finding]:
    opening, *actions = recording.records
    if not arena.calendar.is_session(opening.session):
        what = f"opens on {opening.session}, which is no session"
        yield Finding("calendar", recording.place(opening), what)
    for record in actions:
        if not sessions[0] <= record.session <= sessions[-1]:
            what = f"is of {record.session}, outside of the arena's sessions"
            yield Finding("calendar", recording.place(record), what)
        elif not arena.calendar.is_session(record.session):
            what = f"is of {record.session}, which is no session"
            yield Finding("calendar", recording.place(record), what)
    told = {record.session for record in actions}
    begun = [s for s in sessions if told and min(told) <= s <= max(told)]
    for session in begun:
        if session not in told:
            yield Finding("gap", str(session), "is a session without a record")


def _of_logs(recording: Recording, logs: Path, sessions: Sequence[date]) -> Iterator[Finding]:
    acted = {record.session for record in recording.records[1:]}
    logged = {session for (session, _), _ in logs_in(logs)}
    for session in sorted(logged - set(sessions)):
        yield Finding("log", str(session), "has a log and is no session of the recording")
    for session in sorted((logged & set(sessions)) - acted):
        yield Finding("log", str(session), "has a log and no record")
    for session in sorted(acted - logged):
        yield Finding("log", str(session), "has records and no log")


def _of_day(day: ModelDay) -> Iterator[Finding]:
    """What our rules and prices have against it."""
    session = str(day.session)
    for refused in day.refusals:
        yield Finding("refused", session, refused.reason)
    for reason in dict.fromkeys(c.reason or "" for c in day.corrections):
        yield Finding("corrected", session, reason)
    for entry in day.transcript:
        if entry.role == REPORTER:
            yield Finding("reported", session, entry.text)


def _cash(raw: dict[str, Any]) -> Decimal:
    return Decimal(str(raw["positions"]["CASH"]).replace(",", ""))


def _drift(lines: Lines, days: Sequence[ModelDay]) -> Decimal:
    """The largest, at the close of any session."""
    closes = {str(day.session): day.closing.cash for day in days}
    last = {raw["date"][:10]: _cash(raw) for _, raw in lines}
    moved = (abs(cash - closes[session]) for session, cash in last.items() if session in closes)
    return max(moved, default=ZERO)
