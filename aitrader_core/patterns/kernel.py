"""The compiled heart of a pattern engine: what a tick changes, and what each pattern says of it.

A pattern is a small function of what is known of the tick's symbol, the tick and the terms; what
it returns is kept within -1 (sell) and 1 (buy), and NaN counts as 0:

    from aitrader_core.patterns.kernel import Row, Terms, Tick, pattern

    @pattern("the last move turned around, 1 at 4 volatilities")
    def reversal(row: Row, tick: Tick, terms: Terms) -> float:
        return -row.surprise / 4.0

That is all: once its module is imported, a configuration may give `reversal` a weight. It is
compiled once in each process that weighs it, for some seconds. To have it compiled for good, put
it here, into STANDARD and into PATTERNS of parameters.py: numba's cache looks at this file alone,
which is why all compiled code is here (touch it when Tick or the columns of a watch change).

Patterns write nothing, and are not asked while their symbol warms up or cools down. One that has
to remember more than a row does gets a field in Row and a line in `_traded` or `_quoted`.

Nothing here is fastmath: one order of operations, no fused ones, the same bits on every path.
"""

# ruff: noqa: ARG001 - every pattern is asked in the same way

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numba import types

from aitrader_core.patterns.parameters import PATTERNS
from aitrader_core.patterns.records import ROW, Row, Terms, terms_of, words
from aitrader_core.simulation.ticks import (
    LARGEST,
    NEVER,
    QUOTE,
    SMALLEST,
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

Function = TypeVar("Function", bound=Callable[..., Any])
Pattern = Callable[[Row, Tick, Terms], float]

ROW_WORDS = words(ROW)
_wide = cast(Any, np.int64)
FADED = 1e-100  # an average that decayed below it is 0: subnormal numbers are slow and coarse
LAST, BID, ASK = range(3)  # columns of prices that are followed
SCORE, PRICE, ATR, RSI, VWAP, SAID = range(6)  # columns of a signal; from SAID on, by pattern

_registered: dict[str, Pattern] = {}


def compiled(function: Function) -> Function:
    """Becomes a part of whatever compiled function calls it."""
    part: dict[str, Any] = {
        "forceinline": True,
        "no_cpython_wrapper": True,
        "no_cfunc_wrapper": True,
    }
    return cast(Function, numba.njit(error_model="numpy", **part)(function))


def pattern(says: str) -> Callable[[Function], Function]:
    """Let configurations weigh the function by its name; `says` is for those who read them."""

    def register(function: Function) -> Function:
        name, asked = function.__name__, compiled(function)
        if name in PATTERNS and name not in _registered:
            raise ValueError(f"{name} is one of the standard patterns: name this one otherwise")

        def sure(row: Row, tick: Tick, terms: Terms) -> float:
            said = asked(row, tick, terms)
            return 0.0 if math.isnan(said) else float(said)

        PATTERNS[name], _registered[name] = says, compiled(sure)
        return function

    return register


@compiled
def _within(value: float) -> float:
    """-1 to 1. A processor guesses branches on prices wrong half the time: here are none."""
    return min(max(value, -1.0), 1.0)


# What patterns say


@compiled
def crossover(row: Row, tick: Tick, terms: Terms) -> float:
    return row.crossed * max(1.0 - row.since_cross * terms.fade, 0.0)


@compiled
def trend(row: Row, tick: Tick, terms: Terms) -> float:
    return (row.fast - row.slow) * row.per_move * terms.trend


@compiled
def vwap_reversion(row: Row, tick: Tick, terms: Terms) -> float:
    return (row.vwap - row.price) * row.per_move * terms.reversion


@compiled
def volume_spike(row: Row, tick: Tick, terms: Terms) -> float:
    return row.side * max(row.volume_ratio - 1.0, 0.0) * terms.spike


@compiled
def breakout(row: Row, tick: Tick, terms: Terms) -> float:
    return row.surprise * terms.breakout


@compiled
def imbalance(row: Row, tick: Tick, terms: Terms) -> float:
    return row.imbalance


@compiled
def rsi_reversion(row: Row, tick: Tick, terms: Terms) -> float:
    return (50.0 - row.rsi) * 0.02


STANDARD: dict[str, Pattern] = {
    one.__name__: one
    for one in (
        crossover,
        trend,
        vwap_reversion,
        volume_spike,
        breakout,
        imbalance,
        rsi_reversion,
    )
}


# What a tick changes


@compiled
def _possible(tick: Tick) -> bool:
    """`is_possible` of simulation/ticks.py; every comparison with NaN is false."""
    if tick.kind == TRADE:
        if not (SMALLEST <= tick.price <= LARGEST and SMALLEST <= tick.volume <= LARGEST):
            return False
    elif tick.kind != QUOTE:
        return False
    if not (0.0 <= tick.bid_size <= LARGEST and 0.0 <= tick.ask_size <= LARGEST):
        return False
    bid = math.isnan(tick.bid) or SMALLEST <= tick.bid <= LARGEST  # NaN: not known
    ask = math.isnan(tick.ask) or SMALLEST <= tick.ask <= LARGEST
    return bid and ask


@compiled
def _average(old: float, new: float, count: float, weight: float) -> float:
    """Of values from 0 up: the plain mean until the new one, number `count`, weighs `weight`."""
    part = weight if count * weight >= 1.0 else 1.0 / count
    moved = old + part * (new - old)
    return moved if moved > FADED else 0.0


@compiled
def _quoted(row: Row, tick: Tick) -> None:
    row.bid = tick.bid
    row.ask = tick.ask
    sizes = tick.bid_size + tick.ask_size
    known = not math.isnan(tick.bid) and not math.isnan(tick.ask) and sizes > 0.0
    row.imbalance = (tick.bid_size - tick.ask_size) / sizes if known else 0.0


@compiled
def _traded(row: Row, tick: Tick, terms: Terms) -> None:
    price = tick.price
    if row.trades == 0:
        row.fast = price
        row.slow = price
        row.volume_ratio = 1.0
    else:
        _moved(row, price, terms)
        row.volume_ratio = tick.volume / row.usual_volume
    if tick.side != 0:
        row.side = float(tick.side)
    else:  # the tick rule of Lee and Ready (1991)
        up = 1.0 * (price > row.price) - 1.0 * (price < row.price)
        row.side = up + (1.0 - abs(up)) * row.side
    row.price = price
    row.trades += 1
    row.usual_volume = _average(
        row.usual_volume, tick.volume, float(row.trades), terms.usual_volume
    )
    row.notional += price * tick.volume
    row.volume += tick.volume
    row.vwap = row.notional / row.volume
    _in_bar(row, price, terms)


@compiled
def _moved(row: Row, price: float, terms: Terms) -> None:
    """From `row.price` to `price`."""
    change = price - row.price
    relative = change / row.price
    row.surprise = change * row.per_move
    row.variance = _average(row.variance, relative * relative, float(row.trades), terms.variance)
    row.per_move = 1.0 / (price * math.sqrt(row.variance)) if row.variance > 0.0 else 0.0
    row.fast += terms.fast * (price - row.fast)
    row.slow += terms.slow * (price - row.slow)
    row.since_cross += 1.0
    if row.fast != row.slow:
        above = math.copysign(1.0, row.fast - row.slow)
        if above * row.above < 0.0:
            row.crossed = above
            row.since_cross = 0.0
        row.above = above


@compiled
def _in_bar(row: Row, price: float, terms: Terms) -> None:
    if row.bar_trades == 0:
        row.bar_high = price
        row.bar_low = price
    else:
        row.bar_high = max(row.bar_high, price)
        row.bar_low = min(row.bar_low, price)
    row.bar_trades += 1
    if row.bar_trades == terms.bar:
        _bar_closed(row, price, terms)
        row.bar_trades = 0


@compiled
def _bar_closed(row: Row, close: float, terms: Terms) -> None:
    """Wilder's RSI and average true range; the first bar has no close before it."""
    high, low = row.bar_high, row.bar_low
    if row.bars > 0:
        before = row.bar_close
        high, low = max(high, before), min(low, before)
        rise = close - before
        count = float(row.bars)
        row.gain = _average(row.gain, max(rise, 0.0), count, terms.rsi)
        row.loss = _average(row.loss, max(-rise, 0.0), count, terms.rsi)
        both = row.gain + row.loss
        row.rsi = 100.0 * row.gain / both if both > 0.0 else 50.0
    row.bars += 1
    row.atr = _average(row.atr, high - low, float(row.bars), terms.atr)
    row.bar_close = close


# Scores


def _sum_of(patterns: tuple[Pattern, ...]) -> Callable[[Row, Tick, Terms], float]:
    """The weighted sum of what they say, in their order."""

    @compiled
    def nothing(row: Row, tick: Tick, terms: Terms) -> float:
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
        return said + weight * _within(one(row, tick, terms)) if weight != 0.0 else said

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
        found[column] = _within(one(row, tick, terms))

    return everything


_total, _said = _sum_of(tuple(STANDARD.values())), _all_of(tuple(STANDARD.values()))
TERMS = terms_of(len(STANDARD))
TERMS_WORDS = words(TERMS)


def _scored(row: Row, tick: Tick, terms: Terms) -> float:
    """0 where there is no signal; `_total` is that of the kernel compiled for."""
    if row.trades < terms.warmup or tick.received < row.quiet_until:
        return 0.0
    score = _within(_total(row, tick, terms))
    if not (score >= terms.threshold or score <= -terms.threshold):
        return 0.0
    row.quiet_until = tick.received + terms.cooldown
    return score


# What all paths go through: `run`, `advance` and the call for a single tick


@compiled
def _taken(row: Row, tick: Tick, terms: Terms) -> bool:
    """Whether the tick can be true and was learnt from."""
    if not _possible(tick):
        row.skipped += 1
        return False
    if tick.kind == TRADE:
        _traded(row, tick, terms)
    _quoted(row, tick)
    return True


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
        if not _taken(row, tick, terms):
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
    if not _taken(row, tick, terms):
        return 0
    score = _scored(row, tick, terms)
    if score == 0.0:
        return 0
    _found(row, tick, terms, score, memory[0, TERMS_WORDS:])
    return 1


_ONE_TAKES = (
    types.float64[:, ::1],
    *(types.int64,) * 4,
    *(types.float64,) * 6,
    types.int64,
)


# Those of ticks, in the order of theirs.
_COLUMNS = (
    *(types.int64[::1],) * 2,
    types.int32[::1],
    types.uint8[::1],
    *(types.float64[::1],) * 6,
    types.int8[::1],
)
_TABLE = types.float64[:, ::1]


@numba.njit(
    (_TABLE, _TABLE, *(types.int64,) * 3, *_COLUMNS), error_model="numpy", cache=True, nogil=True
)
def follow(
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
        if not _possible(tick):
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
    return _compiled_for(tuple(name for name in _registered if name in others))


@lru_cache
def _compiled_for(others: tuple[str, ...]) -> Kernel:
    patterns = {**STANDARD, **{name: _registered[name] for name in others}}
    terms, functions = terms_of(len(patterns)), tuple(patterns.values())
    scope = {
        **globals(),
        "_total": _sum_of(functions),
        "_said": _all_of(functions),
        "TERMS": terms,
        "TERMS_WORDS": words(terms),
    }

    def bound(function: Callable[..., Any]) -> Callable[..., Any]:
        return FunctionType(function.__code__, scope)

    for part in (_scored, _found):
        scope[part.__name__] = compiled(bound(part))
    keep = not others  # numba's cache would take other patterns for the standard ones
    told: dict[str, Any] = {"error_model": "numpy", "cache": keep}
    drive = numba.njit(_drive_takes(terms), nogil=True, **told)(bound(_drive))
    one = numba.njit(_ONE_TAKES, **told)(bound(_one))  # to let go of the GIL costs more than it
    return Kernel(tuple(patterns), terms, drive, one)


def _drive_takes(terms: "np.dtype[np.void]") -> tuple[Any, ...]:
    """Fixed, as for `_one`: whatever else Python hands over is converted, or refused.

    Otherwise it would be compiled once more for it, for seconds in the midst of a stream.
    """
    rows, terms_alone = (numba.from_dtype(record) for record in (ROW, terms))
    where = (types.int64[::1], _TABLE, types.int64, types.int64)
    return (rows[:], terms_alone[::1], _TABLE, *where, *_COLUMNS)
