"""The last trades of each symbol, as a network is shown them: in training as in trading."""

import math
from typing import Any, cast

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from aitrader_core.domain.errors import InputError
from aitrader_core.domain.market import Symbol
from aitrader_core.patterns.compiling import compiled
from aitrader_core.patterns.engine import Columns, columns_of
from aitrader_core.patterns.kernel import COLUMN_TYPES, ONE_TAKES, TABLE, sources
from aitrader_core.patterns.learning import possible
from aitrader_core.patterns.shown import LENGTH, VERSION
from aitrader_core.simulation.ticks import TRADE, Tick, Ticks

__all__ = ["LENGTH", "VERSION", "Windows", "normalised"]  # what training asks of us

_MOST = 8.0  # volatilities
_COUNT, _PRICES = 0, 1  # of a symbol's line in memory: trades so far; then each price twice


def _normalise(prices: Any, told: Any) -> None:
    """One return after the other: sums that are made at once depend on what is beside them."""
    count = prices.shape[0]
    last, before, squares = math.log(prices[count - 1]), math.log(prices[0]), 0.0
    for i in range(1, count):
        now = math.log(prices[i])
        squares += (now - before) * (now - before)
        before = now
    volatility = math.sqrt(squares / (count - 1))
    for i in range(count):
        moved = (math.log(prices[i]) - last) / volatility if volatility > 0.0 else 0.0
        told[i] = min(max(moved, -_MOST), _MOST)


_TELLS = [(types.float64[:], types.float32[:])]
_normalised = cast(Any, numba).guvectorize(_TELLS, "(n)->(n)", nopython=True, cache=True)(
    _normalise
)


def normalised(prices: NDArray[np.float64]) -> NDArray[np.float32]:
    """What a network is told of windows [..., 32] of prices above 0, oldest first.

    The logarithm of each price less that of the last one, in volatilities: by the standard
    deviation, about zero, of the window's log returns. At most 8 either way; 0 throughout where
    nothing moves. A window is told the same to the bit, whatever others come with it.
    """
    if not prices.ndim or prices.shape[-1] != LENGTH:
        raise InputError(f"a window is of {LENGTH} prices, not {prices.shape}")
    told: NDArray[np.float32] = _normalised(prices)
    return told


class Windows:
    """The last `LENGTH` trades of each symbol, by spans of ticks or tick by tick, to the same bit.

    Ticks with impossible values are no trades, as to the engine.
    """

    def __init__(self, symbols: tuple[Symbol, ...]) -> None:
        self._symbols = symbols
        self._memory = np.zeros((len(symbols), _PRICES + 2 * LENGTH))
        self._chunk: Ticks | None = None
        self._columns: Columns = ()

    def follow(self, ticks: Ticks, start: int, stop: int) -> None:
        """Ticks from `start` to before `stop`."""
        if ticks is not self._chunk:
            self._columns = columns_of(ticks, self._symbols)
            self._chunk = ticks
        _follow_all(self._memory, start, stop, *self._columns)

    def on_tick(self, tick: Tick) -> None:
        if tick.kind == TRADE and not _follow_one(self._memory, *tick):
            raise InputError(f"a tick is of symbol {tick.symbol}, there are {len(self._symbols)}")

    def window(self, symbol: int) -> NDArray[np.float64] | None:
        """Of the symbol of that index: prices, oldest first; None before there are enough."""
        count = int(self._memory[symbol, _COUNT])
        if count < LENGTH:
            return None
        start = _PRICES + count % LENGTH
        return self._memory[symbol, start : start + LENGTH].copy()


@compiled
def _keep(memory: Any, symbol: int, price: float) -> None:
    """Twice, so that the last ones always lie in a row."""
    at = _PRICES + int(memory[symbol, _COUNT]) % LENGTH
    memory[symbol, at] = price
    memory[symbol, at + LENGTH] = price
    memory[symbol, _COUNT] += 1.0


def _follow(
    memory: Any,
    start: int,
    stop: int,
    received: Any,
    exchange: Any,
    symbol: Any,
    kind: Any,
    price: Any,
    volume: Any,
    bid: Any,
    bid_size: Any,
    ask: Any,
    ask_size: Any,
    side: Any,
) -> None:
    for i in range(start, stop):
        if kind[i] != TRADE:
            continue
        tick = Tick(
            received[i],
            exchange[i],
            symbol[i],
            kind[i],
            price[i],
            volume[i],
            bid[i],
            bid_size[i],
            ask[i],
            ask_size[i],
            side[i],
        )
        if possible(tick):
            _keep(memory, tick.symbol, tick.price)


def _one(
    memory: Any,
    received: int,
    exchange: int,
    symbol: int,
    kind: int,
    price: float,
    volume: float,
    bid: float,
    bid_size: float,
    ask: float,
    ask_size: float,
    side: int,
) -> bool:
    """False where its symbol is none of ours."""
    if not 0 <= symbol < memory.shape[0]:
        return False
    tick = Tick(
        received,
        exchange,
        symbol,
        kind,
        price,
        volume,
        bid,
        bid_size,
        ask,
        ask_size,
        side,
    )
    if possible(tick):
        _keep(memory, symbol, price)
    return True


_INTEGER = types.int64
_FOLLOW_TAKES = types.void(TABLE, _INTEGER, _INTEGER, *COLUMN_TYPES)
for _function in (_follow, _one):
    _function.__qualname__ += f"_windows_{sources()}"
_follow_all = numba.njit(_FOLLOW_TAKES, error_model="numpy", cache=True, nogil=True)(_follow)
_follow_one = numba.njit(ONE_TAKES, error_model="numpy", cache=True)(_one)
