"""A made-up session before the real one: what is compiled or loaded at its first use, is."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from math import sin
from pathlib import Path
from tempfile import TemporaryDirectory

from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.live_desk import LiveOpening, open_desk
from aitrader_core.runner.live_trail import TrailFile

_SESSION = date(2024, 1, 1)
_TRADES = 3_000


def rehearse(arena: Arena, model: str, trader: PatternTrader) -> int:
    """Play `trader` a feed of swinging prices; returns how many orders that led to."""
    from aitrader_core.market.ticks.stream import TickStream

    stream = TickStream("rehearsal", arena.symbols)
    opening = LiveOpening(Portfolio(arena.initial_cash), {})
    with TemporaryDirectory(prefix="aitrader-") as folder:
        trail = TrailFile(Path(folder) / "trail.jsonl")
        desk = open_desk(arena, model, trader, _SESSION, opening, TradingState.ACTIVE, trail)
        orders = 0
        for line in _lines(arena.symbols[0]):
            for tick in stream.ticks(line):
                orders += desk.session.on_tick(tick)
                desk.keep_trail()
        desk.close()
    return orders


def _lines(symbol: str) -> Iterator[bytes]:
    """A quote before each trade, four of them a second; up and down in some minutes."""
    began = int(datetime(_SESSION.year, 1, 1, tzinfo=UTC).timestamp()) * 10**9
    for number in range(1, _TRADES + 1):
        price = 100 + 10 * sin(number / 150) + sin(number * 7)
        volume = 1 + 50 * (number % 97 == 0)
        quote = {"e": "bookTicker", "u": number, "s": symbol}
        quote |= {"b": f"{price - 0.01:.2f}", "B": "1000", "a": f"{price + 0.01:.2f}", "A": "500"}
        trade = {"e": "trade", "s": symbol, "t": number, "p": f"{price:.2f}", "q": str(volume)}
        trade["m"] = number % 300 > 150
        for told in (quote, trade):
            yield f"{began + number * 250_000_000} {json.dumps({'data': told})}\n".encode()
