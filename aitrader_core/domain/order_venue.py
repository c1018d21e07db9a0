"""A venue that works orders over time: what it is sent, and what it reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from aitrader_core.domain.frozen import quick
from aitrader_core.domain.orders import Approved
from aitrader_core.domain.trail import OrderStatus


@quick
@dataclass(frozen=True, slots=True)
class Accepted:
    """`order_id` is the client's own; `at` is the venue's clock, in ns since 1970 UTC."""

    order_id: str
    at: int


@quick
@dataclass(frozen=True, slots=True)
class Executed:
    """A part of an order, or all of it. `execution_id` is the venue's, one for each part."""

    order_id: str
    at: int
    execution_id: str
    quantity: Decimal
    price: Decimal
    fee: Decimal
    is_maker: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Canceled:
    """On our demand, or by the venue itself, which says why.

    `filled` is all that the venue has executed of the order: reports of some of it may still be on
    their way. None where it does not tell.
    """

    order_id: str
    at: int
    filled: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CancelRejected:
    order_id: str
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    order_id: str
    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Expired:
    """With the session; `filled` as of `Canceled`."""

    order_id: str
    at: int
    filled: Decimal | None = None


VenueEvent = Accepted | Executed | Canceled | CancelRejected | Rejected | Expired


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What a venue knows of one order when it is asked.

    `status` is SUBMITTED while the order is on its way, CANCEL_PENDING while a cancel of it is.
    """

    order_id: str
    at: int
    status: OrderStatus
    executions: tuple[Executed, ...] = ()
    reason: str = ""


class OrderVenue(Protocol):
    """Takes approved orders and nothing else. Times are our clock, in ns since 1970 UTC."""

    def send(self, approved: Approved, now: int) -> None:
        """Once for each client id; the same id again is ignored.

        A buy must not cost more than `approved.quote` says, fees apart: what the rest would cost
        beyond that is canceled by the venue, and it says so.
        """

    def cancel(self, order_id: str, now: int) -> None:
        """Of whatever is left of the order; asking again does no harm."""

    def deliver(self, now: int) -> Sequence[VenueEvent]:
        """What has reached us until `now` and was not delivered yet, in the order of arrival."""

    def status(self, order_id: str) -> OrderReport | None:
        """None when the venue never got the order, and never will."""
