"""What the compiled kernel knows: a row for each symbol, and the terms on which it judges."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitrader_core.patterns.parameters import PatternParameters

NS = 1_000_000_000  # in a second


class Row:
    """What is known of one symbol after a tick."""

    price: float  # of the last trade; NaN before the first
    bid: float  # NaN while not known
    ask: float
    fast: float  # EMAs of the price
    slow: float
    above: float  # 1 with the fast EMA above the slow one, -1 below, 0 before they differ
    crossed: float  # 1 where it last crossed upwards, -1 downwards, 0 before
    since_cross: float  # trades
    notional: float  # sum of price * volume
    volume: float  # sum
    vwap: float
    usual_volume: float  # EMA of the volume of a trade
    volume_ratio: float  # of the last trade to the EMA before it
    side: float  # 1 when the last trade's buyer took, -1 when its seller did, 0 when not known
    variance: float  # EMA of squared relative moves
    per_move: float  # 1 / (price * root of the variance): tells distances in usual moves
    surprise: float  # the last move, in usual moves before it
    bar_high: float
    bar_low: float
    bar_close: float  # of the bar before
    gain: float  # Wilder's averages
    loss: float
    rsi: float
    atr: float
    imbalance: float
    trades: int
    bar_trades: int
    bars: int
    skipped: int  # ticks with impossible values
    quiet_until: int  # no signal before it, ns


class Terms:
    """Parameters, as they are reckoned with."""

    fast: float  # what a new value weighs in an average
    slow: float
    usual_volume: float
    variance: float
    rsi: float
    atr: float
    fade: float  # of a crossover, per trade
    trend: float  # what makes a pattern say 1, upside down
    reversion: float
    spike: float
    breakout: float
    threshold: float
    cooldown: int  # ns
    warmup: int  # trades
    bar: int  # trades
    weights: Sequence[float]  # in the order of the patterns


def _fields(record: type) -> list[tuple[str, str]]:
    kinds = {float: "f8", int: "i8"}
    return [(n, kinds[kind]) for n, kind in record.__annotations__.items() if kind in kinds]


ROW = np.dtype(_fields(Row))


def terms_of(patterns: int) -> "np.dtype[np.void]":
    """The record of Terms for so many patterns."""
    return np.dtype([*_fields(Terms), ("weights", "f8", (patterns,))])


def words(record: "np.dtype[np.void]") -> int:
    """Of 8 bytes."""
    return record.itemsize // 8


def clear(rows: NDArray[Any]) -> None:
    rows[:] = 0
    for name in ("price", "bid", "ask"):
        rows[name] = np.nan
    rows["rsi"] = 50.0
    rows["quiet_until"] = np.iinfo(np.int64).min


def set_terms(terms: NDArray[Any], told: PatternParameters, patterns: Sequence[str]) -> None:
    spans = {
        "fast": told.fast,
        "slow": told.slow,
        "usual_volume": told.volume_span,
        "variance": told.volatility_span,
    }
    for name, span in spans.items():
        terms[name] = 2.0 / (span + 1)
    terms["rsi"], terms["atr"] = 1.0 / told.rsi_period, 1.0 / told.atr_period
    terms["fade"], terms["spike"] = 1.0 / told.fast, 1.0 / (told.spike - 1.0)
    for name in ("trend", "reversion", "breakout"):
        terms[name] = 1.0 / getattr(told, name)
    for name in ("threshold", "warmup", "bar"):
        terms[name] = getattr(told, name)
    terms["cooldown"] = round(told.cooldown * NS)
    terms["weights"] = [told.weights.get(name, 0.0) for name in patterns]
