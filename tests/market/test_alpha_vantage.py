"""Alpha Vantage over real HTTP: what is asked for, in which order, and what a bad day leaves."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from aitrader_core.domain.errors import AitraderError, ConfigError, MarketDataError
from aitrader_core.domain.market import Bar, CashDividend, Split, Symbol
from aitrader_core.market.alpha_vantage import AlphaVantage
from aitrader_core.market.calendar import load_calendar
from aitrader_core.market.source import DownloadStopped, Prices, PriceSource, Wanted
from tests.market.vendor_server import DROP, HANG, StandIn, standing_in

XNYS = load_calendar("XNYS")
A, B, C = map(Symbol, "ABC")
NOW = datetime(2025, 6, 11, 1, tzinfo=UTC)  # still the 10th in New York
MONDAY, TUESDAY, WEDNESDAY = (date(2025, 6, d) for d in (9, 10, 11))
KEY = "S3CRET+KEY"
LATER = "run the import again later, only what is missing is asked for"
LIMIT = f"We have detected your API key as {KEY} and our limit is 25 requests per day."


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with standing_in() as stand_in:
        yield stand_in


@pytest.fixture
def source(vendor: StandIn) -> AlphaVantage:
    return AlphaVantage(KEY, url=vendor.url, retry_wait=0.001, timeout=5)


def answer(symbol: str, *days: str, **changes: Any) -> dict[str, Any]:
    row = {"1. open": "10.10", "2. high": "12", "3. low": "9", "4. close": "11", "5. volume": "100"}
    return {
        "Meta Data": {"1. Information": "Daily Prices", "2. Symbol": symbol},
        "Time Series (Daily)": {day: {**row, **changes} for day in days or ("2025-06-09",)},
    }


def wanted(*symbols: str, sessions: Sequence[date] = (MONDAY,)) -> Wanted:
    return Wanted(XNYS, {Symbol(s): sessions for s in symbols})


def drain(source: PriceSource, wanted: Wanted) -> tuple[list[Prices], AitraderError]:
    """What came before it failed, and how it failed."""
    parts: list[Prices] = []
    with pytest.raises(AitraderError) as caught:
        parts.extend(source.fetch(wanted, NOW))
    return parts, caught.value


def test_a_part_for_each_symbol_as_it_comes(source: AlphaVantage, vendor: StandIn) -> None:
    vendor.answers |= {
        "A": [answer("A", "2025-06-10", "2025-06-09")],
        "B": [answer("B", "2025-06-10", **{"4. close": "1,433.3300"})],
    }
    parts = source.fetch(wanted("B", "A"), NOW)
    first = next(parts)
    assert vendor.symbols == ["A"]
    d = Decimal
    bar = Bar(A, MONDAY, d("10.10"), d(12), d(9), d(11), d(100))
    assert first == Prices(
        (bar, replace(bar, session=TUESDAY)), (), "alpha_vantage", "2025-06-11T01:00:00+00:00"
    )
    (second,) = parts
    assert second.vintage == first.vintage
    assert second.bars[0].close == d("1433.33")
    assert vendor.asked[0] == {
        "function": "TIME_SERIES_DAILY", "symbol": "A", "outputsize": "compact", "apikey": KEY,
    }  # fmt: skip


def test_only_what_is_missing_is_asked_for_and_the_emptiest_symbol_first(
    source: AlphaVantage, vendor: StandIn
) -> None:
    for symbol in "ABCDEF":
        vendor.answers[symbol] = [answer(symbol)]
    before = XNYS.between(date(2025, 1, 2), TUESDAY)
    missing = {
        "A": [TUESDAY], "B": [], "C": before, "D": [MONDAY, TUESDAY], "E": [WEDNESDAY],
        "F": [MONDAY, TUESDAY],
    }  # fmt: skip
    list(source.fetch(Wanted(XNYS, {Symbol(s): days for s, days in missing.items()}), NOW))
    assert vendor.symbols == ["C", "D", "F", "A"]  # E's session has not come in New York


def test_the_last_hundred_sessions_fit_a_compact_answer(
    source: AlphaVantage, vendor: StandIn
) -> None:
    vendor.answers |= {"A": [answer("A")], "B": [answer("B")]}
    known = XNYS.between(date(2025, 1, 2), TUESDAY)
    list(source.fetch(Wanted(XNYS, {A: [known[-100]], B: [known[-101], TUESDAY]}), NOW))
    assert {q["symbol"]: q["outputsize"] for q in vendor.asked} == {"A": "compact", "B": "full"}


def test_with_nothing_missing_nobody_is_asked_and_no_key_is_needed(vendor: StandIn) -> None:
    source = AlphaVantage(url=vendor.url)
    assert list(source.fetch(wanted("A", sessions=()), NOW)) == []
    assert list(source.fetch(wanted("A", sessions=[WEDNESDAY]), NOW)) == []
    assert vendor.asked == []


@pytest.mark.parametrize("key", [None, ""])
def test_a_key_is_needed(key: str | None) -> None:
    with pytest.raises(ConfigError, match="alpha_vantage needs a key: set ALPHAVANTAGE_API_KEY$"):
        AlphaVantage(key).fetch(wanted("A"), NOW)


def test_bars_within_sessions_are_not_on_offer(source: AlphaVantage) -> None:
    with pytest.raises(ConfigError, match="gives one bar per session.*: import a file$"):
        source.fetch(Wanted(XNYS, {A: [MONDAY]}, intraday=True), NOW)


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ((429, "Too many requests"), "429 Too many requests"),
        ({"Note": LIMIT}, LIMIT.replace(KEY, "***")),
        ({"Information": LIMIT}, LIMIT.replace(KEY, "***")),
    ],
)
def test_at_the_vendors_limit_what_came_stays(
    source: AlphaVantage, vendor: StandIn, refusal: Any, told: str
) -> None:
    vendor.answers |= {"A": [answer("A")], "B": [refusal], "C": [answer("C")]}
    parts, error = drain(source, wanted("A", "B", "C"))
    assert [p.symbols() for p in parts] == [(A,)]
    assert vendor.symbols == ["A", "B"]
    assert isinstance(error, DownloadStopped)
    assert str(error) == f"alpha_vantage: {told}; 1 of 3 symbols are done, 2 left: {LATER}"


@pytest.mark.parametrize("stumble", [(500, "oops"), (503, ""), DROP], ids=str)
def test_a_vendor_that_stumbles_is_asked_again(
    source: AlphaVantage, vendor: StandIn, stumble: Any
) -> None:
    vendor.answers["A"] = [stumble, stumble, answer("A")]
    assert len(list(source.fetch(wanted("A"), NOW))) == 1
    assert len(vendor.asked) == 3


@pytest.mark.parametrize(
    ("stumble", "told"),
    [
        ((500, "oops"), "it answered 500 Internal Server Error, 3 times"),
        (DROP, "Server disconnected without sending a response., 3 times"),
        (HANG, "timed out, 3 times"),
    ],
    ids=str,
)
def test_a_vendor_that_is_down_ends_the_download(
    source: AlphaVantage, vendor: StandIn, stumble: Any, told: str
) -> None:
    vendor.answers |= {"A": [answer("A")], "B": [stumble]}
    patient = 0.2 if stumble == HANG else 5
    parts, error = drain(replace(source, timeout=patient), wanted("A", "B"))
    assert [p.symbols() for p in parts] == [(A,)]
    assert vendor.symbols == ["A", "B", "B", "B"]
    assert isinstance(error, DownloadStopped)
    assert str(error) == f"alpha_vantage: {told}; 1 of 2 symbols are done, 1 left: {LATER}"


def test_nobody_at_that_address(source: AlphaVantage) -> None:
    _, error = drain(replace(source, url="http://127.0.0.1:9/query"), wanted("A"))
    assert isinstance(error, DownloadStopped)
    assert "Connection refused" in str(error)


@pytest.mark.parametrize("url", ["http://localhost:x/", "www.alphavantage.co/query"])
def test_an_address_that_is_none(source: AlphaVantage, url: str) -> None:
    _, error = drain(replace(source, url=url), wanted("A"))
    assert isinstance(error, ConfigError)
    assert str(error).startswith(f"alpha_vantage: url: {url!r} is none (")


def test_another_refusal_is_told_with_its_status(source: AlphaVantage, vendor: StandIn) -> None:
    vendor.answers["A"] = [(403, "forbidden")]
    _, error = drain(source, wanted("A"))
    assert str(error) == (
        f"alpha_vantage: {vendor.url} answered 403 Forbidden: check the URL and the key"
    )


INVALID = {"Error Message": "Invalid API call."}


def test_symbols_that_it_does_not_know_are_told_once_the_others_came(
    source: AlphaVantage, vendor: StandIn
) -> None:
    vendor.answers |= {"A": [INVALID], "B": [answer("B")], "C": [INVALID]}
    parts, error = drain(source, wanted("A", "B", "C"))
    assert [p.symbols() for p in parts] == [(B,)]
    assert type(error) is MarketDataError
    assert str(error) == (
        "alpha_vantage: A is not known there (Invalid API call.): correct its name, or take it out"
        " of the arena; C is not known there (Invalid API call.): correct its name, or take it out"
        " of the arena"
    )


def test_a_limit_after_an_unknown_symbol_tells_both(source: AlphaVantage, vendor: StandIn) -> None:
    vendor.answers |= {"A": [INVALID], "B": [answer("B")], "C": [{"Note": "enough"}]}
    _, error = drain(source, wanted("A", "B", "C"))
    assert isinstance(error, DownloadStopped)
    assert str(error) == (
        f"alpha_vantage: enough; 1 of 3 symbols are done, 1 left: {LATER} (A is not known there"
        " (Invalid API call.): correct its name, or take it out of the arena)"
    )


def test_a_key_that_it_refuses_is_an_error_of_the_settings(
    source: AlphaVantage, vendor: StandIn
) -> None:
    vendor.answers["A"] = [{"Error Message": "the parameter apikey is invalid or missing."}]
    _, error = drain(source, wanted("A"))
    assert isinstance(error, ConfigError)
    assert str(error) == (
        "alpha_vantage: the parameter apikey is invalid or missing. (set ALPHAVANTAGE_API_KEY)"
    )


AGAIN = "try again, and tell the vendor if it stays so"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("<html>", f"the answer on A is not JSON (Expecting value at column 1): {AGAIN}"),
        ("", f"the answer on A is not JSON (Expecting value at column 1): {AGAIN}"),
        ("[]", f"the answer on A is not a JSON object: {AGAIN}"),
        ({}, f'the answer on A has no "2. Symbol" in "Meta Data": {AGAIN}'),
        ({"Meta Data": {"2. Symbol": "A"}}, f"the answer on A has no time series: {AGAIN}"),
        (
            {"Meta Data": {"2. Symbol": "A"}, "Time Series (Daily)": {}},
            f"the answer on A has no bars: {AGAIN}",
        ),
        (answer("B"), f"the answer on A is on B: {AGAIN}"),
        (
            answer("A", "2025-06-14"),
            "A: 2025-06-14 is not an XNYS session (week-end); the nearest are 2025-06-13 and"
            f" 2025-06-16: {AGAIN}",
        ),
        (
            answer("A", **{"1. open": KEY}),
            f"the open of A on 2025-06-09 is '***', which is not a number: {AGAIN}",
        ),
    ],
)
def test_a_wrong_answer_on_one_symbol_leaves_the_others(
    source: AlphaVantage, vendor: StandIn, content: Any, told: str
) -> None:
    vendor.answers |= {"A": [content], "B": [answer("B")]}
    parts, error = drain(source, wanted("A", "B"))
    assert [p.symbols() for p in parts] == [(B,)]
    assert str(error) == f"alpha_vantage: {told}"


def test_bars_from_before_the_calendar_are_left_out(source: AlphaVantage, vendor: StandIn) -> None:
    vendor.answers["A"] = [answer("A", "1999-11-01", "2000-01-03")]
    (part,) = source.fetch(wanted("A"), NOW)
    assert [b.session for b in part.bars] == [date(2000, 1, 3)]


def test_adjusted_answers_bring_splits_and_dividends_and_raw_prices(
    source: AlphaVantage, vendor: StandIn
) -> None:
    def row(dividend: str, split: str) -> dict[str, str]:
        return {
            "1. open": "1348.10", "2. high": "1350", "3. low": "90", "4. close": "1348.10",
            "5. adjusted close": "89.87", "6. volume": "7",
            "7. dividend amount": dividend, "8. split coefficient": split,
        }  # fmt: skip

    days = {"2025-06-10": row("0.0000", "15.0"), "2025-06-09": row("0.25", "1.0")}
    vendor.answers["A"] = [{"Meta Data": {"2. Symbol": "A"}, "Time Series (Daily)": days}]
    (part,) = replace(source, adjusted=True).fetch(wanted("A"), NOW)
    assert vendor.asked[0]["function"] == "TIME_SERIES_DAILY_ADJUSTED"
    assert [b.close for b in part.bars] == [Decimal("1348.10")] * 2
    assert part.bars[0].volume == Decimal(7)
    assert part.actions == (
        CashDividend(A, MONDAY, Decimal("0.25")), Split(A, TUESDAY, Decimal(15)),
    )  # fmt: skip


def test_an_adjusted_answer_without_its_actions_is_wrong(
    source: AlphaVantage, vendor: StandIn
) -> None:
    plain = answer("A")
    del plain["Time Series (Daily)"]["2025-06-09"]["5. volume"]
    vendor.answers["A"] = [plain]
    _, error = drain(replace(source, adjusted=True), wanted("A"))
    assert str(error) == (
        "alpha_vantage: the dividend amount of A on 2025-06-09 is '', which is not a number:"
        f" {AGAIN}"
    )


def test_requests_can_be_spaced_out(source: AlphaVantage, vendor: StandIn) -> None:
    vendor.answers |= {s: [answer(s)] for s in "ABC"}
    began = time.monotonic()
    list(replace(source, requests_per_minute=600).fetch(wanted("A", "B", "C"), NOW))
    assert time.monotonic() - began >= 0.2  # two pauses of a tenth


@pytest.mark.parametrize("stumble", [DROP, (500, KEY), (429, KEY), (403, KEY), {"Note": KEY}, KEY])
def test_the_key_is_never_shown(
    source: AlphaVantage, vendor: StandIn, stumble: Any, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.answers |= {"A": [answer("A")], "B": [stumble]}
    with caplog.at_level(logging.DEBUG):
        _, error = drain(source, wanted("A", "B"))
    assert {q["apikey"] for q in vendor.asked} == {KEY}
    assert "symbol=A" in caplog.text  # the client does log its requests
    chain: list[BaseException] = [error]
    while following := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(following)
    urls = [str(getattr(e, "_request", "")) for e in chain]
    for text in (repr(source), caplog.text, *map(str, chain), *map(repr, chain), *urls):
        assert KEY not in text
        assert "S3CRET" not in text


def test_the_source_is_configured_strictly() -> None:
    parse = TypeAdapter(AlphaVantage).validate_python
    assert parse({"adjusted": True, "requests_per_minute": 5}) == AlphaVantage(
        adjusted=True, requests_per_minute=5
    )
    for wrong in ({"ajusted": True}, {"requests_per_minute": -1}, {"timeout": 0}):
        with pytest.raises(ValidationError):
            parse(wrong)
    assert (AlphaVantage.name, AlphaVantage().coverage()) == ("alpha_vantage", None)
