"""Streams of ticks made for tests: of two symbols, with all that feeds get wrong."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import inf, nan
from random import Random

import numpy as np
from hypothesis import strategies as st

from aitrader_core.domain.market import Symbol
from aitrader_core.simulation.ticks import COLUMNS, QUOTE, TRADE, Tick, Ticks

SYMBOLS = (Symbol("BTC"), Symbol("ETH"))
TYPES = ("i8", "i8", "i4", "u1", "f8", "f8", "f8", "f8", "f8", "f8", "i1")
MS = 1_000_000  # ns

WRONG = (nan, inf, -inf, 0.0, -1.0, 1e300)


def trade(
    at: int,
    price: float,
    volume: float = 1.0,
    *,
    symbol: int = 0,
    sizes: tuple[float, float] = (2.0, 1.0),
    side: int = 0,
) -> Tick:
    bid, ask = price - 0.01, price + 0.01
    return Tick(at, 0, symbol, TRADE, price, volume, bid, sizes[0], ask, sizes[1], side)


def quote(at: int, bid_size: float, ask_size: float, *, symbol: int = 0) -> Tick:
    return Tick(at, 0, symbol, QUOTE, nan, 0.0, 99.99, bid_size, 100.01, ask_size, 0)


def ticks_of(told: Sequence[Tick], symbols: tuple[Symbol, ...] = SYMBOLS) -> Ticks:
    columns = zip(*told, strict=True) if told else ((),) * len(COLUMNS)
    made = (np.array(c, dtype) for c, dtype in zip(columns, TYPES, strict=True))
    return Ticks(symbols, *made)


def walk(count: int, *, symbols: int = 2, seed: int = 1) -> Ticks:
    """Random walks, trades and quotes by turns, a wrong value here and there."""
    draw = np.random.default_rng(seed)
    of = draw.integers(0, symbols, count).astype(np.int32)
    price = np.empty(count)
    for n in range(symbols):
        mine = of == n
        price[mine] = np.round(100 * np.exp(np.cumsum(draw.normal(0, 2e-4, mine.sum()))), 2)
    kind = np.where(draw.random(count) < 0.4, TRADE, QUOTE).astype(np.uint8)
    volume = draw.integers(1, 1000, count).astype(float)
    bid, ask = price - 0.01, price + 0.01
    sizes = [draw.integers(0, 500, count).astype(float) for _ in range(2)]
    for column in (price, volume, bid, ask, *sizes):
        column[draw.random(count) < 0.002] = draw.choice([nan, inf, -1.0])
    quoted = kind == QUOTE
    price[quoted], volume[quoted] = nan, 0.0
    received = np.cumsum(draw.integers(0, 20 * MS, count))
    exchange = np.zeros(count, np.int64)
    side = draw.integers(-1, 2, count).astype(np.int8)
    names = tuple(Symbol(f"S{n}") for n in range(symbols))
    return Ticks(
        names, received, exchange, of, kind, price, volume, bid, sizes[0], ask, sizes[1], side
    )


def _menu(count: int) -> Iterator[Tick]:
    """What a stream is drawn from: its times are what lies between two ticks."""
    draw = Random(1)

    def sometimes_wrong(value: float) -> float:
        return draw.choice(WRONG) if draw.random() < 0.03 else value

    for _ in range(count):
        price = sometimes_wrong(draw.randint(9_900, 10_100) / 100)
        made = trade(
            draw.choice((0, MS, 30 * MS, 1000 * MS)),
            price,
            sometimes_wrong(draw.randint(1, 50)),
            symbol=draw.randint(0, 1),
            sizes=(sometimes_wrong(draw.randint(0, 50)), sometimes_wrong(draw.randint(0, 50))),
            side=draw.randint(-1, 1),
        )
        if draw.random() < 0.6:
            kind = draw.choices((QUOTE, 3), (30, 1))[0]
            made = made._replace(kind=kind, price=nan, volume=0.0, bid=sometimes_wrong(made.bid))
        yield made


def _stream(drawn: Sequence[Tick]) -> list[Tick]:
    """A clock that never goes back; everything else may be wrong."""
    clock = accumulate((tick.received for tick in drawn), initial=1_700_000_000 * 1000 * MS)
    next(clock)
    return [tick._replace(received=at) for tick, at in zip(drawn, clock, strict=True)]


STREAMS = st.lists(st.sampled_from(list(_menu(400))), max_size=60).map(_stream)
