"""Stored model-days and the same ones made again: what comes out otherwise, and where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest

from aitrader_core.agents.llm.calls import first_difference
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.domain.orders import Fill, Order, Outcome, Refused
from aitrader_core.domain.transcript import NOTHING_USED, Entry
from aitrader_core.runner.arena import Arena
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.history import Record
from aitrader_core.storage.rows import (
    day_row,
    entries_json,
    storable_quantity,
    storable_text,
    usage_row,
)

_USED = (*usage_row(NOTHING_USED), "total_tokens", "total_dollars")
_OF_NETWORKS = ("network", "backend", "precision", "device", "versions", "engine")  # RunnerInfo
_IDENTITY = ("market", "model", "session", "manifest")  # of a row: no figures


@dataclass(frozen=True, slots=True)
class Difference:
    """One fault of one stored model-day."""

    model: str
    session: date
    fault: str

    def __str__(self) -> str:
        return f"{self.model} {self.session}: {self.fault}"


def hint(arena: Arena, tape: Tape, day: ModelDay, again: ModelDay | None = None) -> str:
    """What has changed since the day was made, which may be the whole reason."""
    model = arena.models.get(day.model)
    if (now := tape.prices[day.session]) != day.manifest.prices:
        return f" (made from prices {day.manifest.prices}, now {now})"
    if model is not None and model.config_hash != day.manifest.config:
        return " (made under another configuration)"
    if again is not None and (elsewhere := scored_elsewhere(day, again)):
        return f" (scored {elsewhere})"
    return ""


def scorer(agent: Mapping[str, str]) -> dict[str, str]:
    """Who scored, by what a manifest says of its agent: a backend that was asked for and did not
    run it does not count, nor why."""
    told = {name: agent[name] for name in _OF_NETWORKS if name in agent}
    return told | ({"backend": told["backend"].split()[-1]} if "backend" in told else {})


def scored_elsewhere(was: ModelDay, now: ModelDay) -> str | None:
    """What ran its network then and now, where they differ: the last digit may, too."""
    then, here = scorer(was.manifest.agent), scorer(now.manifest.agent)
    changed = [
        f"{name} {then.get(name, 'none')}, now {here.get(name, 'none')}"
        for name in _OF_NETWORKS
        if then.get(name) != here.get(name)
    ]
    return f"with {'; '.join(changed)}" if changed else None


def compare_ledgers(record: Record, again: ModelDay, *, with_usage: bool = False) -> Iterator[str]:
    """Adjustments, orders, holdings, marks and figures; what its calls took where asked for."""
    day = record.day
    if day.adjustments != again.adjustments:
        yield f"adjustments are {_listed(day)}, replayed {_listed(again)}"
    for number, (was, now) in enumerate(zip_longest(day.blotter, again.blotter), 1):
        if was is None or now is None or not _same(was, now):
            yield _ordered(number, was, now)
    for symbol in sorted(day.closing.positions.keys() | again.closing.positions.keys()):
        if (held := day.closing.held(symbol)) != (now_held := again.closing.held(symbol)):
            yield (
                f"closes with {plain_quantity(held)} {symbol}, replayed {plain_quantity(now_held)}"
            )
    if day.marks != again.marks:
        yield from _marked(day, again)
    left_out = _IDENTITY if with_usage else (*_IDENTITY, *_USED)
    for name, value in day_row(again).items():
        if name not in left_out and record.figures[name] != value:
            yield f"{name} is {record.figures[name]}, replayed {value}"


def compare_transcripts(
    was: Sequence[Entry], now: Sequence[Entry], *, is_cut_off: bool = False
) -> Iterator[str]:
    """What was said, entry by entry, as it is stored; `is_cut_off` where `now` did not get on."""
    calls = 0
    for number, (a, b) in enumerate(
        zip_longest(entries_json(was), entries_json(now), fillvalue=None), 1
    ):
        if b is None and is_cut_off:
            return
        entry = a or b or {}
        calls += "usage" in entry
        if a is None or b is None:
            there = f"{entry['role']}: {str(entry['text'])[:80]!r}"
            was_there, is_there = ("not there", there) if a is None else (there, "not there")
            yield f"entry {number} was {was_there}, is {is_there}"
        elif a != b:
            call = f", call {calls}" if "usage" in entry else ""
            yield f"entry {number} ({entry['role']}{call}): {first_difference(a, b)}"


def _ordered(number: int, was: Outcome | None, now: Outcome | None) -> str:
    if was is None or now is None:
        there = was or now
        what = f"{_told(there.order)}, {_came(there)}" if there else ""
        return f"order {number} {f'is new: {what}' if was is None else f'is gone: {what}'}"
    if _wish(was.order) != _wish(now.order):
        return (
            f"order {number} was {_told(was.order)}, {_came(was)}, "
            f"replayed {_told(now.order)}, {_came(now)}"
        )
    return f"order {number}, {_told(was.order)}, was {_came(was)}, replayed {_came(now)}"


def _marked(day: ModelDay, again: ModelDay) -> Iterator[str]:
    for was, now in zip_longest(day.marks, again.marks):
        if len(day.marks) > 1 and was != now:
            yield f"the mark {was} is {now} when replayed"


def _same(was: Outcome, now: Outcome) -> bool:
    """How a quantity was written is not stored: a reason that repeats it may read otherwise."""
    if isinstance(was, Refused) and isinstance(now, Refused):
        reason = storable_text(now.reason)
        is_same = was.reason == reason or was.reason.startswith("quantity ")
        return is_same and _wish(was.order) == _wish(now.order)
    return was == now


def _wish(order: Order) -> tuple[object, ...]:
    """As it is stored."""
    return storable_text(order.symbol), order.side, storable_quantity(order.quantity)


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
