"""The stream that every engine replays: one symbol, seeded, shaped as a busy futures market is.

Of the recordings in ../shared/data/ticks it has what an engine's speed depends on: three quotes to
a trade, in bursts of some 14 and 4.5; most quotes change one size alone, one in fifty the prices,
by ten ticks or so; the spread is one tick but for one price in sixteen; half of the gaps are
microseconds, the others milliseconds. No two ticks are received in the same nanosecond, so that
who advances by time stops at each of them.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.market import Symbol
from aitrader_core.simulation.ticks import COLUMNS, QUOTE, TRADE, Ticks

SYMBOL = Symbol("BTCUSDT")
TICK, LOT = 0.1, 0.001  # steps of prices and sizes
DAY = date(2024, 8, 9)
FIRST = 1_723_161_600_000_000_000  # its start, ns since 1970 UTC
CHUNK = 1_000_000
MIDDLE = 617_000  # where the price starts, in ticks
FLOOR = 100_000  # where it turns back

Ints = NDArray[np.int64]


def chunks(seed: int, count: int, size: int = CHUNK) -> Iterator[Ticks]:
    """`count` ticks in chunks of `size`; the same ticks for the same arguments."""
    generator, at, bid = np.random.default_rng(seed), FIRST, MIDDLE
    for start in range(0, count, size):
        ticks, at, bid = _chunk(generator, min(size, count - start), at, bid)
        yield ticks


def write(file: Path, seed: int, count: int) -> None:
    """The columns of `Ticks` under their names, not compressed."""
    made = [chunk.columns for chunk in chunks(seed, count)]
    columns = (np.concatenate(parts) for parts in zip(*made, strict=True))
    named: dict[str, Any] = dict(zip(COLUMNS, columns, strict=True))
    np.savez(file, **named)


def _chunk(generator: np.random.Generator, count: int, at: int, bid: int) -> tuple[Ticks, int, int]:
    """Ticks after `at`, the price in ticks going on from `bid`; both as they are at the end."""
    kind = _kinds(generator, count)
    is_quote = kind == QUOTE
    changes = np.where(is_quote, generator.random(count), 1.0)  # what a quote changes
    changes[0], kind[0], is_quote[0] = 0.0, QUOTE, True
    moves = changes < 0.02
    bids, asks = _prices(generator, moves, bid)
    bid_size = _held(generator, moves | (changes < 0.51))
    ask_size = _held(generator, moves | ((changes >= 0.51) & is_quote))
    side = np.where(is_quote, 0, generator.choice((-1, 1), count)).astype(np.int8)
    received = at + np.cumsum(_gaps(generator, count))
    trade = np.where(side > 0, asks, bids) * TICK
    ticks = Ticks(
        symbols=(SYMBOL,),
        received=received,
        exchange=received - 2_000_000,
        symbol=np.zeros(count, np.int32),
        kind=kind,
        price=np.where(is_quote, np.nan, np.round(trade, 1)),
        volume=np.where(is_quote, 0.0, _sizes(generator, count, middle=0.016, spread=1.8)),
        bid=np.round(bids * TICK, 1),
        bid_size=bid_size,
        ask=np.round(asks * TICK, 1),
        ask_size=ask_size,
        side=side,
    )
    return ticks, int(received[-1]), int(bids[-1])


def _kinds(generator: np.random.Generator, count: int) -> NDArray[np.uint8]:
    """Bursts of quotes and of trades by turns."""
    bursts = 2 * (count // 18) + 20  # twice as many as the means below need
    lengths = generator.geometric(np.tile((1 / 14, 1 / 4.5), bursts))
    return np.repeat(np.tile(np.array((QUOTE, TRADE), np.uint8), bursts), lengths)[:count]


def _prices(
    generator: np.random.Generator, moves: NDArray[np.bool_], bid: int
) -> tuple[Ints, Ints]:
    """Bid and ask in ticks, after each tick."""
    count = int(moves.sum())
    steps = generator.choice((-1, 1), count) * generator.geometric(0.1, count)
    steps[0] = 0
    spreads = 1 + (generator.random(count) < 0.06) * generator.geometric(0.1, count)
    walk = np.abs(bid - FLOOR + np.cumsum(steps)) + FLOOR
    after = np.cumsum(moves) - 1
    return walk[after], (walk + spreads)[after]


def _held(generator: np.random.Generator, changed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """A size of its own for each change, kept until the next one."""
    sizes = _sizes(generator, int(changed.sum()), middle=2.0, spread=1.5)
    held: NDArray[np.float64] = sizes[np.cumsum(changed) - 1]
    return held


def _sizes(
    generator: np.random.Generator, count: int, *, middle: float, spread: float
) -> NDArray[np.float64]:
    drawn = generator.lognormal(np.log(middle), spread, count)
    return np.round(np.maximum(np.ceil(drawn / LOT), 1) * LOT, 3)


def _gaps(generator: np.random.Generator, count: int) -> Ints:
    """In ns: a burst goes on after microseconds, the next begins after milliseconds."""
    burst = generator.random(count) < 0.6
    mean = np.where(burst, 2_000, 10_000_000)
    return np.maximum(generator.exponential(mean), 1).astype(np.int64)
