"""Stored model-days made again, each from its own opening."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.exc import InterfaceError, OperationalError

from aitrader_core.domain.errors import sentence
from aitrader_core.domain.model_day import Manifest, ModelDay
from aitrader_core.domain.transcript import Entry, Transcript
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.simulation.feed import Feed
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.venue import SimulatedVenue
from aitrader_core.storage.history import Record, records

_TOGETHER = 256  # sessions


@dataclass(frozen=True, slots=True)
class Failure:
    """A day that could not be made again, and what was said until then."""

    reason: str
    entries: Sequence[Entry]


def kept_together(
    floor: Floor, model: str, sessions: Sequence[date], request: str | None = None
) -> Iterator[list[Record]]:
    """The stored days of `sessions` with their transcripts, some at a time."""
    for at in range(0, len(sessions), _TOGETHER):
        first, last = sessions[at], sessions[min(at + _TOGETHER, len(sessions)) - 1]
        span = floor.engine, floor.arena.market, model, first, last, request
        if kept := records(*span, with_transcripts=True):
            yield kept


def no_feed(_trader: Trader, _session: date, _manifest: Manifest) -> None:
    """Where nobody trades on ticks."""


def remade(
    arena: Arena,
    tape: Tape,
    kept: Sequence[Record],
    trader_of: Callable[[Record], Trader],
    feed_of: Callable[[Trader, date, Manifest], Feed | None] = no_feed,
) -> Iterator[tuple[Record, ModelDay | Failure]]:
    """Each of `kept`, oldest first, with what `trader_of` it makes of its session now.

    `feed_of` gives the ticks to those who trade on them.
    """
    for run in _runs(arena, kept):
        venue: SimulatedVenue | None = None
        for record in run:
            venue = venue or SimulatedVenue(tape, arena.costs, record.day.session)
            said = Transcript()
            try:
                trader, day = trader_of(record), record.day
                feed = feed_of(trader, day.session, day.manifest)
                again = run_model_day(trader, venue, day.opening, said, feed)
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:  # whatever a model raises is its own failure
                venue = None  # it may stand in the middle of the session
                yield record, Failure(sentence(error), said.entries)
            else:
                yield record, again


def _runs(arena: Arena, kept: Sequence[Record]) -> Iterator[list[Record]]:
    """Consecutive sessions together: one venue can walk through them."""
    run: list[Record] = []
    for record in kept:
        if run and arena.calendar.next(run[-1].day.session) != record.day.session:
            yield run
            run = []
        run.append(record)
    if run:
        yield run
