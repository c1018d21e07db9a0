"""The ticks of a recording: trades and quotes as columns, each with what is known after it."""

from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.money import plain_quantity
from aitrader_core.market.ticks.book import Best
from aitrader_core.market.ticks.findings import Finding, Findings, Kind
from aitrader_core.market.ticks.following import Diff, FollowedBook
from aitrader_core.market.ticks.numbers import as_floats, of_one_scale
from aitrader_core.market.ticks.recording import DIFF, SNAPSHOT, Recording
from aitrader_core.market.ticks.source import Quotes
from aitrader_core.simulation.ticks import QUOTE, TRADE, Ticks

Rows = NDArray[np.int64]
Levels = list[tuple[int, int]]
_UNKNOWN = (np.nan, 0.0, np.nan, 0.0)


@dataclass(frozen=True)
class Made:
    """`findings` are those of the recording and of its order books.

    Of the `compared` diffs after which a recorded quote of the same update is known, the books
    had the same best prices and sizes after `agreed`.
    """

    ticks: Ticks
    findings: Findings
    compared: int = 0
    agreed: int = 0


@dataclass
class Told:
    """Quotes as they became known: the events that told them, and a row of four for each."""

    events: list[Rows] = field(default_factory=list)
    quotes: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, events: Rows, quotes: NDArray[np.float64]) -> None:
        self.events.append(events)
        self.quotes.append(quotes.reshape(-1, 4))


def make_ticks(
    recording: Recording, quotes: Quotes = "recorded", *, early_diffs: bool = True
) -> Made:
    """Oldest first by receive time, file order among equals.

    Where a book can't be trusted, ticks have no quote of it: NaN, and size 0. `early_diffs` off
    makes books as naive readers do (see FollowedBook).
    """
    told, findings, compared, agreed = Told(), Findings(), 0, 0
    numbers = _Numbers.of(recording)
    for symbol in range(len(recording.symbols)):
        book = FollowedBook(
            partial(_tell, recording, findings), numbers.spoken, early_diffs=early_diffs
        )
        of_book = _follow(recording, symbol, book, numbers)
        recorded = np.flatnonzero(
            (recording.events.symbol == symbol) & (recording.events.kind == QUOTE)
        )
        if quotes == "recorded" and len(recorded):
            told.add(recorded, _recorded(recording, recorded))
        else:
            told.add(*of_book)
            if book.book is None:
                _tell_no_snapshot(recording, findings, symbol)
        compared, agreed = compared + book.compared, agreed + book.agreed
    ticks = _ticks(recording, told)
    return Made(ticks, recording.findings | findings, compared, agreed)


@dataclass(frozen=True)
class _Numbers:
    """Levels as integers that can be compared, and what they are divided by."""

    price: NDArray[Any]
    size: NDArray[Any]
    price_scale: int
    size_scale: int

    @classmethod
    def of(cls, recording: Recording) -> "_Numbers":
        levels = recording.levels
        price, price_scale = of_one_scale(levels.price, levels.price_decimals)
        size, size_scale = of_one_scale(levels.quantity, levels.quantity_decimals)
        return cls(price, size, price_scale, size_scale)

    def sides(self, start: int, middle: int, end: int) -> tuple[Levels, Levels]:
        bids = zip(self.price[start:middle].tolist(), self.size[start:middle].tolist(), strict=True)
        asks = zip(self.price[middle:end].tolist(), self.size[middle:end].tolist(), strict=True)
        return list(bids), list(asks)

    def floats(self, best: Best) -> tuple[float, float, float, float]:
        """Division of integers gives the nearest float, as reading the text would."""
        price, size = 10**self.price_scale, 10**self.size_scale
        bid = best.bid / price if best.bid else np.nan
        ask = best.ask / price if best.ask else np.nan
        return bid, best.bid_size / size, ask, best.ask_size / size

    def spoken(self, price: int) -> str:
        return plain_quantity(Decimal(price).scaleb(-self.price_scale))


def _follow(
    recording: Recording, symbol: int, book: FollowedBook, numbers: _Numbers
) -> tuple[Rows, NDArray[np.float64]]:
    """The quotes of the symbol's order book, where they change."""
    events = recording.events
    its = events.symbol == symbol
    if not (its & np.isin(events.kind, (DIFF, SNAPSHOT))).any():
        return np.zeros(0, np.int64), np.zeros(0)
    rows = np.flatnonzero(its & (events.kind != TRADE))
    its_events = events.take(rows)
    columns = ("kind", "first_id", "last_id", "previous_id", "start", "bids", "asks")
    table = zip(rows.tolist(), *(getattr(its_events, n).tolist() for n in columns), strict=True)
    changes: list[int] = []
    bests: list[Best] = []
    best = Best(0, 0, 0, 0)
    for index, kind, first_id, last_id, previous_id, start, bids, asks in table:
        sides = partial(numbers.sides, start, start + bids, start + bids + asks)
        if kind == QUOTE:
            (bid,), (ask,) = sides()
            book.quote(last_id, Best(*bid, *ask))
        elif kind == DIFF:
            book.diff(Diff(index, first_id, last_id, previous_id, sides))
        else:
            book.snapshot(index, last_id, *sides())
        if book.best != best:
            best = book.best
            changes.append(index)
            bests.append(best)
    return np.array(changes, np.int64), np.array([numbers.floats(b) for b in bests], np.float64)


def _recorded(recording: Recording, rows: Rows) -> NDArray[np.float64]:
    levels, start = recording.levels, recording.events.start[rows]
    columns = []
    for at in (start, start + 1):
        columns.append(as_floats(levels.price[at], levels.price_decimals[at]))
        columns.append(as_floats(levels.quantity[at], levels.quantity_decimals[at]))
    return np.stack(columns, axis=1)


def _ticks(recording: Recording, told: Told) -> Ticks:
    events, levels = recording.events, recording.levels
    trades = np.flatnonzero(events.kind == TRADE)
    quoted = np.concatenate([np.zeros(0, np.int64), *told.events])
    rows = np.concatenate((trades, quoted))
    order = np.argsort(rows, kind="stable")
    rows, is_quote = rows[order], order >= len(trades)
    quotes = np.concatenate([np.array([_UNKNOWN]), *told.quotes])
    latest = np.where(is_quote, order - len(trades) + 1, 0)  # rows of `quotes`: 0 is unknown
    symbol = events.symbol[rows]
    for index in range(len(recording.symbols)):
        its = np.flatnonzero(symbol == index)
        newest = np.maximum.accumulate(np.where(is_quote[its], np.arange(len(its)), -1))
        latest[its] = np.where(newest >= 0, latest[its][newest], 0)
    start = events.start[rows]
    price = as_floats(levels.price[start], levels.price_decimals[start])
    volume = as_floats(levels.quantity[start], levels.quantity_decimals[start])
    exchange_ms = np.where(events.trade_ms[rows] > 0, events.trade_ms[rows], events.event_ms[rows])
    bid, bid_size, ask, ask_size = np.ascontiguousarray(quotes[latest].T)
    ticks = Ticks(
        recording.symbols,
        events.received[rows],
        exchange_ms * 1_000_000,
        symbol,
        np.where(is_quote, QUOTE, TRADE).astype(np.uint8),
        np.where(is_quote, np.nan, price),
        np.where(is_quote, 0.0, volume),
        bid,
        bid_size,
        ask,
        ask_size,
        _SIDES[events.maker[rows]],
    )
    return ticks[int(np.searchsorted(ticks.received, recording.opens)) :]


_SIDES = np.array([1, -1, 0], np.int8)  # by maker: 0, 1, and -1 for one that is not told


def _tell_no_snapshot(recording: Recording, findings: Findings, symbol: int) -> None:
    events = recording.events
    diffs = np.flatnonzero((events.symbol == symbol) & (events.kind == DIFF))
    if len(diffs):
        name = recording.exchange_symbols[symbol]
        why = f"{name} has {len(diffs):,} diffs from here on, no snapshot that they change"
        _tell(recording, findings, Kind.NO_SNAPSHOT, int(diffs[0]), f"{why}: no quotes are known")


def _tell(recording: Recording, findings: Findings, kind: Kind, index: int, sentence: str) -> None:
    events = recording.events
    after = (int(events.received[index]) - int(events.received[0])) / 1e9
    place = recording.files[events.file[index]], int(events.line[index])
    findings.add(Finding(*place, kind, f"{after:.2f} s in, {sentence}"))
