"""What a trail says of each thing that happens: canonical JSON, keys sorted, without spaces.

Those of each order are put together by hand, which takes a tenth of what `json.dumps` does.
"""

import json
from dataclasses import asdict
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import plain_quantity
from aitrader_core.domain.order_venue import Executed, VenueEvent
from aitrader_core.domain.orders import Order, Quote, Refused, Side

_BUY = Side.BUY


def exact(amount: Decimal) -> str:
    """One way to write each amount, whoever reckoned it: 0.13319000 is written as 0.13319."""
    text = str(amount)
    if "E" in text:
        return plain_quantity(amount)
    return text.rstrip("0").rstrip(".") if "." in text else text


class Event:
    """What an entry of the trail is about; in brackets, what its facts are."""

    SUBMITTED = "submitted"  # the order and what it may cost
    DENIED = "denied"  # the order, code and reason
    REPEATED = "repeated"  # submitted again under its id: nothing is sent
    DUPLICATE_ID = "duplicate_id"  # another order under an id that was used: denied
    ACCEPTED = "accepted"
    EXECUTED = "executed"  # execution, quantity, price, fee
    EXECUTED_LATE = "executed_late"  # told after it was canceled or had expired
    CANCEL_PENDING = "cancel_pending"  # asked of the venue, again when it gave no answer
    CANCEL_REJECTED = "cancel_rejected"
    CANCELED = "canceled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    IGNORED = "ignored"  # told twice, or news of old
    UNKNOWN = "unknown"  # of an order that is not ours
    RECONCILED = "reconciled"  # what the venue says where we had heard nothing
    TRADING = "trading"  # the kill switch
    CORRECTED = "corrected"  # the ledger, towards another one


def submitted(order: Order, quote: Quote) -> str:
    limit = "null" if order.limit is None else f'"{exact(order.limit)}"'
    side = "buy" if order.side is _BUY else "sell"
    return (
        f'{{"commission":"{exact(quote.commission)}","limit":{limit},'
        f'"notional":"{exact(quote.notional)}",'
        f'"price":"{exact(quote.price)}","quantity":"{exact(order.quantity)}","side":"{side}",'
        f'"symbol":{quoted(order.symbol)}}}'
    )


def executed(event: Executed) -> str:
    maker = "true" if event.is_maker else "false"
    return (
        f'{{"execution":{quoted(event.execution_id)},"fee":"{exact(event.fee)}","maker":{maker},'
        f'"price":"{exact(event.price)}","quantity":"{exact(event.quantity)}",'
        f'"venue_at":{event.at}}}'
    )


def venue_time(at: int) -> str:
    return f'{{"venue_at":{at}}}'


def denied(refused: Refused) -> str:
    order, code = refused.order, refused.code
    return canonical(
        {
            "code": None if code is None else code.value,
            "limit": None if order.limit is None else exact(order.limit),
            "quantity": exact(order.quantity),
            "reason": refused.reason,
            "side": order.side.value,
            "symbol": order.symbol,
        }
    )


def told(event: VenueEvent) -> str:
    """Any event, with its kind: for those that change nothing."""
    return canonical({"told": type(event).__name__, **asdict(event)})


def closed(at: int, filled: Decimal | None = None, reason: str = "") -> str:
    """`filled` is what the venue says that it has executed."""
    return canonical(
        {"filled": None if filled is None else exact(filled), "reason": reason, "venue_at": at}
    )


def canonical(facts: dict[str, Any]) -> str:
    return json.dumps(facts, sort_keys=True, separators=(",", ":"), default=_amount)


def _amount(value: object) -> str:
    return exact(value) if isinstance(value, Decimal) else str(value)


def order_of(order_id: str, facts: dict[str, Any]) -> Order:
    limit = None if facts["limit"] is None else Decimal(facts["limit"])
    side, quantity = Side(facts["side"]), Decimal(facts["quantity"])
    return Order(Symbol(facts["symbol"]), side, quantity, limit, order_id)


def quote_of(facts: dict[str, Any]) -> Quote:
    return Quote(*(Decimal(facts[name]) for name in ("price", "notional", "commission")))


def wish(order: Order) -> str:
    """An order but for its id, to tell two apart: quantities that are no numbers, too."""
    side = "buy" if order.side is _BUY else "sell"
    limit = None if order.limit is None else exact(order.limit)
    return f"{side} {exact(order.quantity)} {limit} {order.symbol}"
