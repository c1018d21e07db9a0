"""The simulated venue of ticks: next-event fills, displayed sizes, queues, latency, and fees."""

from collections import deque
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.order_venue import (
    Accepted,
    Canceled,
    CancelRejected,
    OrderReport,
    Rejected,
    VenueEvent,
)
from aitrader_core.domain.orders import Approved
from aitrader_core.domain.trail import OrderStatus
from aitrader_core.simulation.feed import VenueTerms
from aitrader_core.simulation.tick_book import NO_WATCH, Row, TickBook
from aitrader_core.simulation.ticks import NEVER, Tick, is_possible, no_watch
from aitrader_core.simulation.worked import Worked


class _Arrival(NamedTuple):
    at: int
    order_id: str
    is_cancel: bool


class TickVenue:
    """Works orders against recorded ticks, always in the same way.

    **Time.** An order sent at t is there at t + latency, a cancel too, and what they lead to is
    told after another latency. It is executed at the first tick of its symbol that is received
    then or later, never at the tick that was seen when it was sent. No tick is executed at while
    the quote is crossed or not known (NaN), or at which a value can't be true.

    **Takers.** A market order, and the part of a limit order that crosses, takes the size
    displayed at the opposite best; the rest of a market order waits for size that is new: another
    price, or growth at the same one. What one of our orders took, another one can't take again.

    **Queues.** The rest of a limit order joins behind all that is displayed at its price. Trades
    there, by the other side's takers, eat what is ahead, then fill it. Cancels are taken to come
    from behind it, until its price is no longer the best: then nobody is ahead. At a price worse
    than the best the queue is not known; when it becomes the best, all that is displayed is ahead.
    A trade beyond its price fills it up to the trade's volume, and a quote beyond it up to the
    size displayed, at its own price. Our orders do not trade with each other, and leave no trace
    in what was recorded.

    **Without quotes** (`quoted` is False) a taker gets each trade's price, up to `participation`
    of its volume, and an order that rests is filled by trades beyond its price alone.

    **Cash.** A buy never costs more than it was approved for: what the rest would cost beyond that
    is canceled.

    Whoever plays the ticks gives `on_tick` each one that matches `watch`, or is the first that is
    received at `wake_at` or later, then calls `deliver`; other ticks may be given, and change
    nothing. Times never go back.
    """

    def __init__(
        self,
        terms: VenueTerms,
        symbols: Sequence[Symbol],
        step: Decimal = Decimal(1),
        *,
        quoted: bool = True,
    ) -> None:
        self.watch = no_watch(len(symbols))
        self._latency = terms.latency
        self._index = {symbol: number for number, symbol in enumerate(symbols)}
        self._books = [TickBook(terms, step, quoted=quoted) for _ in symbols]
        self._rows: list[Row] = [NO_WATCH] * len(symbols)
        self._orders: dict[str, Worked] = {}
        self._arrivals: deque[_Arrival] = deque()
        self._reports: deque[tuple[int, VenueEvent]] = deque()
        self._clock = 0

    @property
    def wake_at(self) -> int:
        """When something arrives next, there or here; NEVER when nothing is under way."""
        arrival = self._arrivals[0].at if self._arrivals else NEVER
        return min(arrival, self._reports[0][0]) if self._reports else arrival

    def send(self, approved: Approved, now: int) -> None:
        order = approved.order
        if order.id in self._orders:
            return
        symbol = self._index.get(order.symbol, -1)
        self._orders[order.id] = Worked.of(approved, symbol)
        self._arrivals.append(_Arrival(now + self._latency, order.id, is_cancel=False))
        if symbol >= 0:
            self._books[symbol].coming += 1
            self._look_out(symbol)

    def cancel(self, order_id: str, now: int) -> None:
        self._arrivals.append(_Arrival(now + self._latency, order_id, is_cancel=True))
        if order_id in self._orders:
            self._orders[order_id].cancels += 1

    def on_tick(self, tick: Tick) -> None:
        self._arrive(tick.received)
        book = self._books[tick.symbol]
        if self._rows[tick.symbol] == NO_WATCH or not is_possible(tick):
            return
        for done in book.on_tick(tick):
            if isinstance(done, Worked):
                self._report(
                    Canceled(done.order.id, tick.received, done.filled, done.reason), tick.received
                )
            else:
                self._report(done, tick.received)
        self._look_out(tick.symbol)

    def deliver(self, now: int) -> Sequence[VenueEvent]:
        self._arrive(now)
        reports = self._reports
        if not reports or reports[0][0] > now:
            return ()
        due = []
        while reports and reports[0][0] <= now:
            due.append(reports.popleft()[1])
        return due

    def status(self, order_id: str) -> OrderReport | None:
        """As the venue knows it, without latency."""
        order = self._orders.get(order_id)
        return None if order is None else order.report(self._clock)

    def _arrive(self, now: int) -> None:
        self._clock = max(self._clock, now)
        while self._arrivals and self._arrivals[0].at <= now:
            arrival = self._arrivals.popleft()
            order = self._orders.get(arrival.order_id)
            if order is None:
                reason = "there is no such order"
                self._report(CancelRejected(arrival.order_id, arrival.at, reason), arrival.at)
            elif arrival.is_cancel:
                self._cancel(order, arrival.at)
            else:
                self._accept(order, arrival.at)

    def _accept(self, order: Worked, at: int) -> None:
        if order.symbol < 0:
            order.status = OrderStatus.REJECTED
            order.reason = f"{order.order.symbol} is not traded here"
            self._report(Rejected(order.order.id, at, order.reason), at)
            return
        book = self._books[order.symbol]
        book.coming -= 1
        book.orders.append(order)
        order.status = OrderStatus.ACCEPTED
        self._report(Accepted(order.order.id, at), at)
        self._look_out(order.symbol)

    def _cancel(self, order: Worked, at: int) -> None:
        order.cancels -= 1
        if not order.is_open:
            self._report(CancelRejected(order.order.id, at, f"it is {order.status}"), at)
            return
        self._books[order.symbol].orders.remove(order)
        order.status = OrderStatus.CANCELED
        self._report(Canceled(order.order.id, at, order.filled), at)
        self._look_out(order.symbol)

    def _report(self, event: VenueEvent, at: int) -> None:
        self._reports.append((at + self._latency, event))

    def _look_out(self, symbol: int) -> None:
        row = self._books[symbol].watch()
        if row != self._rows[symbol]:
            self._rows[symbol] = row
            self.watch[symbol] = np.asarray(row)
