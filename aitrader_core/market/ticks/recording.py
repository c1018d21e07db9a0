"""What was recorded, without loss: every event as its line told it, in columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.findings import Findings

DIFF, SNAPSHOT = 3, 4  # kinds of event, beside simulation.ticks: TRADE and QUOTE
DAY = 86_400 * 10**9
NO_ID = -1
Level = tuple[Decimal, Decimal]  # price, quantity


class Event(NamedTuple):
    """One line. Ids and flags are -1, times 0 where it does not tell them.

    `received` is in ns of the local clock, `event_ms` (Binance's E) and `trade_ms` (T) are the
    exchange's in ms. `last_id` is u or lastUpdateId, `first_id` U, `previous_id` pu, `trade_id` t
    (or the seq of a CSV file), `maker` m: 1 when the buyer was the maker. `order_type` and
    `best_match` are X and M. A trade has one level in `bids`: its price and volume.
    """

    file: str
    line: int
    received: int
    kind: int
    symbol: Symbol
    stream: str
    event_ms: int
    trade_ms: int
    first_id: int
    last_id: int
    previous_id: int
    trade_id: int
    maker: int
    best_match: int
    order_type: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Events:
    """Columns of one length, as of `Event`; names by index, levels in `Levels`.

    Event i has the levels `start[i]` to `start[i] + bids[i] + asks[i]`, its bids first.
    """

    file: NDArray[np.int32]
    line: NDArray[np.int64]
    received: NDArray[np.int64]
    kind: NDArray[np.uint8]
    symbol: NDArray[np.int32]
    stream: NDArray[np.int32]
    event_ms: NDArray[np.int64]
    trade_ms: NDArray[np.int64]
    first_id: NDArray[np.int64]
    last_id: NDArray[np.int64]
    previous_id: NDArray[np.int64]
    trade_id: NDArray[np.int64]
    maker: NDArray[np.int8]
    best_match: NDArray[np.int8]
    order_type: NDArray[np.int32]
    bids: NDArray[np.int32]
    asks: NDArray[np.int32]
    start: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.received)

    def take(self, chosen: NDArray[Any]) -> "Events":
        """Those of a mask or of indices; their levels stay where they are."""
        return Events(*(getattr(self, name)[chosen] for name in EVENT_COLUMNS))


EVENT_COLUMNS = tuple(f.name for f in fields(Events))
_DTYPES: dict[str, type[np.generic]] = {
    **dict.fromkeys(("file", "symbol", "stream", "order_type", "bids", "asks"), np.int32),
    **dict.fromkeys(("maker", "best_match"), np.int8),
    "kind": np.uint8,
}
EVENT_DTYPES = {name: _DTYPES.get(name, np.int64) for name in EVENT_COLUMNS}


@dataclass(frozen=True, slots=True)
class Levels:
    """Prices and quantities as integers: value = digits / 10 ** decimals.

    The number of decimals is kept beside each, so that 61837.63000000 comes back with its zeros,
    and no sum or comparison is ever rounded.
    """

    price: NDArray[np.int64]
    price_decimals: NDArray[np.int8]
    quantity: NDArray[np.int64]
    quantity_decimals: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.price)


LEVEL_COLUMNS = tuple(f.name for f in fields(Levels))


@dataclass(frozen=True)
class Recording:
    """Events of some files in the order of their receive times, file order among equals.

    Events before `opens` (ns) make the order books that the session begins with, and no ticks.
    `exchange_symbols` are the exchange's names of `symbols`.
    """

    symbols: tuple[Symbol, ...]
    exchange_symbols: tuple[str, ...]
    files: tuple[str, ...]
    streams: tuple[str, ...]
    order_types: tuple[str, ...]
    events: Events
    levels: Levels
    findings: Findings = field(default_factory=Findings)
    opens: int = 0

    def __len__(self) -> int:
        return len(self.events)

    def __iter__(self) -> Iterator[Event]:
        """Its events, numbers as exact decimals."""
        prices = _decimals(self.levels.price, self.levels.price_decimals)
        sizes = _decimals(self.levels.quantity, self.levels.quantity_decimals)
        levels = list(zip(prices, sizes, strict=True))
        for row in zip(*(getattr(self.events, n).tolist() for n in EVENT_COLUMNS), strict=True):
            file, line, received, kind, symbol, stream, *numbers, order_type, bids, asks, at = row
            told = (self.files[file], line, received, kind, self.symbols[symbol])
            asked = at + bids
            book = tuple(levels[at:asked]), tuple(levels[asked : asked + asks])
            names = self.streams[stream], *numbers, self.order_types[order_type]
            yield Event._make((*told, *names, *book))

    @property
    def span(self) -> tuple[int, int] | None:
        """The first and the last receive time; None of an empty one."""
        if not len(self):
            return None
        return int(self.events.received[0]), int(self.events.received[-1])

    def session(self, session: date) -> "Recording":
        """The part received in the session, and before it what its order books are made of."""
        opens = session_opens(session)
        received = self.events.received
        within = (received >= opens) & (received < opens + DAY)
        books = np.isin(self.events.kind, (DIFF, SNAPSHOT)) & (received < opens)
        if not (books & (received >= opens - DAY)).any() or not within.any():
            books[:] = False
        return replace(self, events=self.events.take(within | books), opens=opens)

    def packed(self) -> "Recording":
        """The same, its levels in the order of its events and without any that none of them has."""
        places = level_places(self.events)
        levels = Levels(*(getattr(self.levels, name)[places] for name in LEVEL_COLUMNS))
        counts = (self.events.bids + self.events.asks).astype(np.int64)
        events = replace(self.events, start=np.cumsum(counts) - counts)
        return replace(self, events=events, levels=levels)


def level_places(events: Events) -> NDArray[np.int64]:
    """Where the levels of all events are, one after the other."""
    counts = (events.bids + events.asks).astype(np.int64)
    firsts = np.repeat(events.start - (np.cumsum(counts) - counts), counts)
    places: NDArray[np.int64] = firsts + np.arange(len(firsts))
    return places


def session_opens(session: date) -> int:
    """Its first ns, in UTC."""
    return int(datetime(session.year, session.month, session.day, tzinfo=UTC).timestamp()) * 10**9


def session_of(received: int) -> date:
    return datetime.fromtimestamp(received // 10**9, UTC).date()


def sessions_of(recording: Recording) -> list[date]:
    """Those in which something was received, oldest first."""
    days = np.unique(recording.events.received // DAY)
    return [session_of(int(day) * DAY) for day in days]


def _decimals(digits: NDArray[np.int64], decimals: NDArray[np.int8]) -> Sequence[Decimal]:
    pairs = zip(digits.tolist(), decimals.tolist(), strict=True)
    return [Decimal(number).scaleb(-places) for number, places in pairs]
