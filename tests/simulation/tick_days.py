"""Ticks by hand, and what a venue reports of orders placed between them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import nan

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO, times
from aitrader_core.domain.order_venue import Executed, VenueEvent
from aitrader_core.domain.orders import Approved, Order, Quote, Side
from aitrader_core.simulation.feed import VenueTerms
from aitrader_core.simulation.tick_venue import TickVenue
from aitrader_core.simulation.ticks import NEVER, QUOTE, TRADE, Tick

D = Decimal
A, B = Symbol("AAA"), Symbol("BBB")
AT_ONCE = VenueTerms(latency_ms=ZERO)


def quote(at: int, bid: float, bid_size: float, ask: float, ask_size: float) -> Tick:
    return Tick(at, 0, 0, QUOTE, nan, 0.0, bid, bid_size, ask, ask_size, 0)


def trade(at: int, price: float, volume: float, side: int, like: Tick) -> Tick:
    """With the quote that stood at the tick `like`."""
    return like._replace(received=at, kind=TRADE, price=price, volume=volume, side=side)


def approved(
    name: str,
    side: Side,
    quantity: str | Decimal,
    limit: str | None = None,
    cap: str = "1000000",
    symbol: Symbol = A,
) -> Approved:
    price = None if limit is None else D(limit)
    return Approved(Order(symbol, side, D(quantity), price, name), Quote(D(1), D(cap), ZERO))


def bought(quantity: str, limit: str | None = None, cap: str = "1000000") -> Approved:
    return approved("order", Side.BUY, quantity, limit, cap)


def sold(quantity: str, limit: str | None = None) -> Approved:
    return approved("order", Side.SELL, quantity, limit)


@dataclass
class Played:
    """A venue, and what it has told with the time it was told at."""

    venue: TickVenue
    told: list[tuple[int, VenueEvent]] = field(default_factory=list)

    def play(self, ticks: Iterable[Tick]) -> "Played":
        for tick in ticks:
            self.venue.on_tick(tick)
            self.listen(tick.received)
        return self

    def play_watched(self, ticks: Iterable[Tick]) -> "Played":
        """Only what the venue asks for."""
        for tick in ticks:
            if tick.received >= self.venue.wake_at or matches(self.venue.watch, tick):
                self.venue.on_tick(tick)
                self.listen(tick.received)
        return self

    def listen(self, now: int) -> None:
        self.told += ((now, event) for event in self.venue.deliver(now))

    @property
    def executions(self) -> Sequence[Executed]:
        return [event for _, event in self.told if isinstance(event, Executed)]

    @property
    def fills(self) -> list[str]:
        """As `quantity @ price`, with an `m` where we were the maker."""
        return [
            f"{e.quantity} @ {e.price.normalize():f}{' m' if e.is_maker else ''}"
            for e in self.executions
        ]

    @property
    def cost(self) -> Decimal:
        return sum((times(e.quantity, e.price) + e.fee for e in self.executions), ZERO)


def venue(terms: VenueTerms = AT_ONCE, step: str = "1", *, quoted: bool = True) -> Played:
    return Played(TickVenue(terms, (A, B), D(step), quoted=quoted))


def matches(watch: NDArray[np.float64], tick: Tick) -> bool:
    """As the columns of a watch say (simulation/ticks.py)."""
    row = watch[tick.symbol]
    low, high = (tick.ask, tick.bid), (tick.bid, tick.ask)
    if tick.kind == TRADE and (tick.price <= row[1] or tick.price >= row[4]):
        return True
    return bool(
        row[0]
        or any(price <= row[2 + n] for n, price in enumerate(low))
        or any(price >= row[5 + n] for n, price in enumerate(high))
    )


__all__ = ["NEVER", "A", "B", "D", "Played", "approved", "bought", "quote", "sold", "trade"]
