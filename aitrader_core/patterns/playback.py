"""Signals that are known already, given again at the ticks that they came of."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.signals import Located, Signal
from aitrader_core.patterns.engine import Columns, Step, columns_of
from aitrader_core.patterns.kernel import ASK, BID, LAST, follow
from aitrader_core.simulation.ticks import Ticks


class Playback:
    """In the place of an engine, whose signals of the same ticks it was given.

    It looks for no patterns: it follows the prices, and stops where an engine would have. Chunk by
    chunk alone: who gets one tick at a time does not know them yet.
    """

    def __init__(self, signals: Sequence[Located], symbols: tuple[Symbol, ...]) -> None:
        self._signals, self._symbols = signals, symbols
        self._next = 0  # of the signals
        self._prices = np.full((len(symbols), 3), np.nan)
        self._chunk: Ticks | None = None
        self._columns: Columns = ()
        self._before = 0  # ticks before the chunk

    def advance(self, ticks: Ticks, start: int, wake_at: int, watch: NDArray[np.float64]) -> Step:
        """As `Engine.advance`."""
        if ticks is not self._chunk:
            self._turn_to(ticks)
        due = self._due()
        stop = min(due - self._before + 1, len(ticks))
        end, watched = follow(self._prices, watch, wake_at, start, stop, *self._columns)
        is_there = self._before + end == due + 1
        return Step(end, self._taken() if is_there else None, watched)

    def last_price(self, symbol: int) -> float:
        return float(self._prices[symbol, LAST])

    def last_bid(self, symbol: int) -> float:
        return float(self._prices[symbol, BID])

    def last_ask(self, symbol: int) -> float:
        return float(self._prices[symbol, ASK])

    def _turn_to(self, ticks: Ticks) -> None:
        self._before += 0 if self._chunk is None else len(self._chunk)
        self._chunk, self._columns = ticks, columns_of(ticks, self._symbols)

    def _due(self) -> int:
        """The index of the tick that gives the next signal; past the end when there is none."""
        if self._next == len(self._signals):
            return np.iinfo(np.int64).max - 1
        return self._signals[self._next].tick

    def _taken(self) -> Signal:
        self._next += 1
        return self._signals[self._next - 1].signal
