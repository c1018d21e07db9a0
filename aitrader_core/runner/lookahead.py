"""Whether a stored model-day could have known the future: make it again with another one."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from aitrader_core import __version__
from aitrader_core.domain.market import Bar
from aitrader_core.domain.model_day import Manifest, ModelDay
from aitrader_core.domain.trail import TrailEntry
from aitrader_core.runner.comparing import scorer
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.remaking import Failure, remade
from aitrader_core.runner.replaying import calls_of, trader_of
from aitrader_core.simulation.feed import Feed
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.history import Record, records
from aitrader_core.storage.rows import entries_json

if TYPE_CHECKING:
    from aitrader_core.simulation.ticks import Ticks

_AHEAD = 5  # sessions after the one that is made again


def lookahead_faults(floor: Floor, per_model: int, seed: str) -> list[str]:
    """Of each model `per_model` stored days, drawn by `seed`: those whose decisions change.

    Days that were made under another configuration or price vintage are passed over.
    """
    faults = []
    for model in floor.arena.models:
        stored = floor.model_days.sessions(floor.arena.market, model)
        drawn = Random(f"{seed} {model}").sample(stored, min(per_model, len(stored)))
        faults += [
            fault for record in _kept(floor, model, drawn) if (fault := _fault(floor, record))
        ]
    return faults


def scrambled(tape: Tape, session: date, seed: str = "") -> Tape:
    """`tape` with other prices for all that is not known at the open of `session`'s last bar."""
    lot = Random(f"{seed} {session}")
    cut = max(moment for moment in tape.moments if moment[0] == session)
    bars = [
        bar if moment < cut else _other(bar, lot, keep_open=moment == cut)
        for moment, row in tape.bars.items()
        for bar in row.values()
    ]
    actions = [a for day in tape.actions.values() for a in day if a.ex_date <= session]
    return Tape(tape.sessions, bars, actions, depth=tape.depth, prices=tape.prices)


def _kept(floor: Floor, model: str, sessions: list[date]) -> Iterator[Record]:
    for session in sorted(sessions):
        span = floor.engine, floor.arena.market, model, session, session
        yield from records(*span, with_transcripts=True)


def _fault(floor: Floor, record: Record) -> str | None:
    day, trader = record.day, trader_of(floor, calls_of(floor, [record]), record)
    later = floor.arena.calendar.between(day.session, floor.arena.last_session)[: _AHEAD + 1]
    tape = floor.tape(day.session, later[-1])
    prices = tape.prices[day.session]
    feed = floor.feed(trader, day.session, day.manifest)
    made_of = {**trader.made_of, **(feed.made_of if feed else {})}
    now = Manifest(__version__, trader.config_hash, prices, made_of)
    if _premises(day.manifest) != _premises(now):
        return None
    cut = None
    if feed is not None:
        cut = _drawn_moment(feed, Random(f"{day.model} {day.session}"))
        feed = _otherwise_after(feed, cut)
    other = scrambled(tape, day.session)
    ((_, again),) = remade(floor.arena, other, [record], lambda _: trader, lambda *_: feed)
    told = f"{day.model} on {day.session} decides otherwise when the prices after it are others"
    if isinstance(again, Failure):
        return f"{told}: {again.reason}"
    if cut is not None:
        return None if _until(cut, again) == _until(cut, day) else f"{told}, from {cut} ns on"
    said, was_said = (entries_json(d.transcript) for d in (again, day))  # as it can be stored
    return None if again.blotter == day.blotter and said == was_said else told


def _premises(manifest: Manifest) -> Manifest:
    """Less what of it says only which backend was asked for."""
    agent = {name: v for name, v in manifest.agent.items() if name != "fallback"}
    return replace(manifest, agent={**agent, **scorer(agent)})


def _drawn_moment(feed: Feed, lot: Random) -> int:
    """A time within the session, in ns."""
    first = last = None
    for ticks in feed.chunks():
        first, last = first or int(ticks.received[0]), int(ticks.received[-1])
    assert first is not None
    assert last is not None
    return lot.randint(first, last)


def _otherwise_after(feed: Feed, cut: int) -> Feed:
    """Half the price and twice the size from there on; whoever looks for signals, looks again."""

    def chunks() -> "Iterator[Ticks]":
        for ticks in feed.chunks():
            later = ticks.received > cut
            less, more = 1 - 0.5 * later, 1 + later
            yield replace(
                ticks,
                price=ticks.price * less,
                volume=ticks.volume * more,
                bid=ticks.bid * less,
                bid_size=ticks.bid_size * more,
                ask=ticks.ask * less,
                ask_size=ticks.ask_size * more,
            )

    return replace(feed, chunks=chunks, signals=None)


def _until(cut: int, day: ModelDay) -> list[TrailEntry]:
    return [entry for entry in day.trail if entry.at <= cut]


def _other(bar: Bar, lot: Random, *, keep_open: bool) -> Bar:
    """Between a third and three times the price, the same number for the whole bar."""
    factor = Decimal(str(round(3 ** lot.uniform(-1, 1), 3)))
    high, low, close = (None if p is None else p * factor for p in (bar.high, bar.low, bar.close))
    opened = bar.open if keep_open else bar.open * factor
    return Bar(bar.symbol, bar.session, opened, high, low, close, bar.volume, bar.at)
