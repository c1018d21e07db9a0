"""The orders of a model-day on ticks, a row each, however many parts they were executed in."""

from typing import Any

from aitrader_core.cli.printing import counted, money, print_table, say
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.results.worked_orders import WorkedOrder, figures, moment, worked


def print_orders(day: ModelDay) -> bool:
    """Whether there was a trail to tell them by."""
    found = worked(day)
    if found is None:
        return False
    entries = f"{found.entries:,} entries"
    if found.broken is not None:
        say(f"the trail of {entries} is not what was written, from entry {found.broken} on")
        return False
    say("")
    columns = ("UTC", "order", "outcome", "parts", "average", "fees")
    print_table(columns, map(_row, found.orders), right=("parts", "average", "fees"))
    say("")
    denied = f", {found.denied} denied" if found.denied else ""
    say(
        f"{counted(len(found.orders), 'order')}: {found.filled} filled in "
        f"{counted(found.parts, 'part')}{denied}; "
        f"a trail of {entries}, unbroken, ends in {found.last_hash}"
    )
    return True


def trail_json(day: ModelDay) -> dict[str, Any]:
    """The trail, and its orders as a whole: none of one that was changed."""
    found = worked(day)
    return {
        "trail": [entry._asdict() for entry in day.trail],
        "trail_changed_from": found.broken if found else None,
        "worked_orders": [_whole(order) for order in found.orders] if found else [],
    }


def _whole(order: WorkedOrder) -> dict[str, Any]:
    return {**figures(order), "entries": [entry.number for entry in order.entries]}


def _row(order: WorkedOrder) -> tuple[str, ...]:
    ticket, wish = order.ticket, order.ticket.order
    limit = "" if wish.limit is None else f" to {plain(wish.limit)}"
    return (
        f"{moment(order.at):%H:%M:%S.%f}"[:-3],
        f"{wish.side.value} {plain_quantity(wish.quantity)} {wish.symbol}{limit}",
        _outcome(order),
        str(order.parts) if order.parts else "",
        "" if order.average_price is None else money(order.average_price),
        money(ticket.fees) if ticket.filled else "",
    )


def _outcome(order: WorkedOrder) -> str:
    ticket = order.ticket
    status = ticket.status.value.replace("_", " ")
    if ticket.filled and ticket.filled != ticket.order.quantity:
        status = f"{status}, {plain_quantity(ticket.filled)} filled"
    return f"{status}: {ticket.reason}" if ticket.reason else status
