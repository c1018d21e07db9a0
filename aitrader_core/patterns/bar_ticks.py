"""Bars that are over as coarse ticks: one trade each, at its close."""

from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.market import Bar, MarketView, Symbol
from aitrader_core.patterns.bar_account import stamp
from aitrader_core.simulation.ticks import TRADE, Ticks


def bar_ticks(view: MarketView, bars: int) -> Ticks:
    """The last `bars` bars of each symbol of `view`, adjusted for splits, oldest first.

    Symbols of one moment come in alphabetical order. A bar without a close is left out. One
    without a volume, or of none, is taken for a usual one of the window: patterns of volume then
    say nothing of it, and those of prices see it.
    """
    symbols = tuple(view.symbols)
    received, symbol, price, volume = [], [], [], []
    for index, name in enumerate(symbols):
        closed = [bar for bar in view.history(name, bars) if bar.close is not None]
        received += [stamp((bar.session, bar.at)) for bar in closed]
        symbol += [index] * len(closed)
        price += [float(bar.close or 0) for bar in closed]
        volume += _volumes(closed)
    return _columns(symbols, received, symbol, price, volume)


def _volumes(bars: list[Bar]) -> list[float]:
    told = [float(bar.volume or 0) for bar in bars]
    if all(told):
        return told
    usual = fmean(known) if (known := [v for v in told if v]) else 1.0
    return [v or usual for v in told]


def _columns(
    symbols: tuple[Symbol, ...],
    received: list[int],
    symbol: list[int],
    price: list[float],
    volume: list[float],
) -> Ticks:
    at, of = np.array(received, np.int64), np.array(symbol, np.int32)
    order = np.lexsort((of, at))
    length = len(order)

    def not_known() -> NDArray[np.float64]:
        return np.full(length, np.nan)

    return Ticks(
        symbols,
        received=at[order],
        exchange=np.zeros(length, np.int64),
        symbol=of[order],
        kind=np.full(length, TRADE, np.uint8),
        price=np.array(price)[order],
        volume=np.array(volume)[order],
        bid=not_known(),
        bid_size=np.zeros(length),
        ask=not_known(),
        ask_size=np.zeros(length),
        side=np.zeros(length, np.int8),
    )
