"""The order book equals a naive one, notices when it can't be right, and is not traded on then."""

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.market.ticks.book import Best, Book
from aitrader_core.market.ticks.findings import Kind
from aitrader_core.market.ticks.making import Made, make_ticks
from aitrader_core.market.ticks.reading import read_files
from tests.market.ticks.streams import diff, quote, rendered, snapshot, trade, written

LEVELS = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 3)), max_size=6)


def made(path: Path, events: list[Any], **how: Any) -> Made:
    return make_ticks(read_files([written(path, rendered(events))]), **how)


@given(st.lists(st.tuples(LEVELS, LEVELS), min_size=1, max_size=20))
def test_it_equals_a_dictionary(changes: list[tuple[list[tuple[int, int]], ...]]) -> None:
    """Asks begin at 31, so that no change crosses it."""
    book, bids, asks = Book(0), dict[int, int](), dict[int, int]()
    for update, (buying, selling) in enumerate(changes, 1):
        higher = [(price + 30, size) for price, size in selling]
        book.update(update, buying, higher)
        for side, told in ((bids, buying), (asks, higher)):
            side.update(told)
            for price in [price for price, size in side.items() if not size]:
                del side[price]
        bid, ask = max(bids, default=0), min(asks, default=0)
        assert book.best == Best(bid, bids.get(bid, 0), ask, asks.get(ask, 0))
        assert (len(book.bids.prices), len(book.asks.prices)) == (len(bids), len(asks))
        assert not book.is_crossed


@given(LEVELS, st.lists(st.tuples(LEVELS, LEVELS), min_size=1, max_size=10))
def test_the_older_side_of_a_crossing_goes(
    first: list[tuple[int, int]], changes: list[tuple[list[tuple[int, int]], ...]]
) -> None:
    book = Book(0, first)
    for update, (bids, asks) in enumerate(changes, 1):
        book.update(update, bids, asks)
        newest = {p for p, s in bids if s}, {p for p, s in asks if s}
        for side, price, size, told in book.uncross():
            mine, other = newest if side == "bid" else newest[::-1]
            assert size
            assert told < update or not (newest[0] and newest[1]) or (price in mine and other)
        assert not book.is_crossed


def test_diffs_that_overtook_the_snapshot_belong_to_it(tmp_path: Path) -> None:
    """Left out, as naive readers do, a level that was removed meanwhile stays and crosses."""
    events = [
        {**diff(99), "U": 90},
        {**diff(105, bids=[["99.50", "0"]]), "U": 100},
        snapshot(101),
        {**diff(110, asks=[["99.00", "1.000"]], bids=[["98.50", "1.000"]]), "U": 106},
        trade(1),
        diff(111, bids=[["98.60", "1.000"]], asks=[["98.90", "1.000"]]),
        trade(2),
    ]
    found = made(tmp_path / "early.gz", events)
    assert [(f.kind, f.line) for f in found.findings] == [(Kind.EARLY_DIFF, 2)]
    assert found.findings.faults == 0
    assert found.ticks.bid.tolist() == [98.5, 98.5, 98.5, 98.6, 98.6]

    naive = made(tmp_path / "naive.gz", events, early_diffs=False)
    assert [(f.kind, f.line) for f in naive.findings] == [
        (Kind.CROSSED_BOOK, 4),
        (Kind.STALE_BOOK, 4),
    ]
    (crossed,) = naive.findings.places[Kind.CROSSED_BOOK]
    assert "bid 99.5 is above its ask 99: dropped bid 99.5 of update 101" in str(crossed)
    trades = naive.ticks.kind == 1
    assert np.isnan(naive.ticks.bid[trades][0])
    assert naive.ticks.bid_size[trades][0] == 0


def test_a_crossed_book_is_trusted_once_both_best_levels_are_told_anew(tmp_path: Path) -> None:
    events = [
        snapshot(),
        diff(101, asks=[["99.40", "1.000"]]),
        trade(1),
        diff(102, bids=[["99.30", "1.000"]]),
        trade(2),
        diff(103, asks=[["99.40", "1.500"]]),
        trade(3),
    ]
    found = made(tmp_path / "crossed.gz", events)
    assert [(f.kind, f.line) for f in found.findings] == [(Kind.CROSSED_BOOK, 2)]
    quoted = [tick[6:10] for tick in found.ticks if tick.kind == 1]
    assert np.isnan(quoted[0][0])
    assert np.isnan(quoted[1][0])
    assert quoted[2] == (99.3, 1.0, 99.4, 1.5)


def test_a_gap_is_over_with_the_next_snapshot_or_an_equal_quote(tmp_path: Path) -> None:
    lost = [snapshot(), trade(1), diff(103, bids=[["99.60", "1.000"]]), trade(2)]
    again = made(tmp_path / "again.gz", [*lost, snapshot(110), trade(3), diff(111), trade(4)])
    assert [t.bid for t in again.ticks if t.kind == 1 and t.symbol == 0][2:] == [99.5, 99.5]
    assert np.isnan([t.bid for t in again.ticks if t.kind == 1][1])

    equal = [*lost, diff(104), quote(104, bid="99.60", B="1.000"), trade(3)]
    found = made(tmp_path / "equal.gz", equal, quotes="book")
    assert [t.bid for t in found.ticks if t.kind == 1][2] == 99.6
    other = [*lost, diff(104), quote(104, bid="99.70"), trade(3)]
    found = made(tmp_path / "other.gz", other, quotes="book")
    assert np.isnan([t.bid for t in found.ticks if t.kind == 1][2])


def test_recorded_quotes_tell_that_a_book_is_wrong(tmp_path: Path) -> None:
    events = [snapshot(), quote(101, bid="99.90"), diff(101), trade(1)]
    found = made(tmp_path / "wrong.gz", events, quotes="book")
    assert [(f.kind, f.line) for f in found.findings] == [(Kind.STALE_BOOK, 3)]
    assert np.isnan(found.ticks.bid[-1])
    recorded = made(tmp_path / "recorded.gz", events)
    assert recorded.ticks.bid[-1] == 99.9


def test_diffs_without_a_snapshot_are_told_where_nothing_else_quotes(tmp_path: Path) -> None:
    events = [diff(101, bids=[["99.60", "1.000"]]), trade(1), diff(102)]
    found = made(tmp_path / "none.gz", events)
    assert [(f.kind, f.line) for f in found.findings] == [(Kind.NO_SNAPSHOT, 1)]
    assert "BTCUSDT has 2 diffs from here on, no snapshot" in str(next(iter(found.findings)))
    assert (found.findings.faults, found.findings.dropped) == (1, 0)
    assert np.isnan(found.ticks.bid).all()
    assert made(tmp_path / "quoted.gz", [*events, quote(103)]).findings.faults == 0
