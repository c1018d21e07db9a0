"""Dates and prices in what somebody said: where they are, and which symbol a number stands by."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import compress
from typing import Any

from aitrader_core.domain.market import Symbol

_AROUND = 32  # characters on each side of what was found
_DIGITS = 3  # a number of fewer is any number, not a price
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY, _YEAR = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?", r"(?P<year>\d{4})"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<![\d-])(?P<year>\d{4})(?P<sep>[-/])(?P<month>\d\d?)(?P=sep)(?P<day>\d\d?)(?!\d)",
        r"(?<!\d)(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)T\d{4,6}(?!\d)",  # Alpha Vantage's
        rf"\b{_MONTH}\s+{_DAY},?\s+{_YEAR}(?!\d)",
        rf"\b{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}(?!\d)",
    )
)
_NUMBER = re.compile(
    r"(?<![\w.,:/-])[$€£¥]?(?P<number>(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?![\w:/]|[.,]\d|\s?%)"
)
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_SUFFIX = "_price"  # AI-Trader lists prices as AAPL_price


@dataclass(frozen=True, slots=True)
class Dated:
    day: date
    around: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number that stands by a symbol."""

    symbol: Symbol
    number: Decimal
    text: str
    written: str
    at: int | None = None  # in `text`, where it is known

    @property
    def around(self) -> str:
        at = self.text.find(self.written) if self.at is None else self.at
        return _around(self.text, at, at + len(self.written))


def dates_in(text: str) -> Iterator[Dated]:
    """Each with a day, a month and a year, in any usual way to write one."""
    for pattern in _DATES:
        for found in pattern.finditer(text):
            if (day := _day(found)) is not None:
                yield Dated(day, _around(text, *found.span()))


class Figures:
    """Finds the numbers that stand by symbols, which are known by `names`.

    In JSON, those of the object that names the symbol, or of the key that does; in a sentence,
    those after the symbols that are named last, or before the first one.
    """

    def __init__(self, names: Mapping[str, Symbol]) -> None:
        self._names = names
        listed = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
        self._symbol = re.compile(rf"(?<![\w.])(?:{listed})(?={_SUFFIX}\b|\W|$)" if names else "$^")

    def found_in(self, text: str) -> Iterator[Figure]:
        try:
            value = json.loads(text, parse_float=_Written, parse_int=_Written)
        except (ValueError, RecursionError):
            return self._in_words(text, ())
        return self._in_json(value, (), text)

    def _in_json(self, value: Any, near: tuple[Symbol, ...], text: str) -> Iterator[Figure]:
        if isinstance(value, dict):
            told = [v for v in value.values() if isinstance(v, str) and v in self._names]
            named = tuple(self._names[v] for v in told) or near
            for key, inner in value.items():
                by_key = self._names.get(key.removesuffix(_SUFFIX))
                yield from self._in_json(inner, (by_key,) if by_key else named, text)
        elif isinstance(value, list):
            for inner in value:
                yield from self._in_json(inner, near, text)
        elif isinstance(value, _Written) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
            if number := _number(value):
                yield from (Figure(symbol, number, text, value) for symbol in near)
        elif isinstance(value, str):
            yield from self._in_words(value, near)

    def _in_words(self, text: str, near: tuple[Symbol, ...]) -> Iterator[Figure]:
        blank = text
        for pattern in _DATES:
            blank = pattern.sub(lambda found: " " * len(found[0]), blank)
        start = 0
        for end in [*(found.end() for found in _SENTENCE.finditer(blank)), len(blank)]:
            yield from self._in_sentence(text, blank, start, end, near)
            start = end

    def _in_sentence(
        self, text: str, blank: str, start: int, end: int, near: tuple[Symbol, ...]
    ) -> Iterator[Figure]:
        symbols = list(self._symbol.finditer(blank, start, end))
        if not symbols and not near:
            return
        named = [self._names[found[0]] for found in symbols]
        inside = {place for found in symbols for place in range(*found.span())}
        since, last = start, near or tuple(named[:1])
        for found in _NUMBER.finditer(blank, start, end):
            at = found.start("number")
            if at in inside:  # 600519.SH is no number
                continue
            between = (since <= place.start() < at for place in symbols)
            last = tuple(compress(named, between)) or last
            since = at
            if number := _number(found["number"]):
                written = found["number"]
                yield from (Figure(symbol, number, text, written, at) for symbol in last)


class _Written(str):
    """A number of JSON, as it is written."""


def _number(written: str) -> Decimal | None:
    """None for what has too few digits to be a price, or is none."""
    plain = written.lstrip("$€£¥").replace(",", "")
    is_price = sum(map(str.isdigit, plain)) >= _DIGITS and _NUMBER.fullmatch(plain)
    return Decimal(plain) if is_price else None


def _day(found: re.Match[str]) -> date | None:
    month = found["month"]
    number = int(month) if month.isdecimal() else _MONTHS.index(month[:3].lower()) + 1
    try:
        return date(int(found["year"]), number, int(found["day"]))
    except ValueError:
        return None


def _around(text: str, start: int, end: int) -> str:
    """On one line, with what was cut off told."""
    first, last = max(0, start - _AROUND), min(len(text), end + _AROUND)
    cut = " ".join(text[first:last].split())
    return f"{'...' if first else ''}{cut}{'...' if last < len(text) else ''}"
