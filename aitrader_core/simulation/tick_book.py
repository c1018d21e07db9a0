"""Our orders of one symbol, against the quotes and trades that were recorded."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import inf, isnan, nextafter
from typing import NamedTuple

from aitrader_core.domain.money import ZERO, money, whole_steps
from aitrader_core.domain.order_venue import Executed
from aitrader_core.domain.trail import OrderStatus
from aitrader_core.simulation.feed import VenueTerms
from aitrader_core.simulation.ticks import (
    TRADE,
    WATCH_ASK_HIGH,
    WATCH_ASK_LOW,
    WATCH_BID_HIGH,
    WATCH_BID_LOW,
    WATCH_TRADE_HIGH,
    WATCH_TRADE_LOW,
    Tick,
)
from aitrader_core.simulation.worked import Worked

Row = tuple[float, ...]  # of a watch
NO_WATCH: Row = (0.0, -inf, -inf, -inf, inf, inf, inf)
_ASK, _BID = (WATCH_ASK_LOW, WATCH_ASK_HIGH), (WATCH_BID_LOW, WATCH_BID_HIGH)
_BUYS = (WATCH_TRADE_LOW, WATCH_ASK_LOW, WATCH_BID_LOW)
_SELLS = (WATCH_TRADE_HIGH, WATCH_BID_HIGH, WATCH_ASK_HIGH)
DEARER = "the rest would cost more than was reserved for it"


class Best(NamedTuple):
    """The best price of one side and the size displayed there; NaN while it is not known."""

    price: float
    size: float


@dataclass(slots=True)
class Level:
    """A best price that we have taken from: `left` of the `size` displayed is not ours yet."""

    price: float
    size: Decimal
    left: Decimal


class TickBook:
    """See `TickVenue` for how it executes."""

    def __init__(self, terms: VenueTerms, step: Decimal, *, quoted: bool) -> None:
        self._terms, self._step, self._quoted = terms, step, quoted
        self._taken: dict[int, Level] = {}  # by the sign of the orders that took
        self.orders: list[Worked] = []  # at work, as they arrived
        self.coming = 0  # orders that are on their way

    def on_tick(self, tick: Tick) -> Iterator[Executed | Worked]:
        """What is executed at `tick`, and orders that the venue cancels at it."""
        if not self._quoted:
            yield from self._on_print(tick)
            return
        bid, ask = Best(tick.bid, tick.bid_size), Best(tick.ask, tick.ask_size)
        if bid.price > ask.price or (isnan(bid.price) and isnan(ask.price)):
            return  # not to be trusted
        volume = _decimal(tick.volume) if tick.kind == TRADE else ZERO
        sides = {1: (ask, bid), -1: (bid, ask)}
        for order in self._in_turn():
            opposite, own = sides[order.sign]
            if not order.is_resting:
                yield from self._arrived(order, opposite, own, tick.received)
                continue
            if volume:
                before = order.left
                yield from self._traded(order, tick, volume, own)
                volume -= before - order.left
            if order.is_open and order.takes(opposite.price):
                yield from self._take(order, opposite, tick.received, is_maker=True)
            _queue(order, own)
        self._forget(ask.price, bid.price)
        self._clear()

    def watch(self) -> Row:
        """A row of `Ticks`' watch: every tick that would change something here matches it."""
        if self.coming or not all(order.is_resting for order in self.orders):
            return (1.0, *NO_WATCH[1:])
        row = list(NO_WATCH)
        for order in self.orders:
            self._watch_order(order, row)
        for sign, level in self._taken.items():  # until its price is another one
            low, high = _ASK if sign > 0 else _BID
            row[low] = max(row[low], nextafter(level.price, -inf))
            row[high] = min(row[high], nextafter(level.price, inf))
        return tuple(row)

    def _watch_order(self, order: Worked, row: list[float]) -> None:
        worse = nextafter(order.limit, -inf * order.sign)  # beyond it, seen from us
        trade, opposite, own = _BUYS if order.sign > 0 else _SELLS
        closest = max if order.sign > 0 else min
        if not self._quoted:
            row[trade] = closest(row[trade], worse)
            return
        row[trade] = closest(row[trade], order.limit)
        row[opposite] = closest(row[opposite], order.limit)
        if order.ahead != 0:
            row[own] = closest(row[own], order.limit if order.ahead is None else worse)

    def _in_turn(self) -> list[Worked]:
        """Those that have just arrived, then by price and time."""
        if len(self.orders) == 1:
            return self.orders[:]
        resting = sorted((o for o in self.orders if o.is_resting), key=_by_price)
        return [o for o in self.orders if not o.is_resting] + resting

    def _arrived(
        self, order: Worked, opposite: Best, own: Best, at: int
    ) -> Iterator[Executed | Worked]:
        if order.takes(opposite.price):
            yield from self._take(order, opposite, at, is_maker=False)
        if order.is_open and not order.is_market:
            order.is_resting = True
            if order.sign * order.limit > order.sign * own.price:
                order.ahead = ZERO
            elif order.limit == own.price:
                order.ahead = _decimal(own.size)

    def _traded(
        self, order: Worked, tick: Tick, volume: Decimal, own: Best
    ) -> Iterator[Executed | Worked]:
        """What a trade of `volume` that is not ours yet does to an order that rests."""
        price, limit, sign = tick.price, order.limit, order.sign
        if sign * price < sign * limit:
            order.ahead = ZERO
        elif price != limit or order.ahead is None or not _hits(tick, sign, own):
            return
        ahead = order.ahead
        order.ahead = max(ahead - volume, ZERO)
        yield from self._execute(order, volume - ahead, limit, tick.received, is_maker=True)

    def _take(
        self, order: Worked, opposite: Best, at: int, *, is_maker: bool
    ) -> Iterator[Executed | Worked]:
        """From what is displayed on the other side: at its price, or at ours if we were first."""
        price = order.limit if is_maker else opposite.price
        if not self._terms.displayed_only:
            yield from self._execute(order, order.left, price, at, is_maker=is_maker)
            return
        level, before = self._level(order.sign, opposite), order.left
        yield from self._execute(order, level.left, price, at, is_maker=is_maker)
        level.left -= before - order.left
        if level.left != level.size:
            self._taken[order.sign] = level

    def _level(self, sign: int, best: Best) -> Level:
        """At the price that we took from last, only what has come since is new."""
        size, known = _decimal(best.size), self._taken.get(sign)
        if known is None or known.price != best.price:
            return Level(best.price, size, size)
        known.left = min(known.left + max(size - known.size, ZERO), size)
        known.size = size
        return known

    def _forget(self, ask: float, bid: float) -> None:
        for sign, price in ((1, ask), (-1, bid)):
            level = self._taken.get(sign)
            if level is not None and not isnan(price) and price != level.price:
                del self._taken[sign]

    def _on_print(self, tick: Tick) -> Iterator[Executed | Worked]:
        """A stream without quotes: a part of each trade is ours to take."""
        if tick.kind != TRADE:
            return
        pool = _decimal(tick.volume) * self._terms.participation
        for order in self._in_turn():
            before = order.left
            if order.is_resting:
                if order.sign * tick.price < order.sign * order.limit:
                    yield from self._execute(order, pool, order.limit, tick.received, is_maker=True)
            elif order.takes(tick.price):
                yield from self._execute(order, pool, tick.price, tick.received, is_maker=False)
            order.is_resting = not order.is_market
            pool -= before - order.left
        self._clear()

    def _execute(
        self, order: Worked, most: Decimal, price: float, at: int, *, is_maker: bool
    ) -> Iterator[Executed | Worked]:
        wanted = min(order.left, whole_steps(max(most, ZERO), self._step))
        if not wanted:
            return
        exact = money(_decimal(price))
        rate = self._terms.maker_fee if is_maker else self._terms.taker_fee
        quantity = order.affordable(wanted, exact, rate, self._step)
        if quantity:
            yield order.execute(quantity, exact, at, self._terms, is_maker=is_maker)
        if quantity != wanted:
            order.status, order.reason = OrderStatus.CANCELED, DEARER
            yield order

    def _clear(self) -> None:
        if not all(order.is_open for order in self.orders):
            self.orders = [order for order in self.orders if order.is_open]


def _queue(order: Worked, own: Best) -> None:
    """What the best price of its own side says of those before it."""
    if order.ahead == 0 or isnan(own.price):
        return
    if order.sign * own.price < order.sign * order.limit:
        order.ahead = ZERO  # whoever stood at its price is gone
    elif order.ahead is None and own.price == order.limit:
        order.ahead = _decimal(own.size)


def _hits(tick: Tick, sign: int, own: Best) -> bool:
    """Whether the taker of a trade came from the other side; if nobody says, the quote may."""
    if tick.side:
        return tick.side == -sign
    return sign * tick.price <= sign * own.price


def _by_price(order: Worked) -> float:
    return -order.sign * order.limit


def _decimal(number: float) -> Decimal:
    return Decimal(repr(number))
