"""The real recordings: read without loss, their books equal to the exchange's own quotes."""

import gzip
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aitrader_core.domain.market import Symbol
from aitrader_core.market.calendar import load_calendar
from aitrader_core.market.source import Wanted
from aitrader_core.market.ticks.bars import TickBars
from aitrader_core.market.ticks.findings import Kind
from aitrader_core.market.ticks.making import Made, make_ticks
from aitrader_core.market.ticks.reading import read_streams
from aitrader_core.market.ticks.recording import DIFF, SNAPSHOT, Event, Recording
from aitrader_core.market.ticks.store import TickStore
from aitrader_core.simulation.ticks import QUOTE, TRADE
from tests.recordings import SHARED, needs_recordings

pytestmark = needs_recordings

FOLDER = SHARED / "ticks"
SPOT, FUTURES = FOLDER / "spot_btcusdt_20240808.gz", FOLDER / "usdm_btcusdt_20240808.gz"
DAY, BTC = date(2024, 8, 8), Symbol("BTC-USDT")


Read = tuple[Recording, Made]


@pytest.fixture(scope="module")
def spot() -> Read:
    recording = read_streams([SPOT])
    return recording, make_ticks(recording, "book")


@pytest.fixture(scope="module")
def futures() -> Read:
    recording = read_streams([FUTURES])
    return recording, make_ticks(recording)


def test_nothing_is_lost(spot: Read, futures: Read, tmp_path: Path) -> None:
    """From line to Parquet and back to the line, spelled alike: the first 5,000 of each."""
    for path, (recording, _) in ((SPOT, spot), (FUTURES, futures)):
        store = TickStore(tmp_path / path.stem)
        part = replace(recording, events=recording.events.take(np.arange(5_000))).packed()
        store.write(DAY, part, [], part.findings)
        with gzip.open(path, "rt") as file:
            for event, line in zip(store.recording(DAY), islice(file, 5_000), strict=True):
                stamp, _, told = line.partition(" ")
                assert event.received == int(stamp)
                assert rendered(event) == json.loads(told)


def test_every_column_comes_back(spot: Read, futures: Read, tmp_path: Path) -> None:
    for (recording, made), lines in ((spot, 41_249), (futures, 93_954)):
        store = TickStore(tmp_path / str(lines))
        assert len(recording) == lines
        store.write(DAY, recording, [made.ticks], made.findings)
        kept, packed = store.recording(DAY), recording.packed()
        for one, other in ((kept.events, packed.events), (kept.levels, packed.levels)):
            for name in one.__slots__:
                np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_books_equal_the_recorded_quotes(spot: Read, futures: Read) -> None:
    """After every diff but the last one, after which no quote tells what was best then."""
    for (_, made), diffs, early in ((spot, 3_448, [6]), (futures, 6_544, [42, 50])):
        assert made.agreed == made.compared == diffs
        assert [(f.kind, f.line) for f in made.findings] == [(Kind.EARLY_DIFF, n) for n in early]
    recording, made = spot
    quoted = made.ticks.received >= recording.events.received[recording.events.kind == SNAPSHOT]
    assert (made.ticks.bid[quoted] < made.ticks.ask[quoted]).all()


def test_a_naive_book_crosses_and_is_not_traded_on(spot: Read) -> None:
    """Without the diff that overtook the snapshot, a bid stays that was long gone."""
    recording, _ = spot
    without = replace(recording, events=recording.events.take(recording.events.line != 6))
    for made in (make_ticks(without, "book"), make_ticks(recording, "book", early_diffs=False)):
        (found,) = made.findings.places[Kind.CROSSED_BOOK]
        assert (found.file, found.line) == (SPOT.name, 9_368)
        assert "88.14 s in, the book's bid 61820.99 is above its ask 61817.4" in found.sentence
        assert "dropped bid 61820.99" in found.sentence
        (crossing,) = recording.events.received[recording.events.line == 9_368]
        index = int(np.flatnonzero(made.ticks.received == crossing)[0])
        assert np.isnan(made.ticks.at(index).bid)
        assert made.ticks.at(index).bid_size == 0
        assert not (made.ticks.bid >= made.ticks.ask).any()
        assert np.isfinite(made.ticks.bid[index:]).mean() > 0.99
        assert made.agreed == made.compared


def test_a_book_that_misses_updates_is_never_trusted_without_quotes(spot: Read) -> None:
    """Nor does it recover by the crossing that comes of them."""
    recording, _ = spot
    alone = (recording.events.kind != QUOTE) & (recording.events.line != 6)
    made = make_ticks(replace(recording, events=recording.events.take(alone)))
    assert made.findings.counts == {Kind.STALE_BOOK: 1, Kind.CROSSED_BOOK: 1}
    assert np.isnan(made.ticks.bid[made.ticks.received > recording.events.received[10]]).all()


def test_trades_are_what_the_lines_say(
    spot: Read, futures: Read, trades: list[dict[str, Any]]
) -> None:
    ticks = futures[1].ticks
    assert np.bincount(ticks.kind).tolist() == [0, 21_313, 66_089]
    assert (ticks.exchange - ticks.received > 10**9).all()  # the local clock is behind
    ticks = spot[1].ticks
    chosen = ticks.kind == TRADE
    assert ticks.price[chosen].tolist() == [float(t["p"]) for t in trades]
    assert ticks.volume[chosen].tolist() == [float(t["q"]) for t in trades]
    assert ticks.side[chosen].tolist() == [-1 if t["m"] else 1 for t in trades]
    assert ticks.exchange[chosen].tolist() == [t["T"] * 10**6 for t in trades]


@pytest.fixture(scope="module")
def trades() -> list[dict[str, Any]]:
    """Of spot, as their lines tell them, and when they were received."""
    with gzip.open(SPOT, "rt") as file:
        lines = [line.partition(" ") for line in file if '"e":"trade"' in line]
    return [{**json.loads(told)["data"], "received": int(stamp)} for stamp, _, told in lines]


def test_bars_are_of_the_trades(trades: list[dict[str, Any]]) -> None:
    bars = TickBars(FOLDER, files="spot_*", symbols={"BTCUSDT": BTC}, minutes=5)
    wanted = Wanted(load_calendar("24/7"), {BTC: [DAY]}, intraday=True)
    (part,) = bars.fetch(wanted, datetime(2026, 1, 1, tzinfo=UTC))
    assert [str(bar.at) for bar in part.bars] == ["23:50:00", "23:55:00"]
    five = int(datetime(2024, 8, 8, 23, 55, tzinfo=UTC).timestamp()) * 10**9
    early, late = (
        [t for t in trades if (t["received"] < five) is is_early] for is_early in (True, False)
    )
    for bar, its in zip(part.bars, (early, late), strict=True):
        prices = [Decimal(trade["p"]) for trade in its]
        assert (bar.open, bar.close) == (prices[0], prices[-1])
        assert (bar.high, bar.low) == (max(prices), min(prices))
        assert bar.volume == sum(Decimal(trade["q"]) for trade in its)


def rendered(event: Event) -> dict[str, Any]:
    """The line's JSON."""
    if event.kind == SNAPSHOT:
        times = {"E": event.event_ms, "T": event.trade_ms} if event.event_ms else {}
        told = {"lastUpdateId": event.last_id, "bids": _texts(event.bids)}
        return {**told, "asks": _texts(event.asks), **times}
    data = {TRADE: _trade, QUOTE: _quote, DIFF: _diff}[event.kind](event)
    times = {"E": event.event_ms, "T": event.trade_ms}
    data |= {name: ms for name, ms in times.items() if ms} | {"s": event.symbol}
    return {"stream": event.stream, "data": data}


def _trade(event: Event) -> dict[str, Any]:
    ((price, volume),) = event.bids
    data = {"e": "trade", "t": event.trade_id, "p": f"{price:f}", "q": f"{volume:f}"}
    data["m"] = event.maker == 1
    return data | ({"X": event.order_type} if event.order_type else {"M": event.best_match == 1})


def _quote(event: Event) -> dict[str, Any]:
    (bid,), (ask,) = _texts(event.bids), _texts(event.asks)
    told = {"u": event.last_id, "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
    return told | ({"e": "bookTicker"} if event.event_ms else {})


def _diff(event: Event) -> dict[str, Any]:
    told = {"e": "depthUpdate", "U": event.first_id, "u": event.last_id}
    told |= {"pu": event.previous_id} if event.previous_id >= 0 else {}
    return {**told, "b": _texts(event.bids), "a": _texts(event.asks)}


def _texts(levels: Iterable[tuple[Decimal, Decimal]]) -> list[list[str]]:
    return [[f"{price:f}", f"{size:f}"] for price, size in levels]
