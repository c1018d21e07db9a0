"""What is known of a market: bars, corporate actions, and the view that a decider is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import NewType

Symbol = NewType("Symbol", str)

DAILY = time(0)  # the one bar of a session that has no more


@dataclass(frozen=True, slots=True)
class Bar:
    """One symbol over one session, or a part of it, unadjusted, in the market's currency.

    A bar that has only begun has an open and nothing else. `at` tells the bars of an intraday
    session apart: the exchange's time, as the vendor stamps it.
    """

    symbol: Symbol
    session: date
    open: Decimal
    high: Decimal | None = None
    low: Decimal | None = None
    close: Decimal | None = None
    volume: Decimal | None = None
    at: time = DAILY


@dataclass(frozen=True, slots=True)
class Split:
    """`ratio` new shares for each old one, at the open of the ex-date."""

    symbol: Symbol
    ex_date: date
    ratio: Decimal


@dataclass(frozen=True, slots=True)
class CashDividend:
    """`amount` per share held at the previous close, paid at the open of the ex-date."""

    symbol: Symbol
    ex_date: date
    amount: Decimal


CorporateAction = Split | CashDividend


@dataclass(frozen=True, slots=True)
class MarketView:
    """What may be known at the open of a bar: the opens, and the bars before it.

    The future is not hidden here, it is absent. `past` holds one mapping per bar, oldest first; a
    bar is a whole session, or the part of one that begins `at`. Prices come adjusted for the
    splits whose ex-date is not after `session`, so that a return across a split is a return.
    """

    session: date
    opens: Mapping[Symbol, Decimal]
    past: Sequence[Mapping[Symbol, Bar]]
    splits: Mapping[Symbol, Sequence[Split]]
    depth: int  # how many past bars may be asked for, wherever a run began
    at: time = DAILY

    @property
    def symbols(self) -> Sequence[Symbol]:
        """What can be traded at this open, in alphabetical order."""
        return sorted(self.opens)

    @property
    def previous_session(self) -> date | None:
        """The session of the bar before this one: the same one within an intraday session."""
        before = self.previous
        return None if before is None else before[0]

    @property
    def previous(self) -> tuple[date, time] | None:
        """Session and time of the bar before this one."""
        if not self.past or not self.past[-1]:
            return None
        bar = next(iter(self.past[-1].values()))
        return bar.session, bar.at

    def last(self, symbol: Symbol) -> Bar | None:
        """The bar before this one; None at the first of a listing."""
        bars = self.history(symbol, 1)
        return bars[-1] if bars else None

    def closes(self, symbol: Symbol, bars: int) -> list[Decimal]:
        """Closes of the last `bars` bars, oldest first; fewer when there are no more.

        Raises ValueError above `depth`.
        """
        return [bar.close for bar in self.history(symbol, bars) if bar.close is not None]

    def history(self, symbol: Symbol, bars: int) -> list[Bar]:
        """The last `bars` bars, oldest first; fewer when there are no more.

        Raises ValueError above `depth`.
        """
        if not 0 < bars <= self.depth:
            raise ValueError(f"history of 1 to {self.depth} bars, not {bars}")
        found = [row[symbol] for row in self.past[-bars:] if symbol in row]
        for split in self.splits.get(symbol, ()):
            found = [adjusted(bar, split) for bar in found]
        return found


def adjusted(bar: Bar, split: Split) -> Bar:
    """`bar` in the shares that count from the split's ex-date on."""
    if bar.session >= split.ex_date:
        return bar
    return Bar(
        bar.symbol,
        bar.session,
        bar.open / split.ratio,
        None if bar.high is None else bar.high / split.ratio,
        None if bar.low is None else bar.low / split.ratio,
        None if bar.close is None else bar.close / split.ratio,
        None if bar.volume is None else bar.volume * split.ratio,
        bar.at,
    )
