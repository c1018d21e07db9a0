"""Patterns on a stream of ticks, tick by tick or in chunks: the same signals, bit for bit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.errors import InputError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.signals import Signal
from aitrader_core.patterns.kernel import ATR, PRICE, RSI, SAID, SCORE, VWAP, kernel_for
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.patterns.records import ROW, clear, set_terms, words
from aitrader_core.patterns.saved import check, digest, pack, unpack
from aitrader_core.simulation.ticks import COLUMNS, NEVER, Tick, Ticks, no_watch

_AT_ONCE = 1024  # signals found in a chunk before they are told

Columns = tuple[NDArray[Any], ...]
_TYPES = ("i8", "i8", "i4", "u1", "f8", "f8", "f8", "f8", "f8", "f8", "i1")  # of COLUMNS


@dataclass(frozen=True, slots=True)
class Step:
    """Where an advance stopped: before `next`, the index of the first tick not processed."""

    next: int
    signal: Signal | None
    watched: bool


class Engine:
    """Holds what is known of each symbol; of the ticks it keeps the last chunk and no more.

    Ticks with impossible values are counted and change nothing, whatever watches them.
    """

    def __init__(self, parameters: PatternParameters, symbols: tuple[Symbol, ...]) -> None:
        self.parameters, self.symbols = parameters, symbols
        kernel = kernel_for(parameters.weights)
        self._patterns, self._drive, self._one = kernel.patterns, kernel.drive, kernel.one
        told, found = words(kernel.terms), SAID + len(self._patterns)
        self._memory = np.zeros((1 + len(symbols), max(words(ROW), told + found)))
        self._terms = self._memory[0, :told].view(kernel.terms)
        self._found_alone = self._memory[0, told : told + found]
        self._rows = self._memory[1:, : words(ROW)].view(ROW)[:, 0]
        set_terms(self._terms, parameters, self._patterns)
        clear(self._rows)
        self._prices, self._bids, self._asks = (self._rows[n] for n in ("price", "bid", "ask"))
        self._signals = 0
        self._found = np.zeros((_AT_ONCE, found))
        self._found_at = np.zeros(_AT_ONCE, np.int64)
        self._no_watch = no_watch(len(symbols))
        self._chunk: Ticks | None = None
        self._columns: Columns = ()

    def on_tick(self, tick: Tick) -> Signal | None:
        found = self._one(self._memory, *tick)
        if not found:
            return None
        if found < 0:
            raise InputError(f"a tick is of symbol {tick.symbol}, there are {len(self.symbols)}")
        return self._signal(self._found_alone, tick.received, tick.symbol)

    def run(self, ticks: Ticks) -> list[Signal]:
        """The signals of a chunk; what was learnt is carried over to the next."""
        return [signal for _, signal in self.located(ticks)]

    def located(self, ticks: Ticks) -> list[tuple[int, Signal]]:
        """As `run`, each with the index of its tick in the chunk."""
        signals: list[tuple[int, Signal]] = []
        start, end = 0, len(ticks)
        while start < end:
            start, count, _ = self._driven(ticks, start, NEVER, self._no_watch, self._found_at)
            signals += [
                (int(self._found_at[line]), self._signal_of(ticks, line)) for line in range(count)
            ]
        return signals

    def advance(self, ticks: Ticks, start: int, wake_at: int, watch: NDArray[np.float64]) -> Step:
        """Process `ticks` from `start` on until something happens.

        Stops before the first tick received at or after `wake_at`, after the tick that gave a
        signal, and after one that `watch` (symbols x WATCH_COLUMNS) matches.
        """
        if watch.shape != self._no_watch.shape or watch.dtype != np.float64:
            told = f"{watch.shape} {watch.dtype}"
            raise InputError(f"a watch is {told}, not {self._no_watch.shape} float64")
        end, count, watched = self._driven(ticks, start, wake_at, watch, self._found_at[:1])
        return Step(end, self._signal_of(ticks, 0) if count else None, watched)

    def last_price(self, symbol: int) -> float:
        """Of the last trade of the symbol of that index; NaN before the first."""
        return float(self._prices.item(symbol))

    def last_bid(self, symbol: int) -> float:
        """NaN while it is not known."""
        return float(self._bids.item(symbol))

    def last_ask(self, symbol: int) -> float:
        """NaN while it is not known."""
        return float(self._asks.item(symbol))

    def skipped(self, symbol: int) -> int:
        """How many of the symbol's ticks were left out because of impossible values."""
        return int(self._rows["skipped"][symbol])

    def save(self) -> bytes:
        """All that `resume` needs."""
        return pack({**self._header(), "signals": self._signals}, self._rows.tobytes())

    @classmethod
    def resume(
        cls, parameters: PatternParameters, symbols: tuple[Symbol, ...], saved: bytes
    ) -> "Engine":
        """Go on where `save` was called. Raises InputError when it does not fit or is broken."""
        engine = cls(parameters, symbols)
        header, rows = unpack(saved)
        check(header, engine._header())
        engine._signals = header["signals"]
        engine._rows[:] = np.frombuffer(rows, ROW)
        return engine

    def _header(self) -> dict[str, Any]:
        return {
            "parameters": self.parameters.digest,
            "symbols": list(self.symbols),
            "patterns": list(self._patterns),
            "record": digest(repr(ROW.descr).encode()),
        }

    def _driven(
        self,
        ticks: Ticks,
        start: int,
        wake_at: int,
        watch: NDArray[np.float64],
        found_at: NDArray[np.int64],
    ) -> tuple[int, int, bool]:
        if ticks is not self._chunk:
            self._columns = columns_of(ticks, self.symbols)
            self._chunk = ticks
        return self._drive(
            self._rows,
            self._terms,
            self._found,
            found_at,
            watch,
            wake_at,
            start,
            *self._columns,
        )

    def _signal_of(self, ticks: Ticks, line: int) -> Signal:
        at = int(self._found_at[line])
        return self._signal(self._found[line], int(ticks.received[at]), int(ticks.symbol[at]))

    def _signal(self, found: NDArray[np.float64], received: int, symbol: int) -> Signal:
        self._signals += 1
        told = found.tolist()
        features = dict(zip(self._patterns, told[SAID:], strict=True))
        return Signal(
            self._signals,
            self.symbols[symbol],
            received,
            told[PRICE],
            told[SCORE],
            told[ATR],
            {**features, "rsi": told[RSI], "vwap": told[VWAP]},
        )


def columns_of(ticks: Ticks, symbols: tuple[Symbol, ...]) -> Columns:
    """Columns as the kernel was compiled for, copied only where they are not."""
    if ticks.symbols != symbols:
        raise InputError(f"ticks of {ticks.symbols} for an engine of {symbols}")
    columns = tuple(
        np.require(column, dtype, ("C", "W", "A"))
        for column, dtype in zip(ticks.columns, _TYPES, strict=True)
    )
    if any(column.shape != (len(ticks),) for column in columns):
        raise InputError("the columns of ticks differ in length")
    of = columns[COLUMNS.index("symbol")]
    if len(of) and not 0 <= of.min() <= of.max() < len(symbols):
        raise InputError(f"ticks are of symbols that are not among the {len(symbols)}")
    return columns
