"""What every supplier of prices offers: a history, and which edition of it this is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.market import Bar, CorporateAction, Symbol
from aitrader_core.market.calendar import Calendar


@dataclass(frozen=True, slots=True)
class Prices:
    """Unadjusted bars by symbol then session, and the corporate actions among them.

    Vendors restate history: equal `source` and `vintage` promise equal bars.
    """

    bars: Sequence[Bar]
    actions: Sequence[CorporateAction]
    source: str
    vintage: str

    def symbols(self) -> tuple[Symbol, ...]:
        return tuple(sorted({bar.symbol for bar in self.bars}))

    def cut(self, symbols: Iterable[Symbol], first: date, last: date) -> "Prices":
        """These symbols over `first`..`last`, both included.

        MarketDataError for a symbol that has no bar at all; one not listed yet just has none here.
        """
        wanted = frozenset(symbols)
        if unknown := sorted(wanted.difference(self.symbols())):
            offer = ", ".join(self.symbols())
            raise MarketDataError(f"{self.source} has no {', '.join(unknown)}; it offers {offer}")
        bars = [b for b in self.bars if b.symbol in wanted and first <= b.session <= last]
        actions = [a for a in self.actions if a.symbol in wanted and first <= a.ex_date <= last]
        return Prices(tuple(bars), tuple(actions), self.source, self.vintage)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an arena asks a source for.

    `missing` has every symbol of the arena as a key, with the sessions that are not stored yet.
    An `intraday` arena wants the bars within each session, any other wants one bar per session.
    """

    calendar: Calendar
    missing: Mapping[Symbol, Sequence[date]]
    intraday: bool = False


class DownloadStopped(MarketDataError):  # noqa: N818 - not a fault: what came before it stands
    """The vendor will give no more for now. Everything yielded before is whole and can be kept."""


class PriceSource(Protocol):
    """Bundled data, a file, a vendor: the caller cannot tell."""

    @property
    def name(self) -> str: ...

    def coverage(self) -> tuple[date, date] | None:
        """The first and the last session on offer; None when only a fetch can tell."""
        ...

    def fetch(self, wanted: Wanted, now: datetime) -> Iterator[Prices]:
        """What there is, in parts that can be stored one by one.

        A part may hold more sessions than were missing: the caller sees what was restated. `now`
        names the vintage where the source itself has no editions. Raises DownloadStopped,
        MarketDataError for a symbol that is not on offer or when the source is broken, and
        InputError for a file or a setting that is wrong.
        """
        ...
