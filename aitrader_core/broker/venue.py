"""A broker's account as a venue: orders go there under our own ids, and come back as events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import TypeVar

from aitrader_core.broker.account import (
    DELIVERY,
    BrokerAccount,
    BrokerOrder,
    BrokerTrade,
    Instructions,
    Validity,
)
from aitrader_core.broker.limits import SECOND
from aitrader_core.domain.errors import BrokerError, NoAnswer, OrderRejected, RateLimited
from aitrader_core.domain.money import ZERO, times
from aitrader_core.domain.order_venue import (
    Accepted,
    Canceled,
    CancelRejected,
    Executed,
    Expired,
    OrderReport,
    Rejected,
    VenueEvent,
)
from aitrader_core.domain.orders import Approved, Order, Side
from aitrader_core.domain.trail import OrderStatus

NSE_TICK = Decimal("0.05")
_NEVER_WORKED = (OrderStatus.SUBMITTED, OrderStatus.REJECTED)
_DEAF = (NoAnswer, RateLimited)  # for now: it is asked again with the next poll
_T = TypeVar("_T")


@dataclass
class _Sent:
    """An order of ours, and what was delivered of it."""

    at: int  # when it was sent, or first asked for
    is_known: bool = False  # to be at the broker
    is_accepted: bool = False
    is_closed: bool = False
    is_given_up: bool = False  # if it turns up after all, it is a stray
    owed: Decimal = ZERO  # executed, as a closed order says, and not told by a trade yet
    executions: dict[str, Decimal] = field(default_factory=dict)  # quantities by id

    @property
    def is_over(self) -> bool:
        return self.is_closed and self.owed <= 0 and not self.is_given_up


class BrokerVenue:
    """Follows the orders that it was given, or asked about, and no others of the account.

    The account is polled every `every` ns at most. Where the broker did not answer to an order it
    counts as on its way for `patience` ns. Prices are put on the broker's `tick`, never for the
    worse. The broker tells of no fees: `fee_rate` of each notional is what they are taken to be.
    """

    def __init__(
        self,
        account: BrokerAccount,
        instructions: Instructions = DELIVERY,
        *,
        tick: Decimal = NSE_TICK,
        fee_rate: Decimal = ZERO,
        every: int = SECOND,
        patience: int = 60 * SECOND,
    ) -> None:
        self._account = account
        self._instructions = instructions
        self._tick = tick
        self._fee_rate = fee_rate
        self._every = every
        self._patience = patience
        self._sent: dict[str, _Sent] = {}
        self._waiting: list[VenueEvent] = []
        self._now = 0
        self._polled: int | None = None
        self.heard = 0  # when the account was last read, ns since 1970 UTC
        self.strays: dict[str, BrokerOrder] = {}  # a second order under one id of ours

    def send(self, approved: Approved, now: int) -> None:
        """What is not on the broker's terms comes back as Rejected."""
        self._now = now
        order_id = approved.order.id
        if order_id in self._sent:
            return
        self._sent[order_id] = _Sent(now)
        try:
            self._account.place(*self._worded(approved))
        except NoAnswer:
            return  # whether it is there is told by `status`
        except BrokerError as error:  # it was not taken
            self._sent[order_id].is_closed = True
            self._waiting.append(Rejected(order_id, now, str(error)))
            return
        self._sent[order_id].is_known = True

    def cancel(self, order_id: str, now: int) -> None:
        self._now = now
        try:
            found = self._orders().get(order_id, ())
            for order in found:
                if not order.is_over and order.status is not OrderStatus.CANCEL_PENDING:
                    self._account.cancel(order.id)
        except NoAnswer:
            return  # likewise
        except BrokerError as error:
            self._waiting.append(CancelRejected(order_id, now, str(error)))

    def deliver(self, now: int) -> Sequence[VenueEvent]:
        """BrokerError when it can't be asked at all: SessionExpired needs a new login."""
        self._now = now
        is_due = self._polled is None or now - self._polled >= self._every
        if is_due and any(not sent.is_over for sent in self._sent.values()):
            self._polled = now
            self._poll(now)
        delivered, self._waiting = self._waiting, []
        return delivered

    def status(self, order_id: str) -> OrderReport | None:
        sent = self._sent.setdefault(order_id, _Sent(self._now))
        try:
            orders = self._orders().get(order_id)
            trades = self._trades() if orders else {}
        except _DEAF:
            return OrderReport(order_id, self._now, OrderStatus.SUBMITTED)
        if not orders:
            return self._absent(order_id, sent)
        order, sent.is_known = orders[0], True
        executions = tuple(self._executed(order_id, t) for t in trades.get(order.id, ()))
        status = _fate(order, sent)
        return OrderReport(order_id, order.changed_at, status, executions, order.message)

    def _absent(self, order_id: str, sent: _Sent) -> OrderReport | None:
        if not (sent.is_closed or sent.is_known or self._now - sent.at < self._patience):
            sent.is_closed = sent.is_given_up = True
        if sent.is_closed:
            return None
        return OrderReport(order_id, self._now, OrderStatus.SUBMITTED)

    def _worded(self, approved: Approved) -> tuple[Order, Instructions]:
        """A market buy may cost no more than it was approved for: it has that as its limit, and
        what is not executed at once is not to wait."""
        order, instructions = approved.order, self._instructions
        limit = order.limit
        if limit is None and order.side is Side.BUY:
            limit = approved.quote.price
            instructions = replace(instructions, validity=Validity.IMMEDIATE)
        if limit is not None:
            rounding = ROUND_DOWN if order.side is Side.BUY else ROUND_UP
            limit = (limit / self._tick).to_integral_value(rounding) * self._tick
        return Order(order.symbol, order.side, order.quantity, limit, order.id), instructions

    def _poll(self, now: int) -> None:
        """Orders first: so the trades are at least those that the orders tell of."""
        try:
            orders, trades = self._orders(), self._trades()
        except _DEAF:
            return
        self.heard = now
        for order_id, sent in self._sent.items():
            ours = list(orders.get(order_id, ()))
            if ours and not sent.is_given_up:
                first = ours.pop(0)
                sent.is_known = True
                self._waiting += self._news(first, sent, trades.get(first.id, ()))
            for stray in ours:
                self._stop(stray)

    def _news(
        self, order: BrokerOrder, sent: _Sent, trades: Sequence[BrokerTrade]
    ) -> Sequence[VenueEvent]:
        news: list[VenueEvent] = []
        order_id, status = order.order.id, _fate(order, sent)
        if not sent.is_accepted and status not in _NEVER_WORKED:
            sent.is_accepted = True
            news.append(Accepted(order_id, order.at))
        for trade in trades:
            if trade.id not in sent.executions:
                sent.executions[trade.id] = trade.quantity
                news.append(self._executed(order_id, trade))
        if order.is_over:
            sent.owed = order.filled - sum(sent.executions.values(), ZERO)
            if not sent.is_closed:
                sent.is_closed = True
                news += _ending(order, status)
        return news

    def _executed(self, order_id: str, trade: BrokerTrade) -> Executed:
        fee = times(times(trade.quantity, trade.price), self._fee_rate)
        return Executed(order_id, trade.at, trade.id, trade.quantity, trade.price, fee)

    def _stop(self, stray: BrokerOrder) -> None:
        """It came there twice, or too late: what of it still works is canceled."""
        if not stray.is_over and stray.status is not OrderStatus.CANCEL_PENDING:
            try:
                self._account.cancel(stray.id)
            except (OrderRejected, *_DEAF):
                pass  # it is over by now, or canceled with the next poll
        self.strays[stray.id] = stray

    def _orders(self) -> Mapping[str, Sequence[BrokerOrder]]:
        return _grouped(self._account.orders(), lambda order: order.order.id)

    def _trades(self) -> Mapping[str, Sequence[BrokerTrade]]:
        return _grouped(self._account.trades(), lambda trade: trade.order_id)


def _fate(order: BrokerOrder, sent: _Sent) -> OrderStatus:
    """What has worked is not rejected any more: it is canceled."""
    has_worked = sent.is_accepted or order.filled
    is_rejected = order.status is OrderStatus.REJECTED
    return OrderStatus.CANCELED if is_rejected and has_worked else order.status


def _ending(order: BrokerOrder, status: OrderStatus) -> Sequence[VenueEvent]:
    order_id, at = order.order.id, order.changed_at
    if status is OrderStatus.CANCELED:
        return (Canceled(order_id, at, order.filled, order.message),)
    if status is OrderStatus.EXPIRED:
        return (Expired(order_id, at, order.filled),)
    if status is OrderStatus.REJECTED:
        return (Rejected(order_id, at, order.message or "the broker does not say why"),)
    return ()


def _grouped(items: Sequence[_T], key: Callable[[_T], str]) -> Mapping[str, Sequence[_T]]:
    groups: dict[str, list[_T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
