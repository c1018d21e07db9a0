"""A live session of a pattern model: from a feed's bytes to orders, and how long that takes."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import chain
from typing import TYPE_CHECKING

from aitrader_core.domain.errors import InputError
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.runner.latencies import Latencies
from aitrader_core.runner.live_desk import LiveDesk
from aitrader_core.runner.live_inlet import Clock, Inlet
from aitrader_core.storage.trading_states import Throw

if TYPE_CHECKING:  # numpy is for those who have ticks
    from aitrader_core.market.ticks.stream import TickStream
    from aitrader_core.simulation.ticks import Tick

PATIENCE = 0.2  # seconds that we wait for bytes before we look around
LOOK = 1_000_000_000  # ns from one look at the kill switch to the next
_TRADE = 1  # simulation.ticks: TRADE


class LiveEnding(StrEnum):
    """Why a live session is over."""

    FEED_ENDED = "feed_ended"
    SESSION_OVER = "session_over"  # a tick of the next session came
    HALTED = "halted"  # by the kill switch
    TIME_LIMIT = "time_limit"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Outlook:
    """What a live session asks of the world around it, between reads.

    `open_desk` is called with the session of the first tick, `throw` then and once a second: it
    tells the throw of the kill switch that is in force. `interrupted` and `show` are called after
    each read, or a moment without one. `limit` is in ns.
    """

    open_desk: Callable[[date, TradingState], LiveDesk]
    clock: Clock
    throw: Callable[[], Throw | None] = lambda: None
    interrupted: Callable[[], bool] = lambda: False
    show: Callable[["Live"], None] = lambda _: None
    limit: int | None = None


@dataclass
class Measured:
    """Times in ns. `to_order` counts from the arrival of a tick's bytes to its order leaving,
    `per_tick` from the end of one tick to that of the next, or from where its bytes were read;
    `per_order` is the part of those whose ticks led to an order.

    `behind` is the most that we were behind the receive times that the feed tells.
    """

    began: int
    to_order: Latencies = field(default_factory=Latencies)
    per_tick: Latencies = field(default_factory=Latencies)
    per_order: Latencies = field(default_factory=Latencies)
    ticks: int = 0
    ended: int = 0
    behind: int = 0

    @property
    def seconds(self) -> float:
        return (self.ended - self.began) / 1e9


class Live:
    """One session, from the first tick of a feed to its end."""

    def __init__(self, stream: "TickStream", inlet: Inlet, outlook: Outlook) -> None:
        self.stream, self.inlet, self.outlook = stream, inlet, outlook
        self.measured = Measured(outlook.clock())
        self.desk: LiveDesk | None = None
        self.ending: LiveEnding | None = None
        self.prices: dict[int, float] = {}  # of the last trades, by symbol
        self._until = 0  # when the session is over, as the feed tells time
        self._zero = 0  # our clock less the feed's, at the first tick
        self._state = TradingState.ACTIVE

    def run(self) -> LiveEnding:
        """Trade until something ends it, if only an error; then what is open expires."""
        clock = self.outlook.clock
        looked = self.measured.began = clock()
        try:
            with _little_garbage():
                while self.ending is None:
                    self._read()
                    if (now := clock()) - looked >= LOOK:
                        looked = now
                        self._look()
                    self.ending = self.ending or self._asked_to_end(now)
                    self.outlook.show(self)
        finally:
            self.measured.ended = clock()
            if self.desk is not None:
                self.desk.close()
        return self.ending

    def _asked_to_end(self, now: int) -> LiveEnding | None:
        limit = self.outlook.limit
        if self.outlook.interrupted():
            return LiveEnding.INTERRUPTED
        if limit is not None and now - self.measured.began >= limit:
            return LiveEnding.TIME_LIMIT
        return None

    def _read(self) -> None:
        data = self.inlet.read(PATIENCE)
        if data:
            self._take(self.stream.ticks(data))
        elif data is not None:
            self.stream.end()
            self.ending = LiveEnding.FEED_ENDED

    def _take(self, ticks: Iterator["Tick"]) -> None:
        if self.desk is None:
            first = next(ticks, None)
            if first is None:
                return
            self.desk = self._opened(first)
            ticks = chain((first,), ticks)
        self._trade(ticks, self.desk)

    def _opened(self, first: "Tick") -> LiveDesk:
        from aitrader_core.market.ticks.recording import DAY, session_of

        throw = self.outlook.throw()
        if throw is not None and throw.state is TradingState.HALTED:
            raise InputError(f"trading is halted ({throw.reason}): see `aitrader trading`")
        self._state = TradingState.ACTIVE if throw is None else throw.state
        desk = self.outlook.open_desk(session_of(first.received), self._state)
        self._until = (first.received // DAY + 1) * DAY
        self._zero = self.outlook.clock() - first.received
        return desk

    def _trade(self, ticks: Iterable["Tick"], desk: LiveDesk) -> None:
        """The hot path. While we are here nobody reads, and who sends may have to wait."""
        clock, arrived, measured = self.outlook.clock, self.inlet.arrived, self.measured
        on_tick, per_tick, prices = desk.session.on_tick, measured.per_tick.add, self.prices
        before = clock()
        received, until = 0, self._until
        for tick in ticks:
            received = tick.received
            if received >= until:
                self.ending = LiveEnding.SESSION_OVER
                break
            sent = on_tick(tick)
            now = clock()
            measured.ticks += 1
            per_tick(now - before)
            if sent:
                measured.to_order.add(now - arrived)
                measured.per_order.add(now - before)
            before = now
            desk.keep_trail()
            if tick.kind == _TRADE:
                prices[tick.symbol] = tick.price
        if received:
            measured.behind = max(measured.behind, before - received - self._zero)

    def _look(self) -> None:
        """Is the kill switch thrown?"""
        if self.desk is None:
            return
        throw = self.outlook.throw()
        if throw is not None and throw.state is not self._state:
            self.desk.session.kill(throw.state, throw.reason, self.stream.received)
            self._state = throw.state
            if throw.state is TradingState.HALTED:
                self.ending = LiveEnding.HALTED
        self.desk.keep_trail()
        self.desk.trail.sync()


@contextmanager
def _little_garbage() -> Iterator[None]:
    """What is there already is no garbage: to look through all of it takes 200 ms, at any time."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
