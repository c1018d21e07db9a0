"""What goes in comes out: every event as its line told it, every tick to the bit."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aitrader_core.domain.errors import TickFileError
from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.columns import chunked, joined
from aitrader_core.market.ticks.findings import Findings
from aitrader_core.market.ticks.making import make_ticks
from aitrader_core.market.ticks.numbers import as_floats, read_numbers
from aitrader_core.market.ticks.reading import read_files
from aitrader_core.market.ticks.recording import Recording
from aitrader_core.market.ticks.store import TickStore
from aitrader_core.simulation.ticks import COLUMNS, Ticks
from tests.market.ticks.streams import diff, quote, rendered, snapshot, trade, written

DAY = date(2024, 8, 8)


def recorded(tmp_path: Path) -> Recording:
    events = [
        snapshot(),
        quote(100, bid="99.5000"),
        trade(1, p="100.10", q="0.00000001"),
        trade(2, p="123456789012.345678", X="MARKET", M=True),
        diff(101, bids=[["99.60", "0"]]),
    ]
    return read_files([written(tmp_path / "a.gz", rendered(events))])


def same(one: Ticks, other: Ticks) -> bool:
    """To the bit, NaN included."""
    columns = zip(one.columns, other.columns, strict=True)
    equal = all(a.dtype == b.dtype and a.tobytes() == b.tobytes() for a, b in columns)
    return equal and one.symbols == other.symbols


def test_round_trip(tmp_path: Path) -> None:
    recording, store = recorded(tmp_path), TickStore(tmp_path / "store")
    made = make_ticks(recording)
    name = store.write(DAY, recording, [made.ticks], made.findings)
    assert store.sessions() == [DAY]
    assert same(joined(list(store.read(DAY))), made.ticks)
    assert list(store.recording(DAY)) == list(recording)
    assert store.recording(DAY).findings == recording.findings
    assert store.findings(DAY) == made.findings
    assert (store.kept(DAY).trades, store.kept(DAY).quotes) == (2, 1)
    assert list(recording)[3].bids == ((Decimal("123456789012.345678"), Decimal("0.010")),)
    assert name == store.write(DAY, recording, chunked([made.ticks], 1), made.findings)
    assert sorted(path.name for path in store.folder.iterdir()) == ["2024-08-08"]
    assert name != store.write(DAY, recording, [made.ticks[:1]], made.findings)
    assert store.name(DAY) != name


@settings(max_examples=20)
@given(st.lists(st.integers(1, 7), max_size=8), st.integers(1, 9))
def test_chunks_are_of_one_size(sizes: list[int], rows: int) -> None:
    whole = some_ticks(sum(sizes))
    ends = np.cumsum([0, *sizes]).tolist()
    parts = [whole[a:b] for a, b in pairwise(ends)]
    chunks = list(chunked(parts, rows))
    assert all(len(chunk) == rows for chunk in chunks[:-1])
    assert not chunks or same(joined(chunks), whole)
    assert sum(map(len, chunks)) == len(whole)


def test_reading_in_chunks_gives_the_same_ticks(tmp_path: Path) -> None:
    recording, store = recorded(tmp_path), TickStore(tmp_path / "store")
    whole = some_ticks(200_000)
    name = store.write(DAY, recording, [whole], Findings())
    for rows in (65_536, 100_000, 1_000_000):
        chunks = list(store.read(DAY, rows))
        assert {len(chunk) for chunk in chunks[:-1]} <= {rows}
        assert same(joined(chunks), whole)
    other = TickStore(tmp_path / "other")
    assert other.write(DAY, recording, store.read(DAY, 999), Findings()) == name


def test_a_session_is_never_half_written(tmp_path: Path) -> None:
    recording, store = recorded(tmp_path), TickStore(tmp_path / "store")
    whole = some_ticks(10)
    name = store.write(DAY, recording, [whole], Findings())

    def torn() -> Iterator[Ticks]:
        yield whole[:5]
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        store.write(DAY, recording, torn(), Findings())
    with pytest.raises(ValueError, match="order of their receive times"):
        store.write(DAY, recording, [whole[5:], whole[:5]], Findings())
    assert store.name(DAY) == name
    assert [path.name for path in store.folder.iterdir()] == ["2024-08-08"]


def test_what_is_not_there(tmp_path: Path) -> None:
    store = TickStore(tmp_path / "store")
    assert store.sessions() == []
    with pytest.raises(TickFileError, match="has no ticks of 2024-08-08: it has no session"):
        next(store.read(DAY))
    store.write(DAY, recorded(tmp_path), [], Findings())
    assert list(store.read(DAY)) == []
    (store.folder / "2024-08-08" / "ticks.parquet").write_bytes(b"torn")
    with pytest.raises(TickFileError, match=r"ticks\.parquet: can't be read"):
        store.name(DAY)


@given(st.decimals(0, 10**9, places=9).map(str) | st.floats(0.1, 1e15).map(repr))
def test_numbers_are_exact(text: str) -> None:
    numbers = read_numbers([text, "1"])
    assert not numbers.bad
    assert Decimal(int(numbers.digits[0])).scaleb(-int(numbers.decimals[0])) == Decimal(text)
    assert as_floats(numbers.digits, numbers.decimals)[0] == float(text)


def test_numbers_are_never_rounded() -> None:
    texts = ["1.000000000000000000000000000001", "1" * 19, "1e999999999", "0.1e-18", "nan", ""]
    assert list(read_numbers(texts).bad) == list(range(6))
    whole = read_numbers(["1e3", " 1.5 ", "0e999", "0.012345678901234567", "1.10" + "0" * 30])
    assert not whole.bad
    assert whole.digits.tolist() == [1000, 15, 0, 12345678901234567, 11]


def some_ticks(count: int) -> Ticks:
    rng = np.random.default_rng(1)
    columns: dict[str, NDArray[Any]] = {name: rng.random(count) for name in COLUMNS}
    columns |= {name: np.arange(count) // 3 for name in ("received", "exchange")}
    columns["bid"][::2] = np.nan
    columns |= {"symbol": np.zeros(count, np.int32), "kind": np.ones(count, np.uint8)}
    columns["side"] = np.full(count, -1, np.int8)
    return Ticks((Symbol("BTCUSDT"),), *(columns[name] for name in COLUMNS))
