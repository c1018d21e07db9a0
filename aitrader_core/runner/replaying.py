"""Replays stored model-days with the agents that decided them, from what is on record alone."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import zip_longest

from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.comparing import (
    Difference,
    compare_ledgers,
    compare_transcripts,
    hint,
    scored_elsewhere,
)
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import Trader
from aitrader_core.runner.remaking import Failure, kept_together, remade
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.calls import CallsOnRecord
from aitrader_core.storage.history import Record

Told = Callable[[int, int], object]  # how many model-days are done, of how many


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one model: how many stored days, and the first difference of each that has
    one. `notes` are worth knowing and no difference."""

    model: str
    days: int
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    @property
    def identical(self) -> int:
        return self.days - len(self.differences)


def replay(
    floor: Floor,
    models: Sequence[str],
    first: date = date.min,
    last: date = date.max,
    request: str | None = None,
    told: Told = lambda *_: None,
) -> Iterator[Replayed]:
    """Decide every stored session of `models` again, from `first` to `last`; of one request only.

    A rule decides by itself, a language model by its kept calls: nobody else is asked.
    """
    stored = {model: _sessions(floor, model, first, last, request) for model in models}
    every = [session for sessions in stored.values() for session in sessions]
    if not every:
        yield from (Replayed(model, 0, ()) for model in models)
        return
    tape, done = floor.tape(min(every), max(every)), 0
    told(done, len(every))
    for model, sessions in stored.items():
        found, notes = [], Notes()
        for record, again in made_again(floor, tape, model, sessions, request):
            day, fault = record.day, difference(floor.arena, tape, record, again)
            found += [Difference(model, day.session, fault)] if fault else []
            notes.take(day, again)
            done += 1
            told(done, len(every))
        yield Replayed(model, len(sessions), tuple(found), notes.told)


def made_again(
    floor: Floor, tape: Tape, model: str, sessions: Sequence[date], request: str | None = None
) -> Iterator[tuple[Record, ModelDay | Failure]]:
    """The stored days of `sessions`, and what their agent makes of each of them now."""
    for kept in kept_together(floor, model, sessions, request):
        traders = partial(trader_of, floor, calls_of(floor, kept))
        yield from remade(floor.arena, tape, kept, traders, floor.feed)


def calls_of(floor: Floor, kept: Sequence[Record]) -> CallsOnRecord:
    """What days of one model, oldest first, were told by others."""
    first, last = kept[0].day, kept[-1].day
    entries = (entry for record in kept for entry in record.day.transcript)
    keys = {entry.id for entry in entries if entry.usage is not None and entry.id}
    span = floor.engine, first.market, first.model, first.session, last.session
    return CallsOnRecord(*span, keys)


def trader_of(floor: Floor, calls: CallsOnRecord, record: Record) -> Trader:
    """Who made the day, as the arena has the model now; what it asks is on record, or missed."""
    day = record.day
    known = calls.as_of(day.market, day.model, day.session, record.figures["stored_at"])
    return floor.trader(day.model, mode="replay", calls=known)


def difference(arena: Arena, tape: Tape, record: Record, again: ModelDay | Failure) -> str | None:
    """The first thing that the day made `again` has otherwise; None when it is the same."""
    fault = next(_compare(record, again), None)
    if fault is None:
        return next(_made_otherwise(record.day, again), None)
    now = again if isinstance(again, ModelDay) else None
    return f"{fault}{hint(arena, tape, record.day, now)}"


class Notes:
    """What days of one model were made with that is not here, and how many of them."""

    def __init__(self) -> None:
        self._days = Counter[str]()

    def take(self, day: ModelDay, again: ModelDay | Failure) -> None:
        if isinstance(again, ModelDay) and (elsewhere := scored_elsewhere(day, again)):
            self._days[f"{day.model} was scored {elsewhere}"] += 1

    @property
    def told(self) -> tuple[str, ...]:
        return tuple(f"{what}, on {days:,} of its days" for what, days in self._days.items())


def _sessions(floor: Floor, model: str, first: date, last: date, request: str | None) -> list[date]:
    stored = floor.model_days.sessions(floor.arena.market, model, request)
    return [session for session in stored if first <= session <= last]


def _compare(record: Record, again: ModelDay | Failure) -> Iterator[str]:
    """What was said comes first: the rest follows from it."""
    if isinstance(again, Failure):
        said = record.day.transcript
        for fault in compare_transcripts(said, again.entries, is_cut_off=True):
            yield f"{fault}; then: {again.reason}"
        yield f"cannot be replayed: {again.reason}"
        return
    yield from compare_transcripts(record.day.transcript, again.transcript)
    yield from compare_ledgers(record, again, with_usage=True)
    for was, now in zip_longest(record.day.trail, again.trail):
        if was != now:
            yield f"entry {(was or now).number} of its orders' trail is {was}, replayed {now}"
            return


def _made_otherwise(day: ModelDay, again: ModelDay | Failure) -> Iterator[str]:
    """Though nothing else differs."""
    if isinstance(again, ModelDay):
        was, now = day.manifest, again.manifest
        if was.prices != now.prices:
            yield f"was made from prices {was.prices}, now {now.prices}"
        if was.config != now.config:
            yield f"was made under the configuration {was.config}, now {now.config}"
