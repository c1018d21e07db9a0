"""Minutes of real trades and quotes: every way to feed them gives the same signals."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from math import nan
from pathlib import Path

import pytest

from aitrader_core.domain.market import Symbol
from aitrader_core.patterns.engine import Engine
from aitrader_core.patterns.oracle import Oracle
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.simulation.ticks import QUOTE, TRADE, Tick
from tests.patterns.streams import ticks_of
from tests.recordings import SHARED, needs_recordings

SYMBOLS = (Symbol("BTCUSDT"),)
TOLD = PatternParameters(threshold=0.25, cooldown=5)
MOST = 25_000  # lines


def recorded(file: Path) -> Iterator[Tick]:
    """Trades and best quotes, with what is known of both."""
    book = (nan, 0.0, nan, 0.0)
    with gzip.open(file, "rt") as lines:
        for _, line in zip(range(MOST), lines, strict=False):
            at, _, said = line.partition(" ")
            told = json.loads(said)
            data = told.get("data", {})
            match told.get("stream", "").partition("@")[2]:
                case "bookTicker":
                    bid, bid_size, ask, ask_size = (float(data[key]) for key in "bBaA")
                    book = bid, bid_size, ask, ask_size
                    yield Tick(int(at), 0, 0, QUOTE, nan, 0.0, *book, 0)
                case "trade" if Decimal(data["p"]):
                    side = -1 if data["m"] else 1
                    price, volume = float(data["p"]), float(data["q"])
                    yield Tick(int(at), 0, 0, TRADE, price, volume, *book, side)


@needs_recordings
@pytest.mark.parametrize("name", ["spot", "usdm"])
def test_recorded_ticks_give_the_same_signals_by_every_way(name: str) -> None:
    told = list(recorded(SHARED / "ticks" / f"{name}_btcusdt_20240808.gz"))
    ticks = ticks_of(told, SYMBOLS)
    found = Engine(TOLD, SYMBOLS).run(ticks)
    oracle, alone = Oracle(TOLD, SYMBOLS), Engine(TOLD, SYMBOLS)
    assert found == [signal for tick in told if (signal := oracle.on_tick(tick))]
    assert found == [signal for tick in told if (signal := alone.on_tick(tick))]
    half = len(ticks) // 2
    chunked = Engine(TOLD, SYMBOLS)
    assert chunked.run(ticks[:half]) + chunked.run(ticks[half:]) == found
    assert len(found) > 3
    assert alone.skipped(0) == 0
    last = [tick for tick in told if tick.kind == TRADE][-1]
    assert chunked.last_price(0) == last.price
