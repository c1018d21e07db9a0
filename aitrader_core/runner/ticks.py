"""An arena's ticks: brought from its source, kept a session at a time, and played to its models."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.signals import Located
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.market.ticks.source import TickSource
from aitrader_core.simulation.feed import Feed

if TYPE_CHECKING:  # numpy and pyarrow are for those who have ticks
    from aitrader_core.market.ticks.findings import Findings
    from aitrader_core.market.ticks.store import TickStore
    from aitrader_core.runner.floor import Floor


@dataclass(frozen=True, slots=True)
class KeptTicks:
    """A session's ticks as they are stored now."""

    session: date
    name: str
    count: int
    findings: "Findings"


def tick_store(floor: "Floor") -> "TickStore":
    from aitrader_core.market.ticks.store import TickStore

    return TickStore(folder(floor, "ticks"))


def folder(floor: "Floor", what: str) -> Path:
    """Where the arena's `what` is kept."""
    if floor.home is None:
        raise MarketDataError(f"the {floor.arena.market} arena has no folder for its {what}")
    return floor.home / what / floor.arena.market


def tick_sessions(floor: "Floor") -> Sequence[date]:
    """Sessions of the arena that its source has ticks of, oldest first."""
    arena = floor.arena
    known = frozenset(_source(floor).sessions())
    return [session for session in arena.sessions if session in known]


def keep_ticks(floor: "Floor", session: date) -> KeptTicks:
    """Read the session from the arena's source and store it, in place of what is stored of it.

    MarketDataError where the source has none, TickFileError for a file that can't be read.
    """
    with tick_store(floor).alone(session):
        return _keep(floor, session)


def kept_ticks(floor: "Floor", session: date) -> "TickStore":
    """The store, with the session in it: read from the source if it was not there yet."""
    store = tick_store(floor)
    if session not in store.sessions():
        with store.alone(session):  # models of other runs want it, too
            if session not in store.sessions():
                _keep(floor, session)
    return store


def _keep(floor: "Floor", session: date) -> KeptTicks:
    from aitrader_core.market.ticks.making import make_ticks

    recording = _source(floor).load(session, floor.arena.symbols)
    made = make_ticks(recording)
    if not len(made.ticks):
        raise MarketDataError(_none(floor, session, made.findings))
    name = tick_store(floor).write(session, recording, [made.ticks], made.findings)
    return KeptTicks(session, name, len(made.ticks), made.findings)


def feed_of(
    floor: "Floor",
    model: str,
    session: date,
    state: TradingState,
    signals: Sequence[Located] | None = None,
) -> Feed:
    """The session's ticks for `model`, on the terms of the arena's venue."""
    store = kept_ticks(floor, session)
    kept = store.kept(session)
    return Feed(
        kept.symbols,
        lambda: store.read(session),
        floor.arena.venue,
        kept.name,
        session_key=f"{floor.arena.market}|{model}|{session}",
        trading=state,
        signals=signals,
        quoted=kept.quotes > 0,
    )


def _source(floor: "Floor") -> TickSource:
    if floor.arena.ticks is None:
        raise MarketDataError(
            f"the {floor.arena.market} arena has no ticks: its file names none under `ticks`"
        )
    return floor.arena.ticks


def _none(floor: "Floor", session: date, findings: "Findings") -> str:
    """What is wrong with its files, where that is why."""
    none = f"{_source(floor).name} has no ticks of {session} for the {floor.arena.market} arena"
    if findings.faults:
        first = next(finding for finding in findings if finding.kind.is_fault)
        return f"{none}: of its files is told {findings}, first {first}"
    there = tick_sessions(floor)
    if not there:
        return f"{none}; it has none at all"
    if session in there:
        return f"{none}, though its files are of that session: see them with aitrader ticks check"
    return f"{none}; those that it has begin with {there[0]} and end with {there[-1]}"
