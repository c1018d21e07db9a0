"""The sessions of an exchange over a fixed horizon, from committed data."""

import json
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property
from importlib import resources

from aitrader_core.domain.errors import ConfigError, MarketDataError

DATA = resources.files("aitrader_core.market.calendars")


@dataclass(frozen=True)
class Calendar:
    """Sessions are dates; whatever lies outside `first`..`last` is unknown, not closed."""

    exchange: str
    timezone: str
    first: date
    last: date
    weekmask: str  # Monday first, 1 for a day of trading: "1111100"
    holidays: tuple[date, ...]  # the closures that the weekmask does not tell

    @cached_property
    def sessions(self) -> tuple[date, ...]:
        closed = frozenset(self.holidays)
        days = (self.first + timedelta(n) for n in range((self.last - self.first).days + 1))
        return tuple(d for d in days if self.weekmask[d.weekday()] == "1" and d not in closed)

    @cached_property
    def sessions_a_year(self) -> int:
        """On average over the horizon: what yearly figures are scaled by."""
        days = (self.last - self.first).days + 1
        return round(len(self.sessions) / days * 365.25)

    def is_session(self, d: date) -> bool:
        at = bisect_left(self.sessions, d)
        return at < len(self.sessions) and self.sessions[at] == d

    def previous(self, d: date) -> date | None:
        """The last session before `d`, itself a session or not; None when there is none.

        MarketDataError outside the horizon.
        """
        at = bisect_left(self.sessions, self._known(d))
        return self.sessions[at - 1] if at else None

    def next(self, d: date) -> date | None:
        """The first session after `d`, itself a session or not; None when there is none.

        MarketDataError outside the horizon.
        """
        at = bisect_right(self.sessions, self._known(d))
        return self.sessions[at] if at < len(self.sessions) else None

    def between(self, start: date, end: date) -> tuple[date, ...]:
        """The sessions of `start`..`end`, both included; MarketDataError outside the horizon."""
        low = bisect_left(self.sessions, self._known(start))
        return self.sessions[low : bisect_right(self.sessions, self._known(end))]

    def explain(self, d: date) -> str:
        """Whether `d` is a session; when it is not, why, and the nearest that are."""
        if self.is_session(d):
            return f"{d} is {self._a_session}"
        sentence = f"{d} is not {self._a_session} ({self._why_closed(d)})"
        if not self.first <= d <= self.last:
            return sentence
        nearest = [str(n) for n in (self.previous(d), self.next(d)) if n]
        return f"{sentence}; the nearest {'are' if nearest[1:] else 'is'} {' and '.join(nearest)}"

    @property
    def _a_session(self) -> str:
        article = "an" if self.exchange[0] in "AEFHILMNORSX" else "a"  # as its letters are said
        return f"{article} {self.exchange} session"

    def _why_closed(self, d: date) -> str:
        if not self.first <= d <= self.last:
            return f"outside the calendar's horizon {self.first}..{self.last}"
        return "holiday" if self.weekmask[d.weekday()] == "1" else "week-end"

    def _known(self, d: date) -> date:
        if not self.first <= d <= self.last:
            raise MarketDataError(self.explain(d))
        return d


def exchanges() -> tuple[str, ...]:
    """The exchanges whose calendars are committed."""
    names = (file.name for file in DATA.iterdir())
    return tuple(sorted(_exchange(n) for n in names if n.endswith(".json")))


def file_name(exchange: str) -> str:
    """Where its calendar is committed; 24/7 can't be a file's name."""
    return f"{exchange.replace('/', '-')}.json"


def _exchange(name: str) -> str:
    return name.removesuffix(".json").replace("-", "/")


@cache
def load_calendar(exchange: str) -> Calendar:
    """The committed calendar; ConfigError names those there are."""
    if exchange not in exchanges():
        raise ConfigError(f"no calendar {exchange!r}; available: {', '.join(exchanges())}")
    raw = json.loads((DATA / file_name(exchange)).read_text(encoding="utf-8"))
    return Calendar(
        exchange=raw["exchange"],
        timezone=raw["timezone"],
        first=date.fromisoformat(raw["first"]),
        last=date.fromisoformat(raw["last"]),
        weekmask=raw["weekmask"],
        holidays=tuple(map(date.fromisoformat, raw["holidays"])),
    )
