"""From ticks to scores, compiled once for a set of patterns, for batches and for single ticks."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple, cast

import numba
import numpy as np
from numba import types

from aitrader_core.patterns import compiling, learning, records, standard
from aitrader_core.patterns.compiling import compiled, within
from aitrader_core.patterns.learning import learn, possible
from aitrader_core.patterns.records import ROW, Row, Terms, terms_of, words
from aitrader_core.patterns.standard import STANDARD, Pattern, registered
from aitrader_core.simulation import ticks
from aitrader_core.simulation.ticks import (
    NEVER,
    TRADE,
    WATCH_ANY,
    WATCH_ASK_HIGH,
    WATCH_ASK_LOW,
    WATCH_BID_HIGH,
    WATCH_BID_LOW,
    WATCH_TRADE_HIGH,
    WATCH_TRADE_LOW,
    Tick,
)

LAST, BID, ASK = range(3)  # columns of prices that are followed
SCORE, PRICE, ATR, RSI, VWAP, SAID = range(6)  # columns of a signal; from SAID on, by pattern
ROW_WORDS = words(ROW)

_wide = cast(Any, np.int64)


def _sum_of(patterns: tuple[Pattern, ...]) -> Callable[[Row, Tick, Terms], float]:
    """The weighted sum of what they say, in their order."""

    @compiled
    def nothing(row: Row, tick: Tick, terms: Terms) -> float:  # noqa: ARG001 - as patterns are
        return 0.0

    total: Pattern = nothing
    for number, one in enumerate(patterns):
        total = _plus(total, one, number)
    return total


def _plus(rest: Pattern, one: Pattern, number: int) -> Pattern:
    @compiled
    def total(row: Row, tick: Tick, terms: Terms) -> float:
        weight = terms.weights[number]
        said = rest(row, tick, terms)
        return said + weight * within(one(row, tick, terms)) if weight != 0.0 else said

    return total


def _all_of(patterns: tuple[Pattern, ...]) -> Callable[..., None]:
    """Writes what each says, weighed or not, into `found`."""

    @compiled
    def nothing(row: Row, tick: Tick, terms: Terms, found: Any) -> None:
        pass

    everything: Callable[..., None] = nothing
    for number, one in enumerate(patterns):
        everything = _also(everything, one, SAID + number)
    return everything


def _also(rest: Callable[..., None], one: Pattern, column: int) -> Callable[..., None]:
    @compiled
    def everything(row: Row, tick: Tick, terms: Terms, found: Any) -> None:
        rest(row, tick, terms, found)
        found[column] = within(one(row, tick, terms)) + 0.0  # never -0.0

    return everything


_total, _said = _sum_of(tuple(STANDARD.values())), _all_of(tuple(STANDARD.values()))
TERMS = terms_of(len(STANDARD))
TERMS_WORDS = words(TERMS)


def _scored(row: Row, tick: Tick, terms: Terms) -> float:
    """0 where there is no signal; `_total` is that of the kernel compiled for."""
    if row.trades < terms.warmup or tick.received < row.quiet_until:
        return 0.0
    score = within(_total(row, tick, terms))
    if not (score >= terms.threshold or score <= -terms.threshold):
        return 0.0
    row.quiet_until = tick.received + terms.cooldown
    return score


def _found(row: Row, tick: Tick, terms: Terms, score: float, found: Any) -> None:
    found[SCORE] = score
    found[PRICE] = row.price
    found[ATR] = row.atr
    found[RSI] = row.rsi
    found[VWAP] = row.vwap
    _said(row, tick, terms, found)


@compiled
def _watched(watch: Any, tick: Tick) -> bool:
    of = tick.symbol
    if tick.kind == TRADE and (
        tick.price <= watch[of, WATCH_TRADE_LOW] or tick.price >= watch[of, WATCH_TRADE_HIGH]
    ):
        return True
    return bool(
        watch[of, WATCH_ANY] != 0.0
        or tick.ask <= watch[of, WATCH_ASK_LOW]
        or tick.bid <= watch[of, WATCH_BID_LOW]
        or tick.bid >= watch[of, WATCH_BID_HIGH]
        or tick.ask >= watch[of, WATCH_ASK_HIGH]
    )


def _drive(
    rows: Any,
    terms_alone: Any,
    found: Any,
    found_at: Any,
    watch: Any,
    wake_at: int,
    start: int,
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
) -> tuple[int, int, bool]:
    """Ticks from `start` on, until `found` is full, `watch` matches or `wake_at` comes.

    Returns the index of the first tick not taken, the number of signals found, and whether the
    watch matched.
    """
    terms = terms_alone[0]
    signals, sleeps = 0, wake_at == NEVER
    for i in range(max(start, 0), received.shape[0]):
        if received[i] >= wake_at and not sleeps:
            return i, signals, False
        tick = Tick(
            received[i],
            exchange[i],
            _wide(symbol[i]),
            _wide(kind[i]),
            price[i],
            volume[i],
            bid[i],
            bid_size[i],
            ask[i],
            ask_size[i],
            _wide(side[i]),
        )
        row = rows[tick.symbol]
        if not learn(row, tick, terms):
            continue
        score = _scored(row, tick, terms)
        if score != 0.0:
            _found(row, tick, terms, score, found[signals])
            found_at[signals] = i
            signals += 1
        watched = _watched(watch, tick)
        if watched or signals == found_at.shape[0]:
            return i + 1, signals, watched
    return received.shape[0], signals, False


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
) -> int:
    """Whether a single tick gave a signal; below 0 when its symbol is none of ours.

    Memory is lines of words: one with the terms and what was found, then a row for each symbol.
    To tell a second array apart, or records from words, costs Python 50 to 100 ns each time.
    """
    if not 0 <= symbol < memory.shape[0] - 1:
        return -1
    terms = memory[0, :TERMS_WORDS].view(TERMS)[0]
    row = memory[symbol + 1, :ROW_WORDS].view(ROW)[0]
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
    if not learn(row, tick, terms):
        return 0
    score = _scored(row, tick, terms)
    if score == 0.0:
        return 0
    _found(row, tick, terms, score, memory[0, TERMS_WORDS:])
    return 1


ONE_TAKES = (
    types.float64[:, ::1],
    *(types.int64,) * 4,
    *(types.float64,) * 6,
    types.int64,
)


# Those of ticks, in the order of theirs.
COLUMN_TYPES = (
    *(types.int64[::1],) * 2,
    types.int32[::1],
    types.uint8[::1],
    *(types.float64[::1],) * 6,
    types.int8[::1],
)
TABLE = types.float64[:, ::1]


def _follow(
    prices: Any,
    watch: Any,
    wake_at: int,
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
) -> tuple[int, bool]:
    """Ticks from `start` to before `stop`, or to where `_drive` would stop for watch or wake.

    Writes the last price, bid and ask of each symbol into its row of `prices`. Returns the index
    of the first tick not taken, and whether the watch matched the one before it.
    """
    sleeps = wake_at == NEVER
    for i in range(start, stop):
        if received[i] >= wake_at and not sleeps:
            return i, False
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
        if not possible(tick):
            continue
        if tick.kind == TRADE:
            prices[tick.symbol, LAST] = tick.price
        prices[tick.symbol, BID] = tick.bid
        prices[tick.symbol, ASK] = tick.ask
        if _watched(watch, tick):
            return i + 1, True
    return stop, False


class Kernel(NamedTuple):
    """Compiled for these patterns, in their order."""

    patterns: tuple[str, ...]
    terms: "np.dtype[np.void]"
    drive: Callable[..., tuple[int, int, bool]]
    one: Callable[..., int]


def kernel_for(weighed: Iterable[str]) -> Kernel:
    """The standard patterns, and those of others that have a weight."""
    others = set(weighed) - set(STANDARD)
    return _compiled_for(tuple(item for item in registered.items() if item[0] in others))


@lru_cache
def _compiled_for(others: tuple[tuple[str, Pattern], ...]) -> Kernel:
    patterns = {**STANDARD, **dict(others)}
    terms, functions = terms_of(len(patterns)), tuple(patterns.values())
    scope = {
        **globals(),
        "_total": _sum_of(functions),
        "_said": _all_of(functions),
        "TERMS": terms,
        "TERMS_WORDS": words(terms),
    }

    def bound(function: Callable[..., Any]) -> Callable[..., Any]:
        made = FunctionType(function.__code__, scope)
        made.__qualname__ = f"{function.__name__}_{sources()}"
        return made

    for part in (_scored, _found):
        scope[part.__name__] = compiled(bound(part))
    keep = not others  # numba's cache would take other patterns for the standard ones
    told: dict[str, Any] = {"error_model": "numpy", "cache": keep}
    drive = numba.njit(_drive_takes(terms), nogil=True, **told)(bound(_drive))
    one = numba.njit(ONE_TAKES, **told)(bound(_one))  # to let go of the GIL costs more than it
    return Kernel(tuple(patterns), terms, drive, one)


@lru_cache
def sources() -> str:
    """A part of the name that numba's cache knows compiled code by: it looks at one file alone."""
    files = [
        Path(str(module.__file__)) for module in (compiling, learning, records, standard, ticks)
    ]
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


_FOLLOW_TAKES = (TABLE, TABLE, *(types.int64,) * 3, *COLUMN_TYPES)
_follow.__qualname__ = f"follow_{sources()}"
follow = numba.njit(_FOLLOW_TAKES, error_model="numpy", cache=True, nogil=True)(_follow)


def _drive_takes(terms: "np.dtype[np.void]") -> tuple[Any, ...]:
    """Fixed, as for `_one`: whatever else Python hands over is converted, or refused.

    Otherwise it would be compiled once more for it, for seconds in the midst of a stream.
    """
    rows, terms_alone = (numba.from_dtype(record) for record in (ROW, terms))
    where = (types.int64[::1], TABLE, types.int64, types.int64)
    return (rows[:], terms_alone[::1], TABLE, *where, *COLUMN_TYPES)
