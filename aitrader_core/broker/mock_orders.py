"""The orders of a mocked day: their steps through the broker, and their executions."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, Protocol

from aitrader_core.broker.kite import KiteError, Row, stamp
from aitrader_core.broker.kite_tools import ModifyOrder, PlaceOrder
from aitrader_core.domain.money import ZERO

OVER = ("COMPLETE", "CANCELLED", "REJECTED")


@dataclass(frozen=True, slots=True)
class MockQuote:
    """What an instrument trades at. A size is executed once for each `at` (ns since 1970 UTC);
    without sizes there is enough for everybody. `close` is the session's before."""

    last: Decimal
    bid: Decimal | None
    ask: Decimal | None
    at: int
    bid_size: Decimal | None = None
    ask_size: Decimal | None = None
    close: Decimal | None = None


Quotes = Callable[[str, int], MockQuote | None]  # of an instrument, at a time; None: not listed


@dataclass
class MockOrder:
    """One order. `next` is the step that it takes at `due`."""

    id: str
    asked: PlaceOrder
    at: int
    due: int
    status: str = "PUT ORDER REQ RECEIVED"
    next: Literal["validate", "change", "cancel"] | None = "validate"
    message: str | None = None
    filled: Decimal = ZERO
    paid: Decimal = ZERO  # quantity x price of what is filled
    is_triggered: bool = False
    changes: int = 0
    changed: PlaceOrder | None = None  # what it will be
    stepped: int = 0  # when it took its last step
    history: list[Row] = field(default_factory=list)

    @property
    def instrument(self) -> str:
        return f"{self.asked.exchange}:{self.asked.tradingsymbol}"

    @property
    def pending(self) -> Decimal:
        return Decimal(self.asked.quantity) - self.filled

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def is_buy(self) -> bool:
        return self.asked.transaction_type == "BUY"

    @property
    def is_at_market(self) -> bool:
        return self.asked.order_type in ("LIMIT", "MARKET") or self.is_triggered

    def step(self, now: int, status: str, message: str | None = None) -> None:
        self.status, self.message, self.stepped = status, message or self.message, now
        self.history.append(self.row(now))

    def row(self, at: int) -> Row:
        """As Kite tells of it."""
        asked, is_over = self.asked, self.is_over
        canceled = self.pending if self.status == "CANCELLED" else ZERO
        return {
            "order_id": self.id,
            "status": self.status,
            "status_message": self.message,
            "order_timestamp": stamp(at),
            "exchange_update_timestamp": stamp(self.stepped),
            "variety": asked.variety.value,
            "modified": bool(self.changes),
            "exchange": asked.exchange,
            "tradingsymbol": asked.tradingsymbol,
            "order_type": asked.order_type,
            "transaction_type": asked.transaction_type,
            "validity": asked.validity.value,
            "product": asked.product.value,
            "quantity": asked.quantity,
            "price": asked.price or ZERO,
            "trigger_price": asked.trigger_price or ZERO,
            "average_price": self.paid / self.filled if self.filled else ZERO,
            "filled_quantity": self.filled,
            "pending_quantity": ZERO if is_over else self.pending,
            "cancelled_quantity": canceled,
            "tag": asked.tag,
        }


class Means(Protocol):
    """What an account can pay for, or has to sell."""

    def obstacle(self, order: MockOrder) -> str | None:
        """Why an order can't be taken in; None when it can."""

    def most(self, order: MockOrder, price: Decimal) -> Decimal:
        """How much of it can be executed at `price`, a whole number."""

    def book(self, order: MockOrder, quantity: Decimal, price: Decimal) -> None: ...


class MockOrders:
    """Those of one day, the oldest first. An order is looked at whenever the broker is asked."""

    def __init__(self, quotes: Quotes, latency: int, first: int) -> None:
        self._quotes = quotes
        self._latency = latency
        self._number = first
        self._taken: dict[tuple[str, bool], tuple[int, Decimal]] = {}  # of a quote's size
        self.all: dict[str, MockOrder] = {}
        self.trades: list[dict[str, Any]] = []

    @property
    def working(self) -> Iterator[MockOrder]:
        return (order for order in self.all.values() if not order.is_over)

    @property
    def taken_in(self) -> Iterator[MockOrder]:
        return (order for order in self.working if order.next != "validate")

    def add(self, asked: PlaceOrder, now: int) -> MockOrder:
        self._number += 1
        order = MockOrder(str(self._number), asked, now, now + self._latency)
        self.all[order.id] = order
        order.step(now, "PUT ORDER REQ RECEIVED")
        order.step(now, "VALIDATION PENDING")
        return order

    def find(self, order_id: str) -> MockOrder:
        if order_id not in self.all:
            raise KiteError(
                "OrderException", f"Couldn't find that `order_id` {order_id[:40]}.", 404
            )
        return self.all[order_id]

    def change(
        self,
        asked: ModifyOrder,
        most: int,
        check: Callable[[MockOrder, PlaceOrder], None],
        now: int,
    ) -> MockOrder:
        """At most so often, and only what passes the check."""
        order = self._open(asked.order_id, "modified")
        if order.changes >= most:
            raise KiteError(
                "NetworkException", "Maximum allowed order modifications exceeded.", 429
            )
        told = asked.model_dump(exclude={"order_id", "variety"}, exclude_none=True)
        if Decimal(told.get("quantity", order.asked.quantity)) <= order.filled:
            raise KiteError("InputException", "Invalid `quantity`: so much is filled already.")
        wanted = check_prices(order.asked.model_copy(update=told))
        check(order, wanted)
        order.changes += 1
        order.changed = wanted
        order.next, order.due = "change", now + self._latency
        order.step(now, "MODIFY VALIDATION PENDING")
        order.step(now, "MODIFY PENDING")
        return order

    def cancel(self, order_id: str, now: int) -> MockOrder:
        order = self._open(order_id, "cancelled")
        order.next, order.due = "cancel", now + self._latency
        order.step(now, "CANCEL PENDING")
        return order

    def _open(self, order_id: str, what: str) -> MockOrder:
        order = self.find(order_id)
        if order.is_over or order.next is not None:
            raise KiteError(
                "OrderException", f"Order cannot be {what} as it is {order.status.lower()}."
            )
        return order

    def advance(self, now: int, means: Means) -> None:
        """Take the steps that are due, and execute what can be."""
        for order in list(self.working):
            if order.next is not None and order.due <= now:
                self._take_step(order, now, means)
            if not order.is_over and order.next != "validate":
                self._execute(order, now, means)

    def _take_step(self, order: MockOrder, now: int, means: Means) -> None:
        step, order.next = order.next, None
        if step == "cancel":
            order.step(now, "CANCELLED")
            return
        if step == "change" and order.changed is not None:
            order.asked, order.changed = order.changed, None
        elif reason := means.obstacle(order):
            order.step(now, "REJECTED", reason)
            return
        else:
            order.step(now, "OPEN PENDING")
        order.step(now, "OPEN" if order.is_at_market else "TRIGGER PENDING")

    def _execute(self, order: MockOrder, now: int, means: Means) -> None:
        quote = self._quotes(order.instrument, now)
        if quote is not None and self._is_awake(order, quote, now):
            price, size = self._offer(order, quote)
            if price is not None and size > 0:
                quantity = min(order.pending, size, means.most(order, price))
                if not quantity:
                    order.step(now, "CANCELLED", "Insufficient funds at the price of execution.")
                    return
                self._take(order, quote.at, quantity)
                self._fill(order, quantity, price, now)
                means.book(order, quantity, price)
        if order.asked.validity == "IOC" and not order.is_over:
            order.step(now, "CANCELLED")

    def _is_awake(self, order: MockOrder, quote: MockQuote, now: int) -> bool:
        trigger = order.asked.trigger_price
        if not order.is_at_market and trigger is not None:
            if quote.last < trigger if order.is_buy else quote.last > trigger:
                return False
            order.is_triggered = True
            order.step(now, "OPEN")
        return True

    def _offer(self, order: MockOrder, quote: MockQuote) -> tuple[Decimal | None, Decimal]:
        """What the order gets now, and how much of it."""
        price, size = (quote.ask, quote.ask_size) if order.is_buy else (quote.bid, quote.bid_size)
        limit = order.asked.price if order.asked.order_type in ("LIMIT", "SL") else None
        if price is None or (limit is not None and (price - limit) * _sign(order) > 0):
            return None, ZERO
        if size is None:
            return price, order.pending
        at, taken = self._taken.get((order.instrument, order.is_buy), (quote.at, ZERO))
        return price, size - taken if at == quote.at else size

    def _take(self, order: MockOrder, at: int, quantity: Decimal) -> None:
        key = (order.instrument, order.is_buy)
        before, taken = self._taken.get(key, (at, ZERO))
        self._taken[key] = (at, quantity + (taken if before == at else ZERO))

    def _fill(self, order: MockOrder, quantity: Decimal, price: Decimal, now: int) -> None:
        order.filled += quantity
        order.paid += quantity * price
        order.step(now, order.status if order.pending else "COMPLETE")
        self.trades.append(
            {
                "trade_id": str(len(self.trades) + 1),
                "order_id": order.id,
                "exchange": order.asked.exchange,
                "tradingsymbol": order.asked.tradingsymbol,
                "transaction_type": order.asked.transaction_type,
                "product": order.asked.product.value,
                "quantity": quantity,
                "average_price": price,
                "fill_timestamp": stamp(now),
            }
        )


def check_prices(asked: PlaceOrder) -> PlaceOrder:
    """With what its type has of prices. KiteError (InputException) when one is missing."""
    needs = {
        "price": asked.order_type in ("LIMIT", "SL"),
        "trigger_price": asked.order_type in ("SL", "SL-M"),
    }
    for name, is_needed in needs.items():
        if is_needed and getattr(asked, name) is None:
            raise KiteError("InputException", f"Missing `{name}` of a {asked.order_type} order.")
    return asked.model_copy(update={n: None for n, is_needed in needs.items() if not is_needed})


def _sign(order: MockOrder) -> int:
    return 1 if order.is_buy else -1
