"""Kite's words, and ours: https://kite.trade/docs/connect/v3/."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from aitrader_core.broker.account import (
    BrokerOrder,
    BrokerQuote,
    BrokerTrade,
    Change,
    Holding,
    Instructions,
    Margins,
    NetPosition,
    OrderStep,
    Product,
    Profile,
    Validity,
    Variety,
)
from aitrader_core.broker.limits import KITE, Kind
from aitrader_core.domain.errors import OrderRejected
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO, plain_quantity
from aitrader_core.domain.orders import Order, Side
from aitrader_core.domain.trail import OrderStatus

Row = Mapping[str, Any]

IST = timezone(timedelta(hours=5, minutes=30), "IST")
TOKEN = "aitrader/access-token"  # in a call's _meta: Kite's own server keeps it by connection
TOKENS_END = time(6)  # of the next day: a rule of the regulator's

KINDS = {
    "get_quotes": Kind.QUOTE,
    "place_order": Kind.ORDER,
    "modify_order": Kind.ORDER,
    "cancel_order": Kind.ORDER,
}

# An order passes through interim words that Kite does not list in full: whatever is none of these
# is an order that still works.
_STATUSES = {
    "PUT ORDER REQ RECEIVED": OrderStatus.SUBMITTED,
    "PUT ORDER REQUEST RECEIVED": OrderStatus.SUBMITTED,
    "AMO REQ RECEIVED": OrderStatus.SUBMITTED,
    "VALIDATION PENDING": OrderStatus.SUBMITTED,
    "OPEN PENDING": OrderStatus.SUBMITTED,
    "CANCEL PENDING": OrderStatus.CANCEL_PENDING,
    "COMPLETE": OrderStatus.FILLED,
    "CANCELLED": OrderStatus.CANCELED,
    "CANCELLED AMO": OrderStatus.CANCELED,
    "REJECTED": OrderStatus.REJECTED,
    "LAPSED": OrderStatus.EXPIRED,
}


class KiteError(Exception):
    """What Kite answers instead; it is told in its words, and caught within this package."""

    def __init__(self, error_type: str, message: str, code: int = 400) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.code = code

    @property
    def envelope(self) -> Row:
        """The body of such an answer, and the HTTP code that it came with."""
        said = {"status": "error", "message": self.message, "error_type": self.error_type}
        return {**said, "code": self.code}


def status_of(said: str, filled: Decimal) -> OrderStatus:
    status = _STATUSES.get(said, OrderStatus.ACCEPTED)
    is_working = status in (OrderStatus.SUBMITTED, OrderStatus.ACCEPTED)
    return OrderStatus.PARTIALLY_FILLED if is_working and filled else status


def stamp(at: int) -> str:
    """As Kite writes the time: in India, to the second."""
    return f"{datetime.fromtimestamp(at // 1_000_000_000, IST):%Y-%m-%d %H:%M:%S}"


def moment(stamped: str) -> int:
    """ns since 1970 UTC."""
    return int(datetime.fromisoformat(stamped).replace(tzinfo=IST).timestamp()) * 1_000_000_000


def session_end(login: int) -> int:
    """When a session that began at `login` ends, both in ns since 1970 UTC."""
    at = datetime.fromtimestamp(login // 1_000_000_000, IST)
    end = datetime.combine(at.date(), TOKENS_END, IST)
    if end <= at:
        end += timedelta(days=1)
    return int(end.astimezone(UTC).timestamp()) * 1_000_000_000


def symbol_of(exchange: str, name: str, home: str) -> Symbol:
    """Those of the `home` exchange go by their bare name."""
    return Symbol(name if exchange == home else f"{exchange}:{name}")


def instrument(symbol: Symbol, home: str) -> str:
    return symbol if ":" in symbol else f"{home}:{symbol}"


def order_arguments(order: Order, instructions: Instructions, home: str) -> dict[str, Any]:
    """Of `place_order`. OrderRejected for what Kite has no words for."""
    if order.quantity != order.quantity.to_integral_value():
        quantity = plain_quantity(order.quantity)
        raise OrderRejected(f"{quantity} {order.symbol} can't be ordered: Kite takes whole shares")
    tag = order.id
    if tag and not (tag.isascii() and tag.isalnum() and len(tag) <= KITE.tag):
        raise OrderRejected(f"{tag!r} can't be a tag: Kite takes {KITE.tag} letters and digits")
    exchange, _, name = instrument(order.symbol, home).partition(":")
    arguments = {
        "variety": instructions.variety.value,
        "exchange": exchange,
        "tradingsymbol": name,
        "transaction_type": order.side.name,
        "quantity": int(order.quantity),
        "product": instructions.product.value,
        "order_type": order_type(order.limit, instructions.trigger),
        "price": order.limit,
        "trigger_price": instructions.trigger,
        "validity": instructions.validity.value,
        "tag": tag or None,
    }
    return {name: value for name, value in arguments.items() if value is not None}


def change_arguments(known: BrokerOrder, change: Change) -> dict[str, Any]:
    """Of `modify_order`: what is not to change is told as it is."""
    limit = known.order.limit if change.limit is None else change.limit
    trigger = known.instructions.trigger if change.trigger is None else change.trigger
    quantity = known.order.quantity if change.quantity is None else change.quantity
    arguments = {
        "variety": known.instructions.variety.value,
        "order_id": known.id,
        "quantity": int(quantity),
        "order_type": order_type(limit, trigger),
        "price": limit,
        "trigger_price": trigger,
        "validity": known.instructions.validity.value,
    }
    return {name: value for name, value in arguments.items() if value is not None}


def order_type(limit: Decimal | None, trigger: Decimal | None) -> str:
    if trigger is None:
        return "MARKET" if limit is None else "LIMIT"
    return "SL-M" if limit is None else "SL"


def session_from(row: Row) -> tuple[SecretStr, int]:
    """The token, and when it ends."""
    return SecretStr(row["access_token"]), session_end(moment(row["login_time"]))


def order_id_from(row: Row) -> str:
    return str(row["order_id"])


def profile_from(row: Row) -> Profile:
    exchanges, products = tuple(row["exchanges"]), tuple(row["products"])
    return Profile(row["user_id"], row["user_name"], row["broker"], exchanges, products)


def margins_from(row: Row) -> Margins:
    equity = row["equity"]
    available = equity["available"]
    return Margins(
        _amount(available["live_balance"]),
        _amount(available["opening_balance"]),
        _amount(equity["utilised"]["debits"]),
    )


def holding_from(row: Row, home: str) -> Holding:
    return Holding(
        symbol_of(row["exchange"], row["tradingsymbol"], home),
        _amount(row["opening_quantity"]),
        _amount(row["used_quantity"]),
        _amount(row["average_price"]),
        _amount(row["last_price"]),
        _amount(row["close_price"]),
    )


def position_from(row: Row, home: str) -> NetPosition:
    return NetPosition(
        symbol_of(row["exchange"], row["tradingsymbol"], home),
        Product(row["product"]),
        _amount(row["quantity"]),
        _amount(row["overnight_quantity"]),
        _amount(row["average_price"]),
        _amount(row["last_price"]),
        _amount(row["close_price"]),
    )


def quote_from(symbol: Symbol, row: Row) -> BrokerQuote:
    (bid, bid_size), (ask, ask_size) = (_best(row["depth"][side]) for side in ("buy", "sell"))
    last, at = _amount(row["last_price"]), moment(row["timestamp"])
    return BrokerQuote(symbol, last, at, bid, bid_size, ask, ask_size)


def order_from(row: Row, home: str) -> BrokerOrder:
    filled, placed = _amount(row["filled_quantity"]), row["order_timestamp"]
    return BrokerOrder(
        row["order_id"],
        Order(
            symbol_of(row["exchange"], row["tradingsymbol"], home),
            Side[row["transaction_type"]],
            _amount(row["quantity"]),
            _amount(row["price"]) if row["order_type"] in ("LIMIT", "SL") else None,
            row.get("tag") or "",
        ),
        Instructions(
            Product(row["product"]),
            Variety(row["variety"]),
            Validity(row["validity"]),
            _amount(row["trigger_price"]) or None,
        ),
        status_of(row["status"], filled),
        row["status"],
        filled,
        _amount(row["average_price"]),
        moment(placed),
        moment(row.get("exchange_update_timestamp") or placed),
        row.get("status_message") or "",
    )


def trade_from(row: Row, home: str) -> BrokerTrade:
    return BrokerTrade(
        row["trade_id"],
        row["order_id"],
        symbol_of(row["exchange"], row["tradingsymbol"], home),
        Side[row["transaction_type"]],
        _amount(row["quantity"]),
        _amount(row["average_price"]),
        moment(row["fill_timestamp"]),
    )


def step_from(row: Row) -> OrderStep:
    filled = _amount(row["filled_quantity"])
    at, message = moment(row["order_timestamp"]), row.get("status_message") or ""
    return OrderStep(status_of(row["status"], filled), row["status"], filled, at, message)


def _best(levels: list[Row]) -> tuple[Decimal | None, Decimal]:
    """Kite fills up what nobody offers with zeros."""
    if not levels or not (price := _amount(levels[0]["price"])):
        return None, ZERO
    return price, _amount(levels[0]["quantity"])


def _amount(value: Any) -> Decimal:
    """JSON has its numbers read as decimals or whole numbers; a float never gets here."""
    return Decimal(value)
