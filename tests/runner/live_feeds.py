"""Feeds for live sessions, and a model that trades on them."""

import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from math import sin
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.market.ticks.playing import Line, Played, play
from aitrader_core.market.ticks.stream import TickStream
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.runner.arena import Arena, load_arena
from aitrader_core.runner.live import Live, Outlook
from aitrader_core.runner.live_desk import LiveDesk, LiveOpening, Session, open_desk, pattern_trader
from aitrader_core.runner.live_inlet import Inlet
from aitrader_core.runner.live_trail import TrailFile
from aitrader_core.runner.settings import project_root
from aitrader_core.simulation.ticks import COLUMNS, Tick, Ticks
from aitrader_core.storage.trading_states import Throw

BTC = Symbol("BTC-USDT")
MODEL = "pattern"
T0 = 1_723_161_600 * 10**9  # 2024-08-09 00:00 UTC
_TYPES = (np.int64, np.int64, np.int32, np.uint8, *[np.float64] * 6, np.int8)


def btc(changed: Callable[[PatternTrader], PatternTrader] = lambda t: t, **strategy: Any) -> Arena:
    """The arena of the project, its pattern model with another strategy if told so."""
    arena = load_arena(project_root() / "configs", "btc", {})
    trader = pattern_trader(arena, MODEL)
    agent = changed(replace(trader, strategy=replace(trader.strategy, **strategy)))
    return replace(arena, models={MODEL: replace(arena.models[MODEL], agent=agent)})


def lines(trades: int = 3_000) -> list[Line]:
    """Prices that swing, a quote before each trade, four of both a second."""
    told: list[Line] = []
    for n in range(1, trades + 1):
        at, price = T0 + n * 250_000_000, 60_000 + 900 * sin(n / 120) + 40 * sin(n * 7)
        told.append((at, _quote(at, n, price)))
        maker, size = ("true", 0.1) if n % 240 > 120 else ("false", 0.1 + 5 * (n % 97 == 0))
        event = f'"e":"trade","s":"BTCUSDT","t":{n},"p":"{price:.2f}","q":"{size}","m":{maker}'
        told.append((at, f'{at} {{"data":{{{event}}}}}\n'.encode()))
    return told


def _quote(at: int, n: int, price: float) -> bytes:
    event = f'"b":"{price - 1:.2f}","B":"0.4","a":"{price + 1:.2f}","A":"0.3"'
    return f'{at} {{"data":{{"e":"bookTicker","u":{n},"s":"BTCUSDT",{event}}}}}\n'.encode()


def stream_of(arena: Arena) -> TickStream:
    return TickStream("feed", arena.symbols, getattr(arena.ticks, "symbols", {}))


def ticks_of(arena: Arena, told: list[Line]) -> list[Tick]:
    return list(stream_of(arena).ticks(b"".join(line for _, line in told)))


def columns(arena: Arena, ticks: list[Tick]) -> Ticks:
    told = zip(*ticks, strict=True)
    arrays = [np.array(c, t) for c, t in zip(told, _TYPES, strict=True)]
    return Ticks(arena.symbols, **dict(zip(COLUMNS, arrays, strict=True)))


@dataclass
class Trading:
    """A live session on a folder of its own; its clock says a millisecond more each time."""

    arena: Arena
    folder: Path
    throw: Callable[[], Throw | None] = lambda: None
    session: Session | None = None  # in place of the model's own
    clock: Callable[[], int] = count(0, 1_000_000).__next__
    limit: int | None = None

    @property
    def trader(self) -> PatternTrader:
        return pattern_trader(self.arena, MODEL)

    @property
    def running(self) -> Live:
        """The one that was made last."""
        return self._made[-1]

    def __post_init__(self) -> None:
        self._made: list[Live] = []

    def opened(self, session: date, state: TradingState = TradingState.ACTIVE) -> LiveDesk:
        opening = LiveOpening(Portfolio(self.arena.initial_cash), {})
        trail = TrailFile(self.folder / "trail.jsonl")
        desk = open_desk(self.arena, MODEL, self.trader, session, opening, state, trail)
        return desk if self.session is None else replace(desk, session=self.session)

    def live(self, descriptor: int) -> Live:
        outlook = Outlook(self.opened, self.clock, self.throw, limit=self.limit)
        self._made.append(Live(stream_of(self.arena), Inlet(descriptor, self.clock), outlook))
        return self.running


@contextmanager
def as_file(data: bytes) -> Iterator[int]:
    """A descriptor that gives them, as `aitrader live --feed - < FILE` has one."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        yield file.fileno()


@dataclass
class Player:
    """Plays lines to one client as fast as it takes them, from a thread of its own."""

    told: Iterable[Line]
    sent: int = 0  # bytes
    played: Played | None = None

    @contextmanager
    def listening(self) -> Iterator[int]:
        """The port."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
            thread = Thread(target=self._play, args=(server,))
            thread.start()
            yield server.getsockname()[1]
            thread.join(30)
            assert not thread.is_alive()

    def _play(self, server: socket.socket) -> None:
        client, _ = server.accept()

        def send(data: bytes) -> None:
            client.sendall(data)
            self.sent += len(data)

        with client, suppress(ConnectionError):  # whoever listens may have enough of it
            self.played = play(self.told, send, None, time.monotonic_ns, time.sleep)
