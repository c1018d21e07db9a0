"""The features, reckoned on all symbols, and on as many sessions as one likes, at once.

Every row is reckoned from its own numbers alone, and in the same order of additions whatever rows
it comes with: a session's features are the same to the bit, alone or among a thousand others. No
logarithms, whose last digit depends on where in an array a number stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from aitrader_core.agents.onnx.features import LOOKBACK
from aitrader_core.domain.market import MarketView, Symbol

Floats = NDArray[np.float64]

FLAT = 1e-9  # features are shares and ratios: what differs by less differs by its rounding
MOST = 3.0  # standard deviations


@dataclass(frozen=True, slots=True)
class Windows:
    """The last `LOOKBACK` bars of the symbols that have as many, [N, LOOKBACK], and the opens of
    today, [N]. Adjusted for splits. NaN is a high, a low or a volume that is not known."""

    symbols: tuple[Symbol, ...]
    opens: Floats
    highs: Floats
    lows: Floats
    closes: Floats
    volumes: Floats

    def of(self, kept: NDArray[np.bool_]) -> "Windows":
        """Those of some of the symbols."""
        tables = (self.opens, self.highs, self.lows, self.closes, self.volumes)
        return Windows(tuple(compress(self.symbols, kept)), *(t[kept] for t in tables))


def windows(view: MarketView) -> Windows:
    """What a view shows of those on offer that have closed `LOOKBACK` times without a gap."""
    symbols = view.symbols
    tables = view.floats(LOOKBACK, "high", "low", "close", "volume")
    if len(tables[0]) < 8 * LOOKBACK * len(symbols):
        tables, symbols = [b""] * 4, ()
    highs, lows, closes, volumes = (
        np.frombuffer(table).reshape(LOOKBACK, len(symbols)).T for table in tables
    )
    opens = np.array([float(view.opens[symbol]) for symbol in symbols])
    found = Windows(tuple(symbols), opens, highs, lows, closes, volumes)
    has_past: NDArray[np.bool_] = closes > 0  # not NaN either
    return found if has_past.all() else found.of(np.all(has_past, axis=1))


def together(found: Sequence[Windows]) -> Windows:
    """One below the other, in one order of memory, which decides the order of additions."""
    symbols = tuple(symbol for w in found for symbol in w.symbols)
    opens = np.concatenate([w.opens for w in found])

    def joined(tables: list[Floats]) -> Floats:
        return np.concatenate(tables, out=np.empty((len(symbols), LOOKBACK)))

    return Windows(
        symbols,
        opens,
        joined([w.highs for w in found]),
        joined([w.lows for w in found]),
        joined([w.closes for w in found]),
        joined([w.volumes for w in found]),
    )


def reckoned(of: Windows) -> Floats:
    """[N, F], in the order of `NAMES`, before they are compared; NaN where one is not known.

    All are without a unit: shares of a price, or ratios.

    - return_n: close over the close n bars before, less 1. Over a day and a week what rose tends
      to fall back (Lehmann 1990), over months to go on (Jegadeesh and Titman 1993).
    - volatility_n: standard deviation of n returns (Ang, Hodrick, Xing and Zhang 2006).
    - high_60: close over the highest price of 60 bars, less 1 (George and Hwang 2004).
    - deviation_20: standard deviations of the close from the mean of 20 (Bollinger).
    - rsi_14: rises as a share of all that 14 closes moved (Wilder 1978, with plain sums); 0 to 1.
    - volume_5_60: mean volume of 5 bars over that of 60 (Gervais, Kaniel and Mingelgrin 2001).
    - gap: the open of today over the last close, less 1 (Lou, Polk and Skouras 2019).
    - range_14: mean true range of 14 bars as a share of the close (Wilder 1978).

    A bar without high and low reached no further than its close. Not known are a deviation, or
    an RSI, of closes that stood still; and a ratio of volumes that are all zero, or of which one
    is not known.
    """
    closes, volumes = of.closes, of.volumes
    highs, lows = np.fmax(of.highs, closes), np.fmin(of.lows, closes)
    last, recent, before = closes[:, -1], closes[:, -20:], closes[:, -15:-1]
    returns = closes[:, 1:] / closes[:, :-1] - 1
    moves = closes[:, -14:] - before
    rises, moved = np.maximum(moves, 0).sum(axis=1), np.abs(moves).sum(axis=1)
    ranges = np.maximum(highs[:, -14:], before) - np.minimum(lows[:, -14:], before)
    return np.stack(
        (
            returns[:, -1],
            last / closes[:, -6] - 1,
            last / closes[:, -21] - 1,
            last / closes[:, -61] - 1,
            returns[:, -20:].std(axis=1),
            returns.std(axis=1),
            last / highs[:, -60:].max(axis=1) - 1,
            _over(last - recent.mean(axis=1), recent.std(axis=1), least=FLAT * last),
            _over(rises, moved),
            _over(volumes[:, -5:].mean(axis=1), volumes[:, -60:].mean(axis=1)),
            of.opens / last - 1,
            ranges.mean(axis=1) / last,
        ),
        axis=1,
    )


def standardised(raw: Floats) -> NDArray[np.float32]:
    """[T, N, F] as z-scores among the N of each session, cut at `MOST`.

    What is not known, and what is the same for all, is 0: the mean. So one symbol alone is all
    zeros, and of two, one is 1 and the other -1.
    """
    known = np.isfinite(raw)
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, raw, 0).sum(axis=1, keepdims=True) / count
    off = np.where(known, raw - mean, 0)
    spread = np.sqrt((off * off).sum(axis=1, keepdims=True) / count)
    return np.clip(_over(off, spread, least=FLAT, otherwise=0), -MOST, MOST).astype(np.float32)


def _over(
    part: Floats, whole: Floats, *, least: Floats | float = 0.0, otherwise: float = np.nan
) -> Floats:
    """`part` / `whole`, where that is above `least`."""
    return np.divide(part, whole, out=np.full_like(part, otherwise), where=whole > least)
