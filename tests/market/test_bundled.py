"""The bundled prices are those of the source, whole, unadjusted and undamaged."""

import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.market import Bar, Split, Symbol
from aitrader_core.market import bundled, bundled_data
from aitrader_core.market.bundled import Bundled, history, read_history
from aitrader_core.market.bundled_data import pack
from aitrader_core.market.calendar import load_calendar
from aitrader_core.market.gaps import find_gaps, suspicious_jumps
from aitrader_core.market.source import Prices, PriceSource, Wanted

AAPL, FB, GOOG, IBM, MSFT = map(Symbol, ("AAPL", "FB", "GOOG", "IBM", "MSFT"))
FIRST, LAST = date(2000, 3, 1), date(2013, 3, 1)
FILES = Path(bundled_data.__path__[0])
NOW = datetime(2026, 11, 20, tzinfo=UTC)
SOURCE: PriceSource = Bundled()


def fetch(symbols: Iterable[Symbol], first: date, last: date) -> Prices:
    calendar = load_calendar("XNYS")
    sessions = calendar.between(first, last)
    (found,) = SOURCE.fetch(Wanted(calendar, dict.fromkeys(symbols, sessions)), NOW)
    return found


def bar(symbol: Symbol, session: date) -> Bar:
    (only,) = fetch([symbol], session, session).bars
    return only


def test_counts_and_coverage() -> None:
    prices = fetch([AAPL, FB, GOOG, IBM, MSFT], FIRST, LAST)
    counts = Counter(b.symbol for b in prices.bars)
    assert counts == {AAPL: 3270, FB: 196, GOOG: 2148, IBM: 3270, MSFT: 3270}
    assert SOURCE.coverage() == (FIRST, LAST)
    assert prices.source == SOURCE.name == "bundled"


def test_known_values_are_exact() -> None:
    d = Decimal
    assert bar(AAPL, FIRST) == Bar(
        AAPL, FIRST, d("118.56"), d("132.06"), d("118.5"), d("130.31"), d("9616100")
    )
    assert bar(AAPL, date(2003, 4, 8)).low == d("14.3642")
    assert bar(FB, date(2012, 5, 18)).open == d("42.05")
    assert str(bar(MSFT, date(2003, 2, 18)).close) == "24.96"


def test_bars_come_by_symbol_then_session_and_only_those_asked_for() -> None:
    prices = fetch([MSFT, AAPL], date(2003, 2, 14), date(2003, 2, 18))
    assert [(b.symbol, b.session.day) for b in prices.bars] == [
        (AAPL, 14), (AAPL, 18), (MSFT, 14), (MSFT, 18),
    ]  # fmt: skip
    assert prices.actions == (Split(MSFT, date(2003, 2, 18), Decimal(2)),)
    everything = history().bars
    assert everything == tuple(sorted(everything, key=lambda b: (b.symbol, b.session)))


def test_a_symbol_not_listed_yet_has_no_bars_but_an_unknown_one_is_an_error() -> None:
    assert fetch([FB], FIRST, date(2012, 5, 17)).bars == ()
    with pytest.raises(MarketDataError) as caught:
        fetch([AAPL, Symbol("TSLA")], FIRST, LAST)
    assert str(caught.value) == "bundled has no TSLA; it offers AAPL, FB, GOOG, IBM, MSFT"


def test_every_bar_is_possible() -> None:
    for b in history().bars:
        assert b.high is not None
        assert b.low is not None
        assert b.close is not None
        assert b.volume
        assert 0 < b.low <= min(b.open, b.close) <= max(b.open, b.close) <= b.high, b


def test_no_session_is_missing_and_none_is_extra() -> None:
    sessions: defaultdict[Symbol, list[date]] = defaultdict(list)
    for b in history().bars:
        sessions[b.symbol].append(b.session)
    calendar = load_calendar("XNYS")
    assert find_gaps(calendar, sessions) == {}
    for days in sessions.values():
        assert tuple(days) == calendar.between(days[0], days[-1])


@pytest.mark.parametrize("split", history().actions, ids=str)
def test_prices_are_unadjusted_across_each_split(split: Split) -> None:
    assert split.ratio == 2
    days = [b for b in history().bars if b.symbol == split.symbol]
    ((before, after),) = [(a, b) for a, b in pairwise(days) if b.session == split.ex_date]
    assert before.close is not None
    assert abs(before.close / after.open - split.ratio) < Decimal("0.05")


def test_the_only_jump_that_no_split_explains_is_apples_crash() -> None:
    jumps = suspicious_jumps(history().bars, history().actions)
    assert [(j.symbol, j.session) for j in jumps] == [(AAPL, date(2000, 9, 29))]


def test_without_its_split_microsofts_halving_is_a_jump() -> None:
    others = [a for a in history().actions if a.symbol != MSFT]
    jumps = suspicious_jumps(history().bars, others)
    assert (MSFT, date(2003, 2, 18)) in [(j.symbol, j.session) for j in jumps]


def test_the_vintage_names_these_bytes() -> None:
    assert history().vintage == "wiki-2013-03-bab7f18c"


def test_other_bytes_are_refused_until_their_checksum_is_committed_as_another_vintage() -> None:
    text = gzip.decompress((FILES / "bars.csv.gz").read_bytes())
    splits = (FILES / "splits.csv").read_bytes()
    restated = text.replace(b"118.56", b"118.57", 1)
    packed = gzip.compress(restated)
    with pytest.raises(MarketDataError, match=r"damaged .*: reinstall"):
        read_history(packed, splits, (FILES / "SHA256").read_text())
    assert read_history(packed, splits, bundled.digest(restated, splits)).vintage != (
        history().vintage
    )


def test_a_truncated_file_is_refused() -> None:
    packed = (FILES / "bars.csv.gz").read_bytes()
    for broken in (packed[:1000], b"not gzip"):
        with pytest.raises(MarketDataError, match="damaged"):
            read_history(broken, b"", "")


def test_packing_again_gives_the_same_text(tmp_path: Path) -> None:
    pytest.importorskip("bokeh_sampledata", reason="needs bokeh_sampledata to pack again")
    (tmp_path / "splits.csv").write_bytes((FILES / "splits.csv").read_bytes())
    pack.pack(tmp_path)
    assert (tmp_path / "SHA256").read_bytes() == (FILES / "SHA256").read_bytes()
    fresh, committed = (
        gzip.decompress((f / "bars.csv.gz").read_bytes()) for f in (tmp_path, FILES)
    )
    assert fresh == committed
