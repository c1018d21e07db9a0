"""A venue on a bad line: whatever goes to it or comes from it may be lost, doubled or overtaken."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from aitrader_core.domain.money import ZERO, money, times
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
from aitrader_core.domain.orders import Approved, Side
from aitrader_core.domain.trail import OrderStatus

FEE = Decimal("0.0015")
OPEN = (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED)


@dataclass
class AtVenue:
    approved: Approved
    status: OrderStatus = OrderStatus.ACCEPTED
    executions: list[Executed] = field(default_factory=list)

    @property
    def filled(self) -> Decimal:
        return sum((e.quantity for e in self.executions), ZERO)

    @property
    def left(self) -> Decimal:
        return self.approved.order.quantity - self.filled

    def pays_for(self, quantity: Decimal, price: Decimal) -> bool:
        spent = sum((times(e.quantity, e.price) for e in self.executions), ZERO)
        is_sell = self.approved.order.side is Side.SELL
        return is_sell or spent + times(quantity, price) <= self.approved.quote.notional


class FaultyVenue:
    """`inbox` is what is on its way to it, `outbox` what is on its way from it."""

    def __init__(self) -> None:
        self.inbox: list[Approved | str] = []  # an order, or the id of one to cancel
        self.outbox: list[VenueEvent] = []
        self.due: list[VenueEvent] = []
        self.orders: dict[str, AtVenue] = {}

    def send(self, approved: Approved, now: int) -> None:  # noqa: ARG002
        self.inbox.append(approved)

    def cancel(self, order_id: str, now: int) -> None:  # noqa: ARG002
        self.inbox.append(order_id)

    def deliver(self, now: int) -> Sequence[VenueEvent]:  # noqa: ARG002
        due, self.due = self.due, []
        return due

    def status(self, order_id: str) -> OrderReport | None:
        """It knows of what is on its way to it, too."""
        if order_id not in self.orders:
            coming = [m.order.id for m in self.inbox if isinstance(m, Approved)]
            known = order_id in coming
            return OrderReport(order_id, 0, OrderStatus.SUBMITTED) if known else None
        order = self.orders[order_id]
        status = order.status
        if status in OPEN and order_id in self.inbox:
            status = OrderStatus.CANCEL_PENDING
        return OrderReport(order_id, 0, status, tuple(order.executions))

    def read(self, message: Approved | str, *, rejects: bool = False) -> None:
        if isinstance(message, str):
            self._cancel(message)
        elif message.order.id not in self.orders:
            status = OrderStatus.REJECTED if rejects else OrderStatus.ACCEPTED
            self.orders[message.order.id] = AtVenue(message, status)
            name = message.order.id
            self.outbox.append(Rejected(name, 0, "no") if rejects else Accepted(name, 0))

    def execute(self, order: AtVenue, quantity: Decimal, price: Decimal) -> None:
        name = order.approved.order.id
        fee = money(times(quantity, price) * FEE)
        number = f"{name}-{len(order.executions)}"
        order.executions.append(Executed(name, 0, number, quantity, price, fee))
        order.status = OrderStatus.PARTIALLY_FILLED if order.left else OrderStatus.FILLED
        self.outbox.append(order.executions[-1])

    def expire(self, order: AtVenue) -> None:
        order.status = OrderStatus.EXPIRED
        self.outbox.append(Expired(order.approved.order.id, 0, order.filled))

    @property
    def open_orders(self) -> list[AtVenue]:
        return [order for order in self.orders.values() if order.status in OPEN]

    def _cancel(self, name: str) -> None:
        order = self.orders.get(name)
        if order is None or order.status not in OPEN:
            self.outbox.append(CancelRejected(name, 0, "there is nothing to cancel"))
            return
        order.status = OrderStatus.CANCELED
        self.outbox.append(Canceled(name, 0, order.filled))
