"""Ticks as columns: what a pattern engine and a tick venue are fed with, chunk by chunk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from math import isnan
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.market import Symbol

TRADE, QUOTE = 1, 2  # kinds of tick
SMALLEST, LARGEST = 1e-18, 1e18  # of prices, volumes and sizes that can be true

# Columns of a watch, a row for each symbol: at which ticks a venue has to be asked.
WATCH_ANY = 0  # not 0: at any tick of the symbol
WATCH_TRADE_LOW, WATCH_ASK_LOW, WATCH_BID_LOW = 1, 2, 3  # at or below; -inf: never
WATCH_TRADE_HIGH, WATCH_BID_HIGH, WATCH_ASK_HIGH = 4, 5, 6  # at or above; inf: never
WATCH_COLUMNS = 7
NEVER = np.iinfo(np.int64).max  # as a time: at no tick


class Tick(NamedTuple):
    """One trade, or one change of the best bid and ask, with what is known of both after it.

    Times are in ns since 1970 UTC. `received` is the clock: when we could know. `exchange` is 0
    where it is not told. `symbol` is an index into the stream's symbols. A quote has no price
    (NaN) and no volume; `bid` and `ask` are NaN, their sizes 0, while they are not known. `side`
    is 1 when the buyer took, -1 when the seller did, 0 when it is not told.
    """

    received: int
    exchange: int
    symbol: int
    kind: int
    price: float
    volume: float
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    side: int


def is_possible(tick: Tick) -> bool:
    """Whether its values can be true: nothing is learnt from others, and nothing executed at them.

    Compiled, too (patterns/learning.py); every comparison with NaN is false.
    """
    if tick.kind == TRADE:
        if not (SMALLEST <= tick.price <= LARGEST and SMALLEST <= tick.volume <= LARGEST):
            return False
    elif tick.kind != QUOTE:
        return False
    if not (0.0 <= tick.bid_size <= LARGEST and 0.0 <= tick.ask_size <= LARGEST):
        return False
    bid = isnan(tick.bid) or SMALLEST <= tick.bid <= LARGEST  # NaN: not known
    ask = isnan(tick.ask) or SMALLEST <= tick.ask <= LARGEST
    return bid and ask


@dataclass(frozen=True, slots=True)
class Ticks:
    """A stretch of ticks, oldest first by `received`: columns of one length, as of `Tick`."""

    symbols: tuple[Symbol, ...]
    received: NDArray[np.int64]
    exchange: NDArray[np.int64]
    symbol: NDArray[np.int32]
    kind: NDArray[np.uint8]
    price: NDArray[np.float64]
    volume: NDArray[np.float64]
    bid: NDArray[np.float64]
    bid_size: NDArray[np.float64]
    ask: NDArray[np.float64]
    ask_size: NDArray[np.float64]
    side: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.received)

    def __getitem__(self, part: slice) -> "Ticks":
        return Ticks(self.symbols, *(column[part] for column in self.columns))

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        return tuple(getattr(self, name) for name in COLUMNS)

    def at(self, index: int) -> Tick:
        return Tick(*(column[index].item() for column in self.columns))

    def __iter__(self) -> Iterator[Tick]:
        return map(Tick._make, zip(*(column.tolist() for column in self.columns), strict=True))


COLUMNS = tuple(field.name for field in fields(Ticks) if field.name != "symbols")


def no_watch(symbols: int) -> NDArray[np.float64]:
    """A watch that stops nowhere."""
    watch = np.zeros((symbols, WATCH_COLUMNS))
    watch[:, WATCH_TRADE_LOW : WATCH_BID_LOW + 1] = -np.inf
    watch[:, WATCH_TRADE_HIGH : WATCH_ASK_HIGH + 1] = np.inf
    return watch


Chunks = Callable[[], Iterator[Ticks]]  # the ticks of one session, from its first one on
