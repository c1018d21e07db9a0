"""What is known of a market: bars, corporate actions, and the view that a decider is given."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from math import nan
from operator import attrgetter
from typing import Literal, NewType

Symbol = NewType("Symbol", str)

DAILY = time(0)  # the one bar of a session that has no more
Moment = tuple[date, time]  # a session and a bar of it, by the time that tells it apart
Figure = Literal["open", "high", "low", "close", "volume"]  # of a bar


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
Row = Mapping[Symbol, Bar]  # of one bar time
Splits = Mapping[Symbol, Sequence[Split]]


class Floats:
    """One figure of the bars of a past, as floats: a row for each bar, a column for each symbol.

    It follows what is asked: bars that came since are added, a symbol that is new on offer gets a
    column, one that was split since is told in its new shares.
    """

    def __init__(self, figure: Figure) -> None:
        self._figure = attrgetter(figure)
        self._symbols: list[Symbol] = []
        self._splits: dict[Symbol, list[Split]] = {}  # that are in the figures
        self._rows: list[array[float]] = []

    def window(
        self, past: Sequence[Row], symbols: Sequence[Symbol], splits: Splits, bars: int
    ) -> bytes:
        """The last `bars` rows of `past`; `symbols` are in alphabetical order."""
        if symbols != self._symbols:
            self._turn_to(symbols, past)
        self._rows += map(self._row, past[len(self._rows) :])
        for symbol, known in splits.items():
            # a bar that came after they were known is in new shares already
            if known != self._splits.get(symbol) and symbol in symbols:
                self._adjust(symbol, list(known), past)
        return b"".join(self._rows[-bars:])

    def _turn_to(self, symbols: Sequence[Symbol], past: Sequence[Row]) -> None:
        for symbol in set(self._symbols).difference(symbols):
            at = self._symbols.index(symbol)
            del self._symbols[at]
            for floats in self._rows:
                del floats[at]
        for at, symbol in enumerate(symbols):
            if self._symbols[at : at + 1] != [symbol]:
                self._symbols.insert(at, symbol)
                self._splits.pop(symbol, None)
                for floats, row in zip(self._rows, past, strict=False):
                    floats.insert(at, self._of(row.get(symbol)))

    def _adjust(self, symbol: Symbol, splits: list[Split], past: Sequence[Row]) -> None:
        """Divided as decimals, so that it is what the bar of a history says."""
        at, self._splits[symbol] = self._symbols.index(symbol), splits
        for floats, row in zip(self._rows, past, strict=True):
            if (bar := row.get(symbol)) is not None:
                for split in splits:
                    bar = adjusted(bar, split)
                floats[at] = self._of(bar)

    def _row(self, row: Row) -> "array[float]":
        try:
            # of a list it is made three times as fast as of a map
            return array("d", list(map(self._figure, map(row.__getitem__, self._symbols))))
        except (KeyError, TypeError):  # a bar or a figure that is not there
            return array("d", [self._of(row.get(symbol)) for symbol in self._symbols])

    def _of(self, bar: Bar | None) -> float:
        found = None if bar is None else self._figure(bar)
        return nan if found is None else float(found)


class Past:
    """The bars that are over, oldest first: it grows with the clock, never ahead of it.

    One row of bars by symbol for each bar time. Whoever asks for them finds the closes of each
    symbol in a column, and figures as floats.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows: list[Row] = list(rows)
        self.floats: dict[Figure, Floats] = {}
        self._closes: dict[Symbol, list[Decimal]] = {}
        self._unclosed: set[Symbol] = set()  # which have a bar whose close never became known
        self._counted = 0  # rows whose closes are there

    def add(self, row: Row) -> None:
        self.rows.append(row)

    def closes(self, symbol: Symbol) -> Sequence[Decimal] | None:
        """As they were at the time; None if one of them never became known."""
        if self._counted < len(self.rows):
            self._count()
        return None if symbol in self._unclosed else self._closes.get(symbol, ())

    def _count(self) -> None:
        closes = self._closes
        for row in self.rows[self._counted :]:
            for symbol, bar in row.items():
                if bar.close is None:
                    self._unclosed.add(symbol)
                elif symbol in closes:
                    closes[symbol].append(bar.close)
                else:
                    closes[symbol] = [bar.close]
        self._counted = len(self.rows)

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
    splits: Splits
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
        if symbol not in self.splits and (closes := self.past.closes(symbol)) is not None:
            return list(closes[-bars:])
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

    def floats(self, bars: int, *figures: Figure) -> list[bytes]:
        """Of each figure a table of float64s, [bar, symbol]: those of `history`, as floats.

        A row for each of the last `bars` bars, oldest first, fewer when there are no more; a
        column for each of `symbols`. NaN where a symbol has no bar, or its bar no such figure.
        Raises ValueError above `depth`.
        """
        self._check(bars)
        past, symbols = self.past, self.symbols
        tables = [past.floats.setdefault(f, Floats(f)) for f in figures]
        return [t.window(past.rows, symbols, self.splits, bars) for t in tables]

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
