"""Bars as files and vendors write them, in texts, and the bars that they mean."""

import re
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from aitrader_core.domain.market import DAILY, Bar, Symbol
from aitrader_core.market.calendar import Calendar
from aitrader_core.market.faults import Fault

_NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?"
)
_SMALLEST, _LIMIT = Decimal("1e-8"), Decimal("1e15")  # what the ledger can keep


class Quote(NamedTuple):
    """Nothing in it is believed yet; None is what the source leaves out."""

    place: str
    symbol: str
    session: str
    at: str | None
    open: str | None
    high: str | None
    low: str | None
    close: str | None
    volume: str | None

    @property
    def stamp(self) -> str:
        return f"{self.session} {self.at}" if self.at else self.session


def bar_of(quote: Quote, calendar: Calendar, *, intraday: bool) -> Bar:
    """The bar, exactly; Fault when it can't be one of `calendar`'s."""
    bar = Bar(
        Symbol(quote.symbol),
        session_of(quote.session, quote.symbol, calendar),
        _price("open", quote.open, quote) or _no_open(quote),
        _price("high", quote.high, quote),
        _price("low", quote.low, quote),
        _price("close", quote.close, quote),
        _volume(quote),
        _time(quote) if intraday else _whole_session(quote),
    )
    if bar.high is not None and bar.low is not None and bar.high < bar.low:
        raise Fault(
            f"{quote.symbol} on {quote.stamp} has a high of {bar.high} below its low of {bar.low}",
            "correct them",
        )
    return bar


def session_of(text: str, symbol: str, calendar: Calendar) -> date:
    """Fault when it is no date, or no session of `calendar`."""
    session = day(text)
    if session is None:
        raise Fault(f"{symbol}: {text!r} is not a date", "write it like 2025-06-09")
    if not calendar.is_session(session):
        raise Fault(
            f"{symbol}: {calendar.explain(session)}",
            "take it out, or are these another market's prices?",
        )
    return session


def number(text: str) -> Decimal | None:
    """Exactly what is written, with or without thousands separators; None if it is no number."""
    return Decimal(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def positive(text: str, what: str) -> Decimal:
    """A price, a ratio or an amount; Fault, about `what`, when it can't be one."""
    value = number(text)
    if value is None:
        raise Fault(f"{what} is {text!r}, which is not a number", "write it like 1433.33")
    if value <= 0:
        raise Fault(f"{what} is {text}, which is not above zero", "correct it")
    if not _SMALLEST <= value < _LIMIT:
        raise Fault(f"{what} is {text}, out of the range 0.00000001 to 10^15", "correct it")
    return value


def _price(name: str, text: str | None, quote: Quote) -> Decimal | None:
    if text is None:
        return None
    value = number(text)
    if value is not None and _SMALLEST <= value < _LIMIT:  # the usual case, without a sentence
        return value
    return positive(text, f"the {name} of {quote.symbol} on {quote.stamp}")


def _no_open(quote: Quote) -> Decimal:
    raise Fault(
        f"{quote.symbol} on {quote.stamp} has no open", "give it; a bar has at least its open"
    )


def _volume(quote: Quote) -> Decimal | None:
    if quote.volume is None:
        return None
    value = number(quote.volume)
    what = f"the volume of {quote.symbol} on {quote.stamp} is"
    if value is None:
        raise Fault(f"{what} {quote.volume!r}, which is not a number", "write it like 72862557")
    if value < 0:
        raise Fault(f"{what} {quote.volume}, which is below zero", "correct it, or leave it out")
    if value >= _LIMIT:
        raise Fault(f"{what} {quote.volume}, which is above 10^15", "correct it, or leave it out")
    return value


def _time(quote: Quote) -> time:
    if not quote.at:
        raise Fault(
            f"{quote.symbol} on {quote.session} has no time, and this arena trades within sessions",
            "give each bar its time, or use the file in an arena of daily bars",
        )
    at = _clock(quote.at)
    if at is None:
        raise Fault(f"{quote.symbol}: {quote.at!r} is not a time", "write it like 10:00:00")
    return at


def _whole_session(quote: Quote) -> time:
    if quote.at:
        raise Fault(
            f"{quote.symbol} on {quote.session} has a time, {quote.at}, and this arena has one bar"
            " per session",
            "leave the time out, or use the file in an intraday arena",
        )
    return DAILY


@lru_cache(4096)
def day(text: str) -> date | None:
    """The date, written YYYY-MM-DD; None if it is none."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if text == str(found) else None  # 20250609 and 2025-W24-1 are refused


@lru_cache(4096)
def _clock(text: str) -> time | None:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        return None
    return found if text in (str(found), str(found)[:5]) and found.tzinfo is None else None
