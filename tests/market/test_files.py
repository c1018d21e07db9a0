"""Files of prices: what is read is exactly what they say, and what can't be believed is refused."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from pydantic import TypeAdapter, ValidationError

from aitrader_core.domain.errors import PriceFileError
from aitrader_core.domain.market import Bar, CashDividend, Split, Symbol
from aitrader_core.market.calendar import load_calendar
from aitrader_core.market.files import PriceFile, read_actions_file, read_price_file
from aitrader_core.market.source import Prices, PriceSource, Wanted

XNYS = load_calendar("XNYS")
NOW = datetime(2026, 11, 20, tzinfo=UTC)
A, B = Symbol("A"), Symbol("B")
MONDAY, TUESDAY, WEDNESDAY = (date(2025, 6, d) for d in (9, 10, 11))
DAILY = Wanted(XNYS, {A: (), B: ()})
HOURLY = Wanted(XNYS, {A: (), B: ()}, intraday=True)

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def line(symbol: str, series: dict[str, Any], kind: str = "Daily") -> str:
    return json.dumps({"Meta Data": {"2. Symbol": symbol}, f"Time Series ({kind})": series}) + "\n"


def row(open_: str, *others: str) -> dict[str, str]:
    keys = ("1. buy price", "2. high", "3. low", "4. sell price", "5. volume")
    return dict(zip(keys, (open_, *others), strict=False))


WHOLE = row("10", "12", "9", "11", "100")


def test_merged_jsonl_is_read_exactly(write: Write) -> None:
    content = line("B", {"2025-06-10": row("5"), "2025-06-09": row("4.10", "5", "4", "4.5", "7.2")})
    content += line("A", {"2025-06-09": row("1,433.3300", "1,500,000.5", "1.0", "1433.33", "1e3")})
    prices = read_price_file(write("merged.jsonl", content), DAILY)
    d = Decimal
    assert prices.bars == (
        Bar(A, MONDAY, d("1433.33"), d("1500000.5"), d(1), d("1433.33"), d(1000)),
        Bar(B, MONDAY, d("4.1"), d(5), d(4), d("4.5"), d("7.2")),
        Bar(B, TUESDAY, d(5)),
    )
    assert str(prices.bars[0].open) == "1433.3300"
    assert prices.actions == ()


def test_the_vendors_own_keys_are_read_too_and_numbers_may_be_bare(write: Write) -> None:
    series = '{"2025-06-09": {"1. open": 0.1, "2. high": 3, "3. low": "0.1", "4. close": 1E0}}'
    content = f'{{"Meta Data": {{"2. Symbol": "A"}}, "Time Series (Daily)": {series}}}'
    (bar,) = read_price_file(write("m.JSONL", content), DAILY).bars
    assert bar == Bar(A, MONDAY, Decimal("0.1"), Decimal(3), Decimal("0.1"), Decimal(1))


def test_bars_within_a_session_keep_the_vendors_time(write: Write) -> None:
    series = {"2025-06-10 10:00:00": row("5"), "2025-06-09 15:00:00": WHOLE}
    bars = read_price_file(write("m.jsonl", line("A", series, "60min")), HOURLY).bars
    assert [(b.session, b.at) for b in bars] == [(MONDAY, time(15)), (TUESDAY, time(10))]


def test_csv_columns_come_in_any_order_and_case(write: Write) -> None:
    content = "\ufeffClose, DATE,symbol,Open,volume\r\n11,2025-06-09,B,10.50,\r\n\r\n,,,,\r\n"
    content += '"1,433.33",2025-06-09,A,1433.33,1e3\r\n'
    bars = read_price_file(write("p.csv", content), DAILY).bars
    d = Decimal
    assert bars == (
        Bar(A, MONDAY, d("1433.33"), close=d("1433.33"), volume=d(1000)),
        Bar(B, MONDAY, d("10.50"), close=d(11)),
    )


def test_a_csv_file_may_have_bars_within_sessions(write: Write) -> None:
    content = "symbol,session,time,open,close\nA,2025-06-09,10:00,1,2\nA,2025-06-09,11:00:00,2,3\n"
    assert [b.at for b in read_price_file(write("p.csv", content), HOURLY).bars] == [
        time(10), time(11),
    ]  # fmt: skip


def table(path: Path, **columns: Any) -> Path:
    parquet.write_table(pyarrow.table(columns), path)
    return path


def test_parquet_gives_the_bars_that_csv_gives(tmp_path: Path) -> None:
    path = table(
        tmp_path / "p.parquet",
        Symbol=pyarrow.array(["B", "A"]).dictionary_encode(),
        date=pyarrow.array([datetime(2025, 6, 9), datetime(2025, 6, 9)], pyarrow.timestamp("ns")),  # noqa: DTZ001
        open=[1348.1, 0.1 + 0.2],
        high=pyarrow.array([269.275, None], pyarrow.float32()),
        close=[Decimal("1.10"), None],
        volume=[5, None],
    )
    d = Decimal
    wanted = Wanted(XNYS, {A: (), B: ()})
    assert read_price_file(path, wanted).bars == (
        Bar(A, MONDAY, d("0.30000000000000004")),
        Bar(B, MONDAY, d("1348.1"), d("269.275"), close=d("1.10"), volume=d(5)),
    )


def test_parquet_may_have_dates_and_times_of_their_own_types(tmp_path: Path) -> None:
    path = table(
        tmp_path / "p.parquet",
        symbol=["A"],
        session=[MONDAY],
        open=[1],
        time=pyarrow.array([time(10)], pyarrow.time64("ns")),
    )
    assert read_price_file(path, HOURLY).bars == (Bar(A, MONDAY, Decimal(1), at=time(10)),)


@given(st.floats(1e-8, 1e14))
def test_a_float_becomes_the_decimal_of_its_repr(value: float) -> None:
    texts = pyarrow.array([value]).cast(pyarrow.string()).to_pylist()
    assert Decimal(texts[0]) == Decimal(repr(value))


def test_the_vintage_names_the_bytes(write: Write) -> None:
    content = line("A", {"2025-06-09": WHOLE})
    first, same, other = (
        read_price_file(write("m.jsonl", text), DAILY)
        for text in (content, content, content + "\n")
    )
    assert first == same
    assert first.source == "file"
    assert first.vintage == "m.jsonl ca2a36f1"
    assert other.vintage != first.vintage
    assert other.bars == first.bars


def test_a_file_may_bring_some_symbols_only(write: Write) -> None:
    assert read_price_file(write("m.jsonl", line("B", {"2025-06-09": WHOLE})), DAILY).symbols() == (
        B,
    )


def test_symbols_of_others_are_ignored_on_request(write: Write) -> None:
    path = write("m.jsonl", line("C", {"2025-06-14": WHOLE}) + line("B", {"2025-06-09": WHOLE}))
    assert read_price_file(path, DAILY, unknown_symbols="ignore").symbols() == (B,)


def test_gaps_are_allowed_on_request(write: Write) -> None:
    path = write("m.jsonl", line("A", {"2025-06-09": WHOLE, "2025-06-11": WHOLE}))
    assert len(read_price_file(path, DAILY, gaps="allow").bars) == 2


HEAD = "symbol,session,open,high,low,close\n"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("m.jsonl", "", "m.jsonl: is empty: check that it was written to its end"),
        ("m.jsonl", "\n \n", "m.jsonl: is empty: check that it was written to its end"),
        (
            "m.jsonl",
            line("A", {}),
            "m.jsonl: has no bars: check that it was written to its end",
        ),
        ("p.csv", HEAD, "p.csv: has no bars: check that it was written to its end"),
        (
            "m.json",
            "{}",
            "m.json: its name ends in .json: what is read are .jsonl, .csv, .parquet",
        ),
        (
            "prices",
            "{}",
            "prices: its name has no ending: what is read are .jsonl, .csv, .parquet",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": WHOLE}) + line("B", {"2025-06-09": WHOLE})[:70],
            "m.jsonl:2: is not JSON (Expecting ':' delimiter at column 71): a line is one"
            " whole object; export the file again if it was cut off",
        ),
        (
            "m.jsonl",
            "[1]\n",
            "m.jsonl:1: is not a JSON object: a line is the prices of one symbol",
        ),
        (
            "m.jsonl",
            "[" * 100_000,
            "m.jsonl:1: is nested too deeply: a line is the prices of one symbol",
        ),
        (
            "m.jsonl",
            '{"Time Series (Daily)": {}}',
            'm.jsonl:1: has no "2. Symbol" in "Meta Data": say whose prices these are',
        ),
        (
            "m.jsonl",
            '{"Meta Data": {"2. Symbol": "A"}}',
            "m.jsonl:1: has no time series: give one object,"
            ' "Time Series (Daily)" or "Time Series (60min)"',
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09 10:00:00": WHOLE}, "60min"),
            'm.jsonl:1: has a "Time Series (60min)", and this arena has one bar per session:'
            " give a daily series",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": []}),
            "m.jsonl:1: A on 2025-06-09 is no object: give it the keys 1. open, 1. buy price,"
            " 2. high, 3. low, 4. close, 4. sell price, 5. volume",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": {"2. high": "3"}}),
            "m.jsonl:1: A on 2025-06-09 has no open: give it; a bar has at least its open",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": {**WHOLE, "6. volume": "3"}}),
            "m.jsonl:1: A on 2025-06-09 has an unknown key '6. volume': known are 1. open,"
            " 1. buy price, 2. high, 3. low, 4. close, 4. sell price, 5. volume",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": {**WHOLE, "1. open": "3"}}),
            "m.jsonl:1: A on 2025-06-09 gives one value under two keys: take '1. open' out",
        ),
        (
            "m.jsonl",
            '{"Meta Data": {"2. Symbol": "A"}, "Time Series (Daily)":'
            ' {"2025-06-09": {"1. open": "1"}, "2025-06-09": {"1. open": "2"}}}',
            'm.jsonl:1: has "2025-06-09" twice in one object: keep the one that is right',
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": WHOLE}) + "\n" + line("A", {"2025-06-10": WHOLE}),
            "m.jsonl:3: A is on line 1 already: put all of its bars on one line",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": row("n/a")}),
            "m.jsonl:1: the open of A on 2025-06-09 is 'n/a', which is not a number:"
            " write it like 1433.33",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": row("10", "NaN")}),
            "m.jsonl:1: the high of A on 2025-06-09 is 'NaN', which is not a number:"
            " write it like 1433.33",
        ),
        (
            "m.jsonl",
            '{"Meta Data": {"2. Symbol": "A"}, "Time Series (Daily)":'
            ' {"2025-06-09": {"1. open": Infinity}}}',
            "m.jsonl:1: the open of A on 2025-06-09 is 'Infinity', which is not a number:"
            " write it like 1433.33",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": row("1433,33")}),
            "m.jsonl:1: the open of A on 2025-06-09 is '1433,33', which is not a number:"
            " write it like 1433.33",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": row("0.0")}),
            "m.jsonl:1: the open of A on 2025-06-09 is 0.0, which is not above zero: correct it",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": row("10", "12", "-9", "11")}),
            "m.jsonl:1: the low of A on 2025-06-09 is -9, which is not above zero: correct it",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": row("1e99")}),
            "m.jsonl:1: the open of A on 2025-06-09 is 1e99, out of the range 0.00000001 to 10^15:"
            " correct it",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": row("10", "9", "12", "11")}),
            "m.jsonl:1: A on 2025-06-09 has a high of 9 below its low of 12: correct them",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": row("10", "12", "9", "11", "-5")}),
            "m.jsonl:1: the volume of A on 2025-06-09 is -5, which is below zero:"
            " correct it, or leave it out",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": row("10", "12", "9", "11", "many")}),
            "m.jsonl:1: the volume of A on 2025-06-09 is 'many', which is not a number:"
            " write it like 72862557",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-14": WHOLE, "2025-06-15": WHOLE}),
            "m.jsonl:1: A: 2025-06-14 is not an XNYS session (week-end); the nearest are"
            " 2025-06-13 and 2025-06-16: take it out, or are these another market's prices?"
            " (and 1 more fault)",
        ),
        (
            "m.jsonl",
            line("A", {"09.06.2025": WHOLE}),
            "m.jsonl:1: A: '09.06.2025' is not a date: write it like 2025-06-09",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09 10:00:00": WHOLE}),
            "m.jsonl:1: A on 2025-06-09 has a time, 10:00:00, and this arena has one bar per"
            " session: leave the time out, or use the file in an intraday arena",
        ),
        (
            "m.jsonl",
            line("C", {"2025-06-09": WHOLE, "2025-06-10": WHOLE})
            + line("D", {"2025-06-09": WHOLE}),
            "m.jsonl:1: C is no symbol of this arena: add it to the arena,"
            " or set unknown_symbols to ignore (and 1 more fault)",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": WHOLE})
            + line("B", {"2025-06-09": WHOLE, "2025-06-12": WHOLE}),
            "m.jsonl:2: B has no bar of 2025-06-10 and 1 more, and bars before and after:"
            " add them, or set gaps to allow",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09": row("10"), "2025-06-10": WHOLE}),
            "m.jsonl:1: A has no close on 2025-06-09 and yet a later bar: give the close;"
            " only the newest bar of a symbol may be without",
        ),
        (
            "p.csv",
            HEAD + "A,2025-06-09,1,,,1\nB,2025-06-09,1,,,1\nA,2025-06-09,1,,,1\n",
            "p.csv:4: A has a bar of 2025-06-09 on line 2 already: keep the right one",
        ),
        (
            "p.csv",
            HEAD + "A,2025-06-09,1,,,1\nA,2025-06-11,1,,,1\n",
            "p.csv:3: A has no bar of 2025-06-10, and bars before and after:"
            " add it, or set gaps to allow",
        ),
        (
            "p.csv",
            "symbol;session;open\nA;2025-06-09;1\n",
            "p.csv:1: has an unknown column 'symbol;session;open': the columns are symbol, session"
            " or date, open and, if you like, high, low, close, volume, time, with commas between",
        ),
        (
            "p.csv",
            "symbol,session,open,vwap\n",
            "p.csv:1: has an unknown column 'vwap': the columns are symbol, session or date, open"
            " and, if you like, high, low, close, volume, time",
        ),
        (
            "p.csv",
            "symbol,session\nA,2025-06-09\n",
            "p.csv:1: has no column 'open': the columns are symbol, session or date, open"
            " and, if you like, high, low, close, volume, time",
        ),
        (
            "p.csv",
            "symbol,session,date,open\n",
            "p.csv:1: has two columns 'session': take one of them out",
        ),
        (
            "p.csv",
            "symbol,session,open\nA,2025-06-09,1,433.33\n",
            "p.csv:2: has 4 cells where the header has 3: give each column a cell,"
            " and put numbers with commas in quotes",
        ),
        (
            "p.csv",
            "symbol,session,open\n,2025-06-09,1\n",
            "p.csv:2: has no symbol: fill the cell in",
        ),
        (
            "p.csv",
            'symbol,session,open\nA,"2025-06-09,1\n',
            "p.csv:2: is not CSV (unexpected end of data): look for a quote left open",
        ),
        (
            "p.csv",
            "symbol,session,open\nA,2025-06-09,1\nB,2025-06-09,\u00bd\n".encode("latin-1"),
            "p.csv:3: is not UTF-8 text: save the file as UTF-8",
        ),
        ("m.jsonl", b"\xff\xfe{\x00", "m.jsonl:1: is not UTF-8 text: save the file as UTF-8"),
    ],
)
def test_a_bad_file_is_refused_with_the_place_and_the_way_out(
    write: Write, tmp_path: Path, name: str, content: str | bytes, sentence: str
) -> None:
    with pytest.raises(PriceFileError) as caught:
        read_price_file(write(name, content), DAILY)
    assert str(caught.value) == f"{tmp_path}/{sentence}"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "m.jsonl",
            line("A", {"2025-06-09": WHOLE}),
            'm.jsonl:1: has a "Time Series (Daily)", and this arena trades within sessions:'
            " give a 60-minute series",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09 10am": WHOLE}, "60min"),
            "m.jsonl:1: A: '10am' is not a time: write it like 10:00:00",
        ),
        (
            "m.jsonl",
            line("A", {"2025-06-09 10:00:00+00:00": WHOLE}, "60min"),
            "m.jsonl:1: A: '10:00:00+00:00' is not a time: write it like 10:00:00",
        ),
        (
            "p.csv",
            HEAD + "A,2025-06-09,1,,,1\n",
            "p.csv:2: A on 2025-06-09 has no time, and this arena trades within sessions:"
            " give each bar its time, or use the file in an arena of daily bars",
        ),
        (
            "m.jsonl",
            line("A", {f"2025-06-09 {h}:00:00": WHOLE for h in (10, 11, 12, 13)}, "60min")
            + line("B", {f"2025-06-09 {h}:00:00": WHOLE for h in (11, 13)}, "60min"),
            "m.jsonl:2: B has no bar of 2025-06-09 12:00:00, and bars before and after:"
            " add it, or set gaps to allow",
        ),
        (
            "m.jsonl",
            line("A", {f"2025-06-{d:02} 10:00:00": WHOLE for d in (9, 12)}, "60min"),
            "m.jsonl:1: A has no bar of 2025-06-10 and 1 more, and bars before and after:"
            " add them, or set gaps to allow",
        ),
        (
            "p.csv",
            "symbol,session,time,open,close\nA,2025-06-09,10:00,1,1\nA,2025-06-09,10:00:00,1,1\n",
            "p.csv:3: A has a bar of 2025-06-09 10:00:00 on line 2 already: keep the right one",
        ),
    ],
)
def test_a_file_that_is_bad_for_an_intraday_arena(
    write: Write, tmp_path: Path, name: str, content: str, sentence: str
) -> None:
    with pytest.raises(PriceFileError) as caught:
        read_price_file(write(name, content), HOURLY)
    assert str(caught.value) == f"{tmp_path}/{sentence}"


def test_bad_rows_of_a_parquet_file_are_numbered(tmp_path: Path) -> None:
    def told(**columns: Any) -> str:
        with pytest.raises(PriceFileError) as caught:
            read_price_file(table(tmp_path / "p.parquet", **columns), DAILY)
        return str(caught.value).removeprefix(f"{tmp_path}/")

    assert told(symbol=["A", "A"], session=[MONDAY, TUESDAY], open=[1.0, float("nan")]) == (
        "p.parquet: row 2: the open of A on 2025-06-10 is 'nan', which is not a number:"
        " write it like 1433.33"
    )
    assert told(symbol=["A", "A"], session=[MONDAY, MONDAY], open=[1, 1]) == (
        "p.parquet: row 2: A has a bar of 2025-06-09 on row 1 already: keep the right one"
    )
    assert told(symbol=["A", None], session=[MONDAY, MONDAY], open=[1, 1]) == (
        "p.parquet: row 2: has no symbol: fill the cell in"
    )
    assert told(symbol=["A"], session=[MONDAY], open=[[1]]).startswith(
        "p.parquet: has a column 'open' of type list<"
    )
    assert told(symbol=["A"], session=[MONDAY], open=[1], __index_level_0__=[0]) == (
        "p.parquet: has an unknown column '__index_level_0__': the columns are symbol, session or"
        " date, open and, if you like, high, low, close, volume, time"
    )
    noon = datetime(2025, 6, 9, 12, tzinfo=UTC)
    assert told(symbol=["A"], session=[noon], open=[1]).startswith(
        "p.parquet: row 1: A: '2025-06-09 12:00:00.000000Z' is not a date: write it like"
    )


def test_texts_of_a_parquet_file_are_utf8(tmp_path: Path) -> None:
    symbols = pyarrow.array([b"\xff"]).view(pyarrow.string())
    path = table(tmp_path / "p.parquet", symbol=symbols, session=[MONDAY], open=[1])
    with pytest.raises(PriceFileError, match="is no sound Parquet file .*: export it again$"):
        read_price_file(path, DAILY)


def test_a_jsonl_file_that_was_cut_off_anywhere_is_refused(write: Write) -> None:
    first, second = (line(s, {"2025-06-09": WHOLE, "2025-06-10": row("5")}) for s in "AB")
    content = first + second
    at_the_end_of_a_line = {len(first) - 1, len(first), len(content) - 1}
    for cut in range(len(content)):
        if cut not in at_the_end_of_a_line:
            with pytest.raises(PriceFileError):
                read_price_file(write("m.jsonl", content[:cut]), DAILY)


def test_a_truncated_parquet_file_is_refused(write: Write, tmp_path: Path) -> None:
    whole = table(tmp_path / "p.parquet", symbol=["A"], session=[MONDAY], open=[1]).read_bytes()
    for broken in (whole[:-9], b"PAR1", b"symbol,session,open\n"):
        with pytest.raises(PriceFileError, match=r"p.parquet: is no sound Parquet file \(.*export"):
            read_price_file(write("p.parquet", broken), DAILY)


def test_a_file_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PriceFileError, match=r"/no.csv: there is no such file: check its path$"):
        read_price_file(tmp_path / "no.csv", DAILY)
    with pytest.raises(PriceFileError, match=r": is a folder: name a file within it$"):
        read_price_file(tmp_path, DAILY)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)  # the tests may run as root
    with pytest.raises(PriceFileError, match=r"may not be read: give this user the right to$"):
        read_price_file(tmp_path / "no.csv", DAILY)


ACTIONS = "symbol,ex_date,kind,value\n"


def test_actions_are_read_exactly(write: Write) -> None:
    content = "Value,kind,ex_date,symbol\n0.25,cash_dividend,2025-06-10,B\n15,split,2025-06-10,A\n"
    assert read_actions_file(write("a.csv", content), DAILY) == (
        Split(A, TUESDAY, Decimal(15)),
        CashDividend(B, TUESDAY, Decimal("0.25")),
    )
    assert read_actions_file(write("a.csv", ACTIONS), DAILY) == ()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "a.csv",
            ACTIONS + "A,2025-06-10,merger,1\n",
            "a.csv:2: A has an action of kind 'merger': kinds are split, cash_dividend",
        ),
        (
            "a.csv",
            ACTIONS + "A,2025-06-10,split,15:1\n",
            "a.csv:2: the value of A's split on 2025-06-10 is '15:1', which is not a number:"
            " write it like 1433.33",
        ),
        (
            "a.csv",
            ACTIONS + "A,2025-06-10,split,0\n",
            "a.csv:2: the value of A's split on 2025-06-10 is 0, which is not above zero:"
            " correct it",
        ),
        (
            "a.csv",
            ACTIONS + "A,2025-06-14,split,2\n",
            "a.csv:2: A: 2025-06-14 is not an XNYS session (week-end); the nearest are 2025-06-13"
            " and 2025-06-16: take it out, or are these another market's prices?",
        ),
        (
            "a.csv",
            ACTIONS + "A,2025-06-10,split,2\nA,2025-06-10,split,2\n",
            "a.csv:3: A has a split on 2025-06-10 on line 2 already: keep the right one,"
            " or add up dividends of one day",
        ),
        (
            "a.csv",
            ACTIONS + "C,2025-06-10,split,2\n",
            "a.csv:2: C is no symbol of this arena: add it to the arena,"
            " or set unknown_symbols to ignore",
        ),
        (
            "a.csv",
            "symbol,date,ratio\n",
            "a.csv:1: has an unknown column 'date': the columns are symbol, ex_date, kind, value",
        ),
        ("a.csv", "", "a.csv: is empty: check that it was written to its end"),
        ("a.jsonl", "{}", "a.jsonl: its name ends in .jsonl: what is read are .csv"),
    ],
)
def test_a_bad_file_of_actions_is_refused(
    write: Write, tmp_path: Path, name: str, content: str, sentence: str
) -> None:
    with pytest.raises(PriceFileError) as caught:
        read_actions_file(write(name, content), DAILY)
    assert str(caught.value) == f"{tmp_path}/{sentence}"


def test_actions_of_other_symbols_are_ignored_on_request(write: Write) -> None:
    path = write("a.csv", ACTIONS + "C,2025-06-14,split,2\n")
    assert read_actions_file(path, DAILY, unknown_symbols="ignore") == ()


def test_the_source_gives_all_of_its_files_in_one_part(write: Write) -> None:
    path = write("m.jsonl", line("A", {"2025-06-09": WHOLE, "2025-06-10": WHOLE}))
    actions = write("a.csv", ACTIONS + "A,2025-06-10,split,2\n")
    source: PriceSource = PriceFile(path, actions)
    (part,) = source.fetch(DAILY, NOW)
    alone = read_price_file(path, DAILY)
    assert part.bars == alone.bars
    assert part.actions == (Split(A, TUESDAY, Decimal(2)),)
    assert part.vintage.startswith("m.jsonl ")
    assert part.vintage != alone.vintage  # another split is another edition
    assert (source.name, source.coverage()) == ("file", None)


def test_nothing_is_given_before_everything_is_checked(write: Write) -> None:
    path = write("m.jsonl", line("A", {"2025-06-09": WHOLE}))
    given: list[Prices] = []
    with pytest.raises(PriceFileError):
        given.extend(PriceFile(path, write("a.csv", ACTIONS + "A,x,split,2\n")).fetch(DAILY, NOW))
    assert given == []


def test_without_a_path_the_source_has_nothing() -> None:
    assert list(PriceFile().fetch(DAILY, NOW)) == []


def test_the_source_is_configured_strictly() -> None:
    parse = TypeAdapter(PriceFile).validate_python
    assert parse({"path": "p.csv", "gaps": "allow"}) == PriceFile(Path("p.csv"), gaps="allow")
    for wrong in ({"paht": "p.csv"}, {"gaps": "maybe"}, {"actions": "a.csv"}):
        with pytest.raises(ValidationError):
            parse(wrong)
