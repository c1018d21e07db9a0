"""Daily prices from Alpha Vantage, one request per symbol, only what is missing."""

import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field

from aitrader_core.domain.errors import ConfigError, MarketDataError
from aitrader_core.domain.market import Bar, CashDividend, CorporateAction, Split, Symbol
from aitrader_core.market import series
from aitrader_core.market.calendar import Calendar
from aitrader_core.market.faults import Fault
from aitrader_core.market.quotes import Quote, bar_of, day, number, positive
from aitrader_core.market.source import DownloadStopped, Prices, Wanted

if TYPE_CHECKING:
    from aitrader_core.market.vendor import Vendor

NAME = "alpha_vantage"
_COMPACT = 100  # sessions that a compact answer holds
_REPORT = "try again, and tell the vendor if it stays so"
_LATER = "run the import again later, only what is missing is asked for"


@dataclass(frozen=True, slots=True)
class Question:
    symbol: Symbol
    size: str  # compact or full


@dataclass(frozen=True)
class AlphaVantage:
    """A vendor of daily bars, and with `adjusted` of splits and dividends, which it sells.

    `requests_per_minute` spaces the requests out, 0 does not; `timeout` and `retry_wait` are
    seconds.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    name: ClassVar[str] = NAME

    key: str | None = field(default=None, repr=False)
    adjusted: bool = False
    url: str = "https://www.alphavantage.co/query"
    requests_per_minute: Annotated[int, Field(ge=0)] = 0
    timeout: Annotated[float, Field(gt=0)] = 30.0
    retry_wait: Annotated[float, Field(ge=0)] = 1.0

    def coverage(self) -> tuple[date, date] | None:
        return None

    def fetch(self, wanted: Wanted, now: datetime) -> Iterator[Prices]:
        """A part for each symbol that lacks sessions, those that lack the most first.

        ConfigError without a key; DownloadStopped at the vendor's limit; MarketDataError, once all
        others have come, for the symbols that it does not know or answers wrongly.
        """
        if wanted.intraday:
            raise ConfigError(
                f"{NAME} gives one bar per session, and this arena trades within sessions:"
                " import a file"
            )
        questions = asked(wanted, now)
        if not questions:
            return iter(())
        if not self.key:
            raise ConfigError(f"{NAME} needs a key: set ALPHAVANTAGE_API_KEY")
        return self._parts(self.key, wanted.calendar, questions, now)

    def _parts(
        self, key: str, calendar: Calendar, questions: Sequence[Question], now: datetime
    ) -> Iterator[Prices]:
        from aitrader_core.market.vendor import Vendor  # its HTTP client is slow to import

        vintage = now.astimezone(UTC).isoformat(timespec="seconds")
        broken: list[str] = []
        with Vendor(NAME, self.url, key, self.timeout, self.retry_wait) as vendor:
            for n, question in enumerate(questions):
                self._pause(n)
                try:
                    answer = self._answer(vendor, question)
                    bars, actions = read(answer, question.symbol, calendar, adjusted=self.adjusted)
                except DownloadStopped as stop:
                    raise DownloadStopped(_stopped(stop, n, questions, broken)) from stop
                except Fault as fault:
                    broken.append(vendor.without_key(str(fault)))
                else:
                    yield Prices(bars, actions, NAME, vintage)
        if broken:
            raise MarketDataError(f"{NAME}: {'; '.join(broken)}")

    def _pause(self, asked_before: int) -> None:
        if asked_before and self.requests_per_minute:
            time.sleep(60 / self.requests_per_minute)

    def _answer(self, vendor: "Vendor", question: Question) -> Mapping[str, Any]:
        function = "TIME_SERIES_DAILY_ADJUSTED" if self.adjusted else "TIME_SERIES_DAILY"
        text = vendor.ask(
            {"function": function, "symbol": question.symbol, "outputsize": question.size}
        )
        with _about(question.symbol):
            answer = series.parse(text)
        if limit := answer.get("Note") or answer.get("Information"):
            raise DownloadStopped(vendor.shown(str(limit)))
        if error := answer.get("Error Message"):
            told = vendor.shown(str(error))
            if "apikey" in told:
                raise ConfigError(f"{NAME}: {told} (set ALPHAVANTAGE_API_KEY)")
            way_out = "correct its name, or take it out of the arena"
            raise Fault(f"{question.symbol} is not known there ({told})", way_out)
        return answer


def asked(wanted: Wanted, now: datetime) -> list[Question]:
    """Of each symbol that lacks sessions up to now, what it takes to get them."""
    today = now.astimezone(ZoneInfo(wanted.calendar.timezone)).date()
    sessions = wanted.calendar.sessions
    recent = sessions[: bisect_right(sessions, today)][-_COMPACT:]
    lacking = {s: [d for d in days if d <= today] for s, days in wanted.missing.items()}
    return [
        Question(symbol, "compact" if min(lacking[symbol]) in recent else "full")
        for symbol in sorted(lacking, key=lambda s: (-len(lacking[s]), s))
        if lacking[symbol]
    ]


def read(
    answer: Mapping[str, Any], symbol: Symbol, calendar: Calendar, *, adjusted: bool
) -> tuple[tuple[Bar, ...], tuple[CorporateAction, ...]]:
    """Raw bars, and the actions of an adjusted answer, within the calendar's horizon."""
    with _about(symbol):
        if (other := series.symbol_of(answer)).upper() != symbol.upper():
            raise Fault(f"is on {other}", _REPORT)
        found = series.series_of(answer, intraday=False)
        if not found:
            raise Fault("has no bars", _REPORT)
    # What is outside the horizon can't be told from a bar on a closed day.
    rows = {stamp: row for stamp, row in sorted(found.items()) if _is_within(stamp, calendar)}
    fields = series.ADJUSTED if adjusted else series.FIELDS
    with _about():
        quotes = series.quotes("", symbol, rows, fields)
        bars = tuple(bar_of(_sound(quote), calendar, intraday=False) for quote in quotes)
        if not adjusted:
            return bars, ()
        return bars, tuple(chain.from_iterable(_actions(b, rows[str(b.session)]) for b in bars))


def _actions(bar: Bar, row: Mapping[str, str]) -> Iterator[CorporateAction]:
    symbol, session = bar.symbol, bar.session
    for key, nothing, kind in (
        ("7. dividend amount", 0, CashDividend),
        ("8. split coefficient", 1, Split),
    ):
        text = row.get(key, "")
        if number(text) != nothing:
            yield kind(symbol, session, positive(text, f"the {key[3:]} of {symbol} on {session}"))


def _is_within(stamp: str, calendar: Calendar) -> bool:
    found = day(stamp)
    return found is None or calendar.first <= found <= calendar.last


def _sound(quote: Quote | Fault) -> Quote:
    if isinstance(quote, Fault):
        raise quote
    return quote


@contextmanager
def _about(symbol: Symbol | None = None) -> Iterator[None]:
    """What is wrong with an answer is the vendor's: on the whole of it, or on a bar as it says."""
    try:
        yield
    except Fault as fault:
        of_the_whole = f"the answer on {symbol} " if symbol else ""
        raise Fault(of_the_whole + fault.sentence, _REPORT) from fault


def _stopped(
    stop: DownloadStopped, n: int, questions: Sequence[Question], broken: Sequence[str]
) -> str:
    total = len(questions)
    counts = f"{n - len(broken)} of {total} symbols are done, {total - n} left"
    faults = f" ({'; '.join(broken)})" if broken else ""
    return f"{NAME}: {stop}; {counts}: {_LATER}{faults}"
