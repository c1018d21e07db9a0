"""What every supplier of prices offers: a history, and which edition of it this is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.market import Bar, CorporateAction, Symbol


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


class PriceSource(Protocol):
    """Bundled data, a folder of files, a vendor: the caller cannot tell."""

    @property
    def name(self) -> str: ...

    def coverage(self) -> tuple[date, date] | None:
        """The first and the last session on offer; None when only a fetch can tell."""
        ...

    def fetch(self, symbols: Sequence[Symbol], first: date, last: date) -> Prices:
        """What there is of `symbols` over `first`..`last`, both included.

        MarketDataError for a symbol that is not on offer, or when the source is broken.
        """
        ...
