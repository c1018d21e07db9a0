"""What a venue knows of an order, and we have not heard."""

from collections.abc import Sequence
from decimal import Decimal

from aitrader_core.domain.money import ZERO
from aitrader_core.domain.order_venue import (
    Accepted,
    Canceled,
    Expired,
    OrderReport,
    Rejected,
    VenueEvent,
)
from aitrader_core.domain.trail import OrderStatus
from aitrader_core.execution.state import Ticket

OPEN_AT_VENUE = (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED)


def missed(ticket: Ticket, report: OrderReport | None, now: int) -> Sequence[VenueEvent]:
    """As events, in an order that an order can live through."""
    if report is None:
        return _never_got(ticket, now) if ticket.is_open else ()
    events: list[VenueEvent] = [
        e for e in report.executions if e.execution_id not in ticket.executions
    ]
    filled = sum((e.quantity for e in report.executions), ZERO)
    if report.status in OPEN_AT_VENUE and not ticket.is_accepted:
        events.insert(0, Accepted(ticket.id, report.at))
    elif ticket.is_open:
        events += _ending(ticket, report, filled)
    return events


def _ending(ticket: Ticket, report: OrderReport, filled: Decimal) -> Sequence[VenueEvent]:
    if report.status is OrderStatus.CANCELED:
        return (Canceled(ticket.id, report.at, filled, report.reason),)
    if report.status is OrderStatus.EXPIRED:
        return (Expired(ticket.id, report.at, filled),)
    if report.status is OrderStatus.REJECTED:
        return (Rejected(ticket.id, report.at, report.reason),)
    return ()


def _never_got(ticket: Ticket, now: int) -> Sequence[VenueEvent]:
    if ticket.is_accepted or ticket.filled:
        return (Canceled(ticket.id, now, ticket.filled, "the venue does not know it any more"),)
    return (Rejected(ticket.id, now, "the venue never got it"),)
