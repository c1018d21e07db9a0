"""An order book of integers: prices and sizes, and which update told each level."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import NamedTuple

Pairs = Iterable[tuple[int, int]]  # price, size


class Best(NamedTuple):
    """The best bid and ask; price and size of an empty side are 0."""

    bid: int
    bid_size: int
    ask: int
    ask_size: int


class Stale(NamedTuple):
    """A level that was dropped because a newer one contradicts it."""

    side: str
    price: int
    size: int
    told: int


class Side:
    """Levels of one side, their prices in ascending order."""

    def __init__(self) -> None:
        self.prices: list[int] = []
        self.levels: dict[int, tuple[int, int]] = {}  # size and the update that told it

    def set(self, pairs: Pairs, update: int) -> None:
        """Size 0 removes a level, whether it is there or not."""
        prices, levels = self.prices, self.levels
        for price, size in pairs:
            if size:
                if price not in levels:
                    insort(prices, price)
                levels[price] = size, update
            elif levels.pop(price, None) is not None:
                del prices[bisect_left(prices, price)]


class Book:
    """Made from a snapshot and the diffs after it. `last_id` is its newest update."""

    def __init__(self, last_id: int, bids: Pairs = (), asks: Pairs = ()) -> None:
        self.last_id = last_id
        self.bids, self.asks = Side(), Side()
        self.bids.set(bids, last_id)
        self.asks.set(asks, last_id)

    def update(self, last_id: int, bids: Pairs, asks: Pairs) -> None:
        self.last_id = last_id
        self.bids.set(bids, last_id)
        self.asks.set(asks, last_id)

    @property
    def best(self) -> Best:
        bid, ask = self._bid, self._ask
        return Best(
            bid,
            self.bids.levels[bid][0] if bid else 0,
            ask,
            self.asks.levels[ask][0] if ask else 0,
        )

    @property
    def is_crossed(self) -> bool:
        """Whether its best bid is at or above its best ask."""
        bids, asks = self.bids.prices, self.asks.prices
        return bool(bids and asks and bids[-1] >= asks[0])

    @property
    def told(self) -> int:
        """The older update of the two that told the best bid and the best ask."""
        found = [
            side.levels[price][1]
            for side, price in ((self.bids, self._bid), (self.asks, self._ask))
            if price
        ]
        return min(found, default=0)

    def uncross(self) -> list[Stale]:
        """Drop the side of the crossing that was told earlier, level by level; both when told at
        once."""
        dropped: list[Stale] = []
        while self.is_crossed:
            bid, ask = self._bid, self._ask
            (bid_size, bid_told), (ask_size, ask_told) = (
                self.bids.levels[bid],
                self.asks.levels[ask],
            )
            if bid_told <= ask_told:
                dropped.append(Stale("bid", bid, bid_size, bid_told))
                self.bids.set([(bid, 0)], self.last_id)
            if ask_told <= bid_told:
                dropped.append(Stale("ask", ask, ask_size, ask_told))
                self.asks.set([(ask, 0)], self.last_id)
        return dropped

    @property
    def _bid(self) -> int:
        return self.bids.prices[-1] if self.bids.prices else 0

    @property
    def _ask(self) -> int:
        return self.asks.prices[0] if self.asks.prices else 0
