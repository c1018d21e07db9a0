"""Replays stored model-days from their own orders, and tells what comes out otherwise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, zip_longest

from aitrader_core.agents.replay import Replay
from aitrader_core.domain.errors import AitraderError
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.domain.orders import Fill, Order, Outcome, Refused
from aitrader_core.domain.transcript import NOTHING_USED
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.venue import SimulatedVenue
from aitrader_core.storage.history import Record, records
from aitrader_core.storage.rows import day_row, usage_row

# Of a row: not what a replay of its orders makes.
_IDENTITY = ("market", "model", "session", "manifest", *usage_row(NOTHING_USED))


@dataclass(frozen=True, slots=True)
class Difference:
    """One fault of one stored model-day."""

    model: str
    session: date
    fault: str

    def __str__(self) -> str:
        return f"{self.model} {self.session}: {self.fault}"


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
        replayed = (fault for run in _runs(floor, kept) for fault in _replay(floor, tape, run))
        found = sorted((*chain, *replayed), key=lambda difference: difference.session)
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
        for contradiction in record.contradictions:
            yield Difference(model, session, contradiction)


def _runs(floor: Floor, kept: Sequence[Record]) -> Iterator[list[Record]]:
    """Consecutive sessions together: one venue can walk through them."""
    run: list[Record] = []
    for record in kept:
        if run and floor.arena.calendar.next(run[-1].day.session) != record.day.session:
            yield run
            run = []
        run.append(record)
    if run:
        yield run


def _replay(floor: Floor, tape: Tape, run: Sequence[Record]) -> Iterator[Difference]:
    venue = SimulatedVenue(tape, floor.arena.costs, run[0].day.session)
    for record in run:
        day = record.day
        hint = _hint(floor, tape, day)
        try:
            again = run_model_day(_trader(floor, day), venue, day.opening)
        except AitraderError as error:
            yield Difference(day.model, day.session, f"cannot be replayed: {error}{hint}")
            continue
        if record.contradictions:
            continue  # what follows from them says nothing more
        for fault in _compare(record, again):
            yield Difference(day.model, day.session, fault + hint)


def _trader(floor: Floor, day: ModelDay) -> Trader:
    return Trader(day.market, day.model, Replay.of(day), floor.arena.rules, day.manifest.config)


def _compare(record: Record, again: ModelDay) -> Iterator[str]:
    day = record.day
    if day.adjustments != again.adjustments:
        yield f"adjustments are {_listed(day)}, replayed {_listed(again)}"
    for number, (was, now) in enumerate(zip_longest(day.blotter, again.blotter), 1):
        if not _same(was, now):
            yield f"order {number}, {_told(was.order)}, was {_came(was)}, replayed {_came(now)}"
    for symbol in sorted(day.closing.positions.keys() | again.closing.positions.keys()):
        if (held := day.closing.held(symbol)) != (now_held := again.closing.held(symbol)):
            yield (
                f"closes with {plain_quantity(held)} {symbol}, replayed {plain_quantity(now_held)}"
            )
    if day.marks != again.marks:
        yield from _marked(day, again)
    for name, value in day_row(again).items():
        if name not in _IDENTITY and record.figures[name] != value:
            yield f"{name} is {record.figures[name]}, replayed {value}"


def _marked(day: ModelDay, again: ModelDay) -> Iterator[str]:
    for was, now in zip_longest(day.marks, again.marks):
        if len(day.marks) > 1 and was != now:
            yield f"the mark {was} is {now} when replayed"


def _same(was: Outcome, now: Outcome) -> bool:
    """How a quantity was written is not stored: a reason that repeats it may read otherwise."""
    if isinstance(was, Refused) and isinstance(now, Refused):
        return was.reason == now.reason or was.reason.startswith("quantity ")
    return was == now


def _listed(day: ModelDay) -> str:
    changes = [
        f"{a.kind} {a.symbol or 'cash'} {a.quantity_change:+f}, cash {a.cash_change:+f}"
        for a in day.adjustments
    ]
    return "; ".join(changes) or "none"


def _told(order: Order) -> str:
    return f"{order.side} {plain_quantity(order.quantity)} {order.symbol}"


def _came(outcome: Outcome) -> str:
    if isinstance(outcome, Fill):
        return f"filled at {plain(outcome.price)}, commission {plain(outcome.commission)}"
    return f"refused ({outcome.reason})"


def _hint(floor: Floor, tape: Tape, day: ModelDay) -> str:
    """What has changed since the day was made, which may be the whole reason."""
    model = floor.arena.models.get(day.model)
    if (now := tape.prices[day.session]) != day.manifest.prices:
        return f" (made from prices {day.manifest.prices}, now {now})"
    if model is not None and model.config_hash != day.manifest.config:
        return " (made under another configuration)"
    return ""
