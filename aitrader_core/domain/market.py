"""What is known of a market: bars, corporate actions, and the view that a decider is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import NewType

Symbol = NewType("Symbol", str)

DAILY = time(0)  # the one bar of a session that has no more
Moment = tuple[date, time]  # a session and a bar of it, by the time that tells it apart


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


class Past:
    """The bars that are over, oldest first: it grows with the clock, never ahead of it.

    One row of bars by symbol for each bar time, and the closes of each symbol in a column.
    """

    def __init__(self, rows: Iterable[Mapping[Symbol, Bar]] = ()) -> None:
        self.rows: list[Mapping[Symbol, Bar]] = []
        self.closes: dict[Symbol, list[Decimal]] = {}
        self.unclosed: set[Symbol] = set()  # which have a bar whose close never became known
        for row in rows:
            self.add(row)

    def add(self, row: Mapping[Symbol, Bar]) -> None:
        self.rows.append(row)
        closes = self.closes
        for symbol, bar in row.items():
            if bar.close is None:
                self.unclosed.add(symbol)
            elif symbol in closes:
                closes[symbol].append(bar.close)
            else:
                closes[symbol] = [bar.close]

    @property
    def latest(self) -> Moment | None:
        """Session and time of the newest row."""
        if not self.rows or not self.rows[-1]:
            return None
        bar = next(iter(self.rows[-1].values()))
        return bar.session, bar.at


@dataclass(frozen=True, slots=True)
class MarketView:
    """What may be known at the open of a bar: the opens, and the bars before it.

    The future is not hidden here, it is absent. A bar is a whole session, or the part of one that
    begins `at`. Prices come adjusted for the splits whose ex-date is not after `session`, so that
    a return across a split is a return.
    """

    session: date
    opens: Mapping[Symbol, Decimal]
    past: Past
    splits: Mapping[Symbol, Sequence[Split]]
    depth: int  # how many past bars may be asked for, wherever a run began
    at: time = DAILY

    @property
    def symbols(self) -> Sequence[Symbol]:
        """What can be traded at this open, in alphabetical order."""
        return sorted(self.opens)

    @property
    def previous(self) -> Moment | None:
        """Session and time of the bar before this one."""
        return self.past.latest

    @property
    def previous_session(self) -> date | None:
        """The session of the bar before this one: the same one within an intraday session."""
        before = self.past.latest
        return before and before[0]

    def last(self, symbol: Symbol) -> Bar | None:
        """The bar before this one; None at the first of a listing."""
        bars = self.history(symbol, 1)
        return bars[-1] if bars else None

    def closes(self, symbol: Symbol, bars: int) -> list[Decimal]:
        """Closes of the last `bars` bars, oldest first; fewer when there are no more.

        Raises ValueError above `depth`.
        """
        self._check(bars)
        if symbol not in self.splits and symbol not in self.past.unclosed:
            return self.past.closes.get(symbol, [])[-bars:]
        return [bar.close for bar in self.history(symbol, bars) if bar.close is not None]

    def history(self, symbol: Symbol, bars: int) -> list[Bar]:
        """The last `bars` bars, oldest first; fewer when there are no more.

        Raises ValueError above `depth`.
        """
        self._check(bars)
        found = [row[symbol] for row in self.past.rows[-bars:] if symbol in row]
        for split in self.splits.get(symbol, ()):
            found = [adjusted(bar, split) for bar in found]
        return found

    def _check(self, bars: int) -> None:
        if not 0 < bars <= self.depth:
            raise ValueError(f"history of 1 to {self.depth} bars, not {bars}")


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
