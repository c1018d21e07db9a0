"""Folders of recordings as an arena's sources: which session is where, and bars of them."""

import subprocess
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from aitrader_core.domain.errors import ConfigError, MarketDataError, TickFileError
from aitrader_core.domain.market import Bar, Symbol
from aitrader_core.market.calendar import load_calendar
from aitrader_core.market.source import Wanted
from aitrader_core.market.ticks.bars import TickBars
from aitrader_core.market.ticks.files import BinanceRecordings, TickFiles
from aitrader_core.market.ticks.making import make_ticks
from tests.market.ticks.streams import BEGINS, diff, rendered, snapshot, trade, written

BTC = Symbol("BTC-USDT")
NAMES = {"BTCUSDT": "BTC-USDT"}
FIRST, SECOND = date(2024, 8, 8), date(2024, 8, 9)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = 10**9


def two_days(folder: Path, name: str = "btc_20240808.gz") -> Path:
    """From 23:59:00 on, a line every ten seconds: the last three are of the day after."""
    events = [snapshot(), *map(trade, range(4)), diff(101, bids=[["99.60", "1.000"]])]
    events += [trade(4), diff(102), trade(5)]
    return written(folder / name, rendered(events, BEGINS, 10 * SECONDS))


@pytest.mark.parametrize("name", ["btc_20240808.gz", "btc_20240809.gz", "btc.gz", "btc.jsonl"])
def test_a_file_of_two_days(tmp_path: Path, name: str) -> None:
    """The local clock decides, whatever the name says; the book goes over midnight."""
    two_days(tmp_path, name)
    source = BinanceRecordings(tmp_path, symbols=NAMES)
    assert set(source.sessions()) == {FIRST, SECOND}
    first, second = (make_ticks(source.load(day, [BTC])).ticks for day in (FIRST, SECOND))
    assert first.symbols == second.symbols == (BTC,)
    assert [tick.bid for tick in first if tick.kind == 1] == [99.5] * 4
    assert [tick.bid for tick in second if tick.kind == 1] == [99.6] * 2
    assert second.received.min() >= BEGINS + 60 * SECONDS > first.received.max()


def test_two_files_of_one_session(tmp_path: Path) -> None:
    """Each is read once, in the order of their lines, and only for the session that it covers."""
    for name, numbers, begins in (("b_20240808", (1, 2), 0), ("a_20240808", (3, 4), 5)):
        lines = rendered([trade(n) for n in numbers], BEGINS + begins * SECONDS)
        written(tmp_path / f"{name}.gz", lines)
    written(tmp_path / "z_20240807.gz", rendered([trade(0)], BEGINS - 86_400 * SECONDS))
    (tmp_path / "notes.md").write_text("no recording")
    source = BinanceRecordings(tmp_path)
    assert source.sessions() == [date(2024, 8, 7), FIRST]
    recording = source.load(FIRST, [])
    assert recording.events.trade_id.tolist() == [1, 2, 3, 4]
    assert not recording.findings.counts
    assert len(source.load(SECOND, [])) == 0
    assert BinanceRecordings(tmp_path, files="z_*").sessions() == [date(2024, 8, 7)]


def test_spot_and_futures_are_two_markets(tmp_path: Path) -> None:
    """They share a symbol: both at once would be a session of neither."""
    written(tmp_path / "spot.gz", rendered([diff(101)]))
    written(tmp_path / "usdm.gz", rendered([{**diff(7), "pu": 6}]))
    with pytest.raises(TickFileError, match=r"spot\.gz and of futures in usdm\.gz: choose"):
        BinanceRecordings(tmp_path).load(FIRST, [])
    assert len(BinanceRecordings(tmp_path, files="usdm*").load(FIRST, [])) == 1


def test_csv_files(tmp_path: Path) -> None:
    rows = "ts,symbol,price,volume\n2024-08-08T23:59:59Z,A,10,3\n2024-08-09T00:00:00Z,A,11,3\n"
    (tmp_path / "trades.csv").write_text(rows)
    source = TickFiles(tmp_path)
    assert source.sessions() == [FIRST, SECOND]
    assert make_ticks(source.load(SECOND, [Symbol("A")])).ticks.price.tolist() == [11]
    assert BinanceRecordings(tmp_path).sessions() == []


def test_an_arena_that_names_them_starts_without_numpy() -> None:
    modules = "aitrader_core.market.ticks.files, aitrader_core.market.ticks.bars"
    heavy = "{'numpy', 'pyarrow', 'pandas', 'numba'} & set(sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys, {modules}; sys.exit(str({heavy} or ''))"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr.strip() == ""


def test_configuration_is_checked(tmp_path: Path) -> None:
    parse = TypeAdapter(BinanceRecordings).validate_python
    assert parse({"folder": "ticks"}) == BinanceRecordings(Path("ticks"))
    with pytest.raises(ValidationError, match="unexpected"):
        parse({"folder": "ticks", "symbol": {}})
    with pytest.raises(ValueError, match="two of the exchange's would be B"):
        TickFiles(tmp_path, symbols={"a": "B", "b": "B"})
    with pytest.raises(ValueError, match="minutes is 7"):
        TickBars(tmp_path, minutes=7)
    with pytest.raises(TickFileError, match="there is no such folder"):
        TickFiles(tmp_path / "none").sessions()


def daily_bar(symbol: Symbol, *numbers: str) -> Bar:
    opened, high, low, close, volume = map(Decimal, numbers)
    return Bar(symbol, FIRST, opened, high, low, close, volume)


def wanted(*, intraday: bool = False, symbol: Symbol = BTC) -> Wanted:
    return Wanted(load_calendar("24/7"), {symbol: [FIRST]}, intraday)


def test_bars_of_a_session(tmp_path: Path) -> None:
    events = [trade(n, p=p, q=q) for n, p, q in ((1, "10.0", "1"), (2, "12.50", "0.1"))]
    events += [trade(3, p="9.75", q="0.00000001"), trade(4, p="11", q="2")]  # one a day later
    written(tmp_path / "btc.gz", rendered(events, BEGINS - 60 * SECONDS, 40 * SECONDS))
    source = TickBars(tmp_path, symbols=NAMES)
    (part,) = source.fetch(wanted(), NOW)
    (bar,) = part.bars
    assert bar == daily_bar(BTC, "10", "12.5", "9.75", "9.75", "1.10000001")

    (part,) = TickBars(tmp_path, symbols=NAMES, minutes=1).fetch(wanted(intraday=True), NOW)
    assert [(bar.at, bar.open, bar.close) for bar in part.bars] == [
        (time(23, 58), Decimal(10), Decimal("12.5")),
        (time(23, 59), Decimal("9.75"), Decimal("9.75")),
    ]
    with pytest.raises(ConfigError, match="need `minutes`"):
        list(source.fetch(wanted(intraday=True), NOW))
    with pytest.raises(MarketDataError, match="has no trade of ETH"):
        list(source.fetch(wanted(symbol=Symbol("ETH")), NOW))


def test_a_minute_without_a_trade(tmp_path: Path) -> None:
    lines = rendered([trade(1), trade(2, p="11")], BEGINS - 180 * SECONDS, 150 * SECONDS)
    written(tmp_path / "btc.gz", lines)
    (part,) = TickBars(tmp_path, symbols=NAMES, minutes=1).fetch(wanted(intraday=True), NOW)
    assert [(bar.at.minute, bar.close, bar.volume) for bar in part.bars] == [
        (56, Decimal(100), Decimal("0.01")),
        (57, Decimal(100), Decimal(0)),
        (58, Decimal(11), Decimal("0.01")),
    ]
