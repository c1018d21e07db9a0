"""What a network may learn from: the arena's prices up to the last session before its demo."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256

from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.market import Bar, CorporateAction, MarketView, Split
from aitrader_core.market.source import Wanted
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.taping import tape_of
from aitrader_core.simulation.tape import Playhead, Tape


@dataclass(frozen=True)
class History:
    """A tape that ends before the demo begins.

    `prices` are the source and its vintage, `digest` is the sha256 of the bars and actions on the
    tape, and `demo` the first session that nothing here may reach.
    """

    tape: Tape
    prices: str
    digest: str
    demo: date

    def views(self) -> Iterator[MarketView]:
        """Of every session, oldest first; each is good until the next one is asked for."""
        playhead = Playhead(self.tape, self.tape.sessions[0])
        for _ in self.tape.sessions:
            yield playhead.advance()


def history_of(arena: Arena) -> History:
    """From the arena's own price source, without a database.

    ConfigError for an arena without a demo, or one that begins with it.
    """
    if arena.demo is None or not (sessions := _before(arena, arena.demo[0])):
        raise ConfigError(
            f"the arena {arena.market} has no sessions before a demo: networks are trained on "
            "those, so that the demo shows what they never saw; give it a later `demo`"
        )
    last = sessions[-1]
    wanted = Wanted(arena.calendar, dict.fromkeys(arena.symbols, sessions), arena.is_intraday)
    # a source without editions names its vintage after this moment, the same whenever we train
    parts = list(arena.source.fetch(wanted, datetime.combine(last, time.max, UTC)))
    bars = [b for p in parts for b in p.bars if sessions[0] <= b.session <= last]
    actions = [a for p in parts for a in p.actions if sessions[0] <= a.ex_date <= last]
    prices = ", ".join(dict.fromkeys(f"{p.source} {p.vintage}" for p in parts))
    tape = tape_of(arena, sessions, bars, actions, dict.fromkeys(sessions, prices))
    return History(tape, prices, _digest(bars, actions), arena.demo[0])


def _before(arena: Arena, demo: date) -> tuple[date, ...]:
    return tuple(session for session in arena.sessions if session < demo)


def _digest(bars: list[Bar], actions: list[CorporateAction]) -> str:
    lines = [
        f"{b.symbol} {b.session} {b.at} {b.open} {b.high} {b.low} {b.close} {b.volume}"
        for b in bars
    ]
    for action in actions:
        size = action.ratio if isinstance(action, Split) else action.amount
        lines.append(f"{action.symbol} {action.ex_date} {type(action).__name__} {size}")
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()
