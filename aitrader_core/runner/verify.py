"""Replays stored model-days from their own orders, and tells what comes out otherwise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from aitrader_core.agents.replay import Replay
from aitrader_core.domain.errors import AitraderError
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.runner.comparing import Difference, compare_ledgers, hint
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import Trader
from aitrader_core.runner.remaking import Failure, remade
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.history import Record, records


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of one model: how many stored days were replayed, and what differs."""

    model: str
    days: int
    differences: tuple[Difference, ...]


def verify(
    floor: Floor, models: Sequence[str], first: date = date.min, last: date = date.max
) -> Iterator[Verified]:
    """Replay every stored session of `models` from `first` to `last`."""
    market = floor.arena.market
    stored = {model: records(floor.engine, market, model, first, last) for model in models}
    sessions = [record.day.session for kept in stored.values() for record in kept]
    if not sessions:
        yield from (Verified(model, 0, ()) for model in models)
        return
    tape = floor.tape(min(sessions), max(sessions))
    for model, kept in stored.items():
        everything = floor.model_days.sessions(market, model)
        chain = _chain(floor, model, everything, kept)
        found = sorted(
            (*chain, *_replay(floor, tape, kept)), key=lambda difference: difference.session
        )
        yield Verified(model, len(kept), tuple(found))


def _chain(
    floor: Floor, model: str, everything: Sequence[date], kept: Sequence[Record]
) -> Iterator[Difference]:
    """No session missing between the first and the last, and each opens with the one before."""
    calendar, before = floor.arena.calendar, {b: a for a, b in pairwise(everything)}
    for record in kept:
        session, after = record.day.session, record.day.opening.after
        if session in before:
            for missing in calendar.between(before[session], session)[1:-1]:
                yield Difference(model, missing, "is not stored, though later sessions are")
        if after != before.get(session):
            fault = f"opens after {after or 'nothing'}, not after {before.get(session, 'nothing')}"
            yield Difference(model, session, fault)
        for contradiction in (*record.contradictions, *_trailed(record)):
            yield Difference(model, session, contradiction)


def _trailed(record: Record) -> Iterator[str]:
    """The trail of its orders, told again from the opening, ends in its close."""
    day = record.day
    if record.contradictions or not day.trail:
        return
    from aitrader_core.execution.trail import replay

    state = TradingState(day.manifest.agent["trading"])
    try:
        told = replay(day.trail, day.opening.portfolio, state).portfolio
    except AitraderError as error:
        yield str(error)
        return
    if told != day.closing:
        yield f"the trail of its orders ends with {told}, it closes with {day.closing}"


def _replay(floor: Floor, tape: Tape, kept: Sequence[Record]) -> Iterator[Difference]:
    for record, again in remade(floor.arena, tape, kept, lambda record: _trader(floor, record.day)):
        day, because = record.day, hint(floor.arena, tape, record.day)
        if isinstance(again, Failure):
            fault = f"cannot be replayed: {again.reason}{because}"
            yield Difference(day.model, day.session, fault)
            continue
        if record.contradictions:
            continue  # what follows from them says nothing more
        for fault in compare_ledgers(record, again):
            yield Difference(day.model, day.session, fault + because)


def _trader(floor: Floor, day: ModelDay) -> Trader:
    return Trader(day.market, day.model, Replay.of(day), floor.arena.rules, day.manifest.config)
