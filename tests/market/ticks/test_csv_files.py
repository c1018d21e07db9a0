"""Two orders of columns that their header tells apart, and times in five notations."""

import gzip
from pathlib import Path

import pytest

from aitrader_core.domain.errors import TickFileError
from aitrader_core.market.ticks.findings import Kind
from aitrader_core.market.ticks.making import Made, make_ticks
from aitrader_core.market.ticks.reading import read_files

TIME = 1_723_161_540_123_456_789  # 2024-08-08 23:59:00.123456789 UTC


def made(path: Path, *lines: str) -> Made:
    content = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return make_ticks(read_files([path]))


def test_both_orders_give_the_same_ticks(tmp_path: Path) -> None:
    one = made(tmp_path / "a.csv", "ts,symbol,price,volume", f"{TIME},A,10.5,3", f"{TIME},B,7,2")
    lines = ("\ufeffSymbol,Price,Volume,Timestamp", f"A,10.5,3,{TIME}", f'"B","7","2","{TIME}"')
    other = made(tmp_path / "b.csv.gz", *lines)
    assert one.ticks.symbols == other.ticks.symbols == ("A", "B")
    assert repr(list(one.ticks)) == repr(list(other.ticks))
    assert [t[:6] for t in one.ticks] == [(TIME, 0, 0, 1, 10.5, 3.0), (TIME, 0, 1, 1, 7.0, 2.0)]


@pytest.mark.parametrize(
    "header", ["symbol,ts,price,volume", "ts,symbol,volume,price", "1723161540,A,10,3", "ts,price"]
)
def test_another_header_is_no_guess(tmp_path: Path, header: str) -> None:
    with pytest.raises(TickFileError, match=r"a\.csv:1: .*ts,symbol,price,volume or symbol,price"):
        made(tmp_path / "a.csv", header, "1723161540,A,10,3")


@pytest.mark.parametrize(
    ("text", "received"),
    [
        ("1723161540", 1_723_161_540 * 10**9),
        ("1723161540.123456789", TIME),
        ("1723161540123", 1_723_161_540_123 * 10**6),
        ("1723161540123456", 1_723_161_540_123_456 * 10**3),
        (str(TIME), TIME),
        ("2024-08-08T23:59:00.123456789Z", TIME),
        ("2024-08-09 05:29:00.123456789+05:30", TIME),
        ("2024-08-08T23:59:00Z", TIME // 10**9 * 10**9),
    ],
)
def test_times(tmp_path: Path, text: str, received: int) -> None:
    ticks = made(tmp_path / "a.csv", "ts,symbol,price,volume", f"{text},A,10,3").ticks
    assert ticks.received.tolist() == [received]


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ("2024-08-08T23:59:00,A,10,3", Kind.BAD_TIME),  # without a zone
        ("2024-13-08T23:59:00Z,A,10,3", Kind.BAD_TIME),
        ("A,10,3,1723161540", Kind.BAD_TIME),
        ("17231615401,A,10,3", Kind.BAD_TIME),
        ("nan,A,10,3", Kind.BAD_TIME),
        ("1723161541,A,nan,3", Kind.BAD_PRICE),
        ("1723161541,A,inf,3", Kind.BAD_PRICE),
        ("1723161541,A,-10,3", Kind.BAD_PRICE),
        ("1723161541,A,10,0", Kind.BAD_VOLUME),
        ("1723161541,A,10", Kind.MALFORMED),
        ("1723161541,A,10,3,4", Kind.MALFORMED),
        ('1723161541,"A,10,3', Kind.MALFORMED),
        ("1723161541,,10,3", Kind.UNKNOWN_SYMBOL),
        ("1723161540,A,10.0,3.00", Kind.DUPLICATE),
        ("1723161539,A,10,3", Kind.OUT_OF_ORDER),
    ],
)
def test_faults(tmp_path: Path, row: str, kind: Kind) -> None:
    rows = ("1723161540,A,10,3", row, "1723161542,A,11,1")
    found = made(tmp_path / "a.csv", "ts,symbol,price,volume", *rows)
    assert [(f.kind, f.file, f.line) for f in found.findings] == [(kind, "a.csv", 3)]
    assert found.ticks.price.tolist() == [10, 11]


def test_seq_tells_equal_trades_apart(tmp_path: Path) -> None:
    rows = ("1723161540,A,10,3,1", "1723161540,A,10,3,2", "1723161540,A,10,3,2")
    found = made(tmp_path / "a.csv", "ts,symbol,price,volume,seq", *rows)
    assert [(f.kind, f.line) for f in found.findings] == [(Kind.DUPLICATE, 4)]
    assert len(found.ticks) == 2


def test_a_file_may_tell_one_symbol_after_the_other(tmp_path: Path) -> None:
    rows = ("1723161540,A,10,3", "1723161544,A,11,3", "1723161540,B,7,3", "1723161543,B,8,3")
    found = made(tmp_path / "a.csv", "ts,symbol,price,volume", *rows)
    assert not found.findings.counts
    assert found.ticks.price.tolist() == [10, 7, 8, 11]
