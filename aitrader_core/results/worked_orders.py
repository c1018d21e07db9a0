"""The orders of a session as a venue worked them: one for each that was sent, not for each part."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aitrader_core.domain.denials import Denial
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.money import money
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import TrailEntry, first_broken
from aitrader_core.execution.facts import Event
from aitrader_core.execution.state import Ticket
from aitrader_core.execution.trail import replay

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXECUTED = (Event.EXECUTED, Event.EXECUTED_LATE)


@dataclass(frozen=True, slots=True)
class WorkedOrder:
    """What became of an order, and every entry of the trail that is about it, oldest first."""

    ticket: Ticket
    entries: tuple[TrailEntry, ...]

    @property
    def at(self) -> int:
        """When it was given, in ns since 1970 UTC."""
        return self.entries[0].at

    @property
    def lasted(self) -> int:
        """Until the last that was heard of it, in ns."""
        return self.entries[-1].at - self.at

    @property
    def code(self) -> Denial | None:
        return self.ticket.refused.code if self.ticket.refused else None

    @property
    def parts(self) -> int:
        return len(self.ticket.executions)

    @property
    def average_price(self) -> Decimal | None:
        """Of what is filled, to eight decimals; None of nothing."""
        average = self.ticket.average_price
        return None if average is None else money(average)

    @property
    def filled_at(self) -> int | None:
        """When we heard of the last of its parts, in ns since 1970 UTC."""
        heard = (entry.at for entry in reversed(self.entries) if entry.event in _EXECUTED)
        return next(heard, None)


@dataclass(frozen=True, slots=True)
class WorkedDay:
    """`others` are the entries to no order of ours. Of a trail that was changed, `broken` is the
    first entry that is not what was written, and nothing is told by it."""

    orders: tuple[WorkedOrder, ...]
    others: tuple[TrailEntry, ...]
    trading: TradingState  # when the session began
    entries: int
    last_hash: str
    broken: int | None = None

    @property
    def filled(self) -> int:
        return sum(1 for order in self.orders if order.ticket.filled)

    @property
    def denied(self) -> int:
        return sum(1 for order in self.orders if order.ticket.refused)

    @property
    def parts(self) -> int:
        return sum(order.parts for order in self.orders)


def worked(day: ModelDay) -> WorkedDay | None:
    """None of a day whose orders were each filled or refused at once."""
    trail = day.trail
    if not trail:
        return None
    end = (switch_of(day), len(trail), trail[-1].hash)
    if (broken := first_broken(trail)) is not None:
        return WorkedDay((), (), *end, broken=broken)
    tickets = replay(trail, day.opening.portfolio, switch_of(day)).tickets
    about: dict[str, list[TrailEntry]] = {order_id: [] for order_id in tickets}
    others: list[TrailEntry] = []
    for entry in trail:
        about.get(entry.order_id, others).append(entry)
    orders = (WorkedOrder(tickets[order_id], tuple(found)) for order_id, found in about.items())
    return WorkedDay(tuple(orders), tuple(others), *end)


def figures(order: WorkedOrder) -> dict[str, Any]:
    """What programs are told of it, by name; `quantity` and `limit_price` may be anything."""
    ticket, wish = order.ticket, order.ticket.order
    return {
        "client_id": ticket.id,
        "at": moment(order.at),
        "last_at": moment(order.entries[-1].at),
        "symbol": wish.symbol,
        "side": wish.side.value,
        "quantity": wish.quantity,
        "limit_price": wish.limit,
        "status": ticket.status.value,
        "code": order.code,
        "reason": ticket.reason or None,
        "filled": ticket.filled,
        "average_price": order.average_price,
        "notional": ticket.notional,
        "fees": ticket.fees,
        "parts": order.parts,
        "entries": len(order.entries),
    }


def switch_of(day: ModelDay) -> TradingState:
    """How the kill switch stood when its session began."""
    return TradingState(day.manifest.agent.get("trading", TradingState.ACTIVE))


def moment(at: int) -> datetime:
    """Of ns since 1970, to the microsecond, in UTC."""
    return _EPOCH + timedelta(microseconds=at // 1000)
