"""The recordings are read whole, and a file of another market is noticed."""

import json
from collections import Counter
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from aitrader_core.domain.errors import PriceFileError
from aitrader_core.domain.market import Split, Symbol
from aitrader_core.market.calendar import load_calendar
from aitrader_core.market.files import read_price_file
from aitrader_core.market.gaps import suspicious_jumps
from aitrader_core.market.source import Prices, Wanted
from tests.recordings import CN_DAILY, CN_HOURLY, CRYPTO, US_DAILY, US_HOURLY, needs_recordings

pytestmark = needs_recordings

EXCHANGES = {US_DAILY: "XNYS", US_HOURLY: "XNYS", CN_DAILY: "XSHG", CN_HOURLY: "XSHG"}
INTRADAY = (US_HOURLY, CN_HOURLY)
ORLY = Symbol("ORLY")


def symbols(path: Path) -> list[Symbol]:
    stocks = map(json.loads, path.read_text().splitlines())
    return [Symbol(stock["Meta Data"]["2. Symbol"]) for stock in stocks]


def read(path: Path) -> Prices:
    calendar = load_calendar(EXCHANGES.get(path, "24/7"))
    return read_price_file(
        path, Wanted(calendar, dict.fromkeys(symbols(path), ()), intraday=path in INTRADAY)
    )


@pytest.mark.parametrize(
    ("path", "stocks", "each", "first", "last"),
    [
        (US_DAILY, 101, 100, date(2025, 6, 9), date(2025, 10, 29)),
        (US_HOURLY, 101, 174, date(2025, 10, 1), date(2025, 11, 10)),
        (CN_DAILY, 50, 30, date(2025, 10, 9), date(2025, 11, 19)),
        (CN_HOURLY, 50, 120, date(2025, 10, 9), date(2025, 11, 19)),
        (CRYPTO, 10, 356, date(2024, 11, 26), date(2025, 11, 16)),
    ],
    ids=lambda value: value.parent.name if isinstance(value, Path) else "",
)
def test_a_recording_is_read_whole(
    path: Path, stocks: int, each: int, first: date, last: date
) -> None:
    prices = read(path)
    assert Counter(Counter(b.symbol for b in prices.bars).values()) == {each: stocks}
    assert {prices.bars[0].session, prices.bars[-1].session} == {first, last}
    unfinished = [b for b in prices.bars if b.close is None]
    assert len(unfinished) == stocks  # of each the newest bar has only its open
    assert {b.session for b in unfinished} == {last}


def test_hourly_bars_keep_the_vendors_times() -> None:
    assert {b.at for b in read(US_HOURLY).bars} == {time(hour) for hour in range(10, 16)}
    assert {b.at for b in read(CN_HOURLY).bars} == {time(10, 30), time(11, 30), time(14), time(15)}


def test_the_unlisted_split_of_orly_is_the_only_jump_of_the_nasdaq_100() -> None:
    bars = read(US_DAILY).bars
    (jump,) = suspicious_jumps(bars, ())
    assert (jump.symbol, jump.session, jump.open) == (ORLY, date(2025, 6, 10), Decimal("90.0000"))
    (before,) = [b for b in bars if (b.symbol, b.session) == (ORLY, date(2025, 6, 9))]
    assert before.close == jump.expected == Decimal("1348.1000")
    assert suspicious_jumps(bars, [Split(ORLY, jump.session, Decimal(15))]) == ()


@pytest.mark.parametrize("path", [CN_DAILY, CN_HOURLY], ids=lambda p: p.parent.name)
def test_a_chinese_file_is_refused_in_a_us_arena(path: Path) -> None:
    intraday = path in INTRADAY
    ours = Wanted(load_calendar("XNYS"), {Symbol("AAPL"): ()}, intraday)
    with pytest.raises(PriceFileError) as caught:
        read_price_file(path, ours)
    assert str(caught.value) == (
        f"{path}:1: 600028.SH is no symbol of this arena: add it to the arena,"
        " or set unknown_symbols to ignore (and 49 more faults)"
    )
    with pytest.raises(PriceFileError, match="has bars of 50 symbols and none is one of this"):
        read_price_file(path, ours, unknown_symbols="ignore")


def test_the_calendar_notices_another_markets_file_under_the_right_symbols() -> None:
    with pytest.raises(PriceFileError, match=r":1: AAPL: 2025-10-08 is not an XSHG session"):
        read_price_file(
            US_DAILY, Wanted(load_calendar("XSHG"), dict.fromkeys(symbols(US_DAILY), ()))
        )


def test_daily_and_hourly_files_are_not_mistaken_for_each_other() -> None:
    calendar = load_calendar("XNYS")
    known = dict.fromkeys(symbols(US_DAILY), ())
    with pytest.raises(PriceFileError, match=r'has a "Time Series \(60min\)", and this arena has'):
        read_price_file(US_HOURLY, Wanted(calendar, known))
    with pytest.raises(PriceFileError, match=r'has a "Time Series \(Daily\)", and this arena tr'):
        read_price_file(US_DAILY, Wanted(calendar, known, intraday=True))
