"""A broker's account as callers see it, whoever the broker is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from aitrader_core.domain.account import Account
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.orders import Order, Side
from aitrader_core.domain.trail import OrderStatus

OVER = frozenset(
    {OrderStatus.FILLED, OrderStatus.CANCELED, OrderStatus.REJECTED, OrderStatus.EXPIRED}
)


class Product(StrEnum):
    """What becomes of a position at the end of the day, in Kite's words."""

    CNC = "CNC"  # delivered
    MIS = "MIS"  # closed the same day
    NRML = "NRML"  # futures and options, kept overnight
    MTF = "MTF"  # delivered, paid in part with the broker's money


class Variety(StrEnum):
    REGULAR = "regular"
    AFTER_MARKET = "amo"
    COVER = "co"
    ICEBERG = "iceberg"
    AUCTION = "auction"


class Validity(StrEnum):
    DAY = "DAY"
    IMMEDIATE = "IOC"  # what is not executed at once is canceled
    MINUTES = "TTL"


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a broker asks of an order beside what an `Order` says.

    With a `trigger` the order sleeps until the last price has got there: below it for a sale,
    above it for a buy.
    """

    product: Product = Product.CNC
    variety: Variety = Variety.REGULAR
    validity: Validity = Validity.DAY
    trigger: Decimal | None = None


DELIVERY = Instructions()


@dataclass(frozen=True, slots=True)
class Profile:
    user_id: str
    user_name: str
    broker: str
    exchanges: tuple[str, ...]  # that orders may go to
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Margins:
    """`available` is what new orders may use: cash less what working orders have reserved."""

    available: Decimal
    opening: Decimal  # cash when the day began
    used: Decimal


@dataclass(frozen=True, slots=True)
class Holding:
    """Shares that were there when the day began; `sold` of them were sold since."""

    symbol: Symbol
    opening: Decimal
    sold: Decimal
    average_price: Decimal
    last_price: Decimal
    close_price: Decimal  # of the session before


@dataclass(frozen=True, slots=True)
class NetPosition:
    """What today's trades have added, or taken away: below zero where holdings were sold."""

    symbol: Symbol
    product: Product
    quantity: Decimal
    overnight: Decimal  # the part of it that was there when the day began
    average_price: Decimal
    last_price: Decimal
    close_price: Decimal


@dataclass(frozen=True, slots=True)
class BrokerQuote:
    """`at` is in ns since 1970 UTC. No bid or no ask: nobody offers."""

    symbol: Symbol
    last: Decimal
    at: int
    bid: Decimal | None = None
    bid_size: Decimal = ZERO
    ask: Decimal | None = None
    ask_size: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """`order.id` is the tag that it was sent with, `said` the broker's own word for its status."""

    id: str
    order: Order
    instructions: Instructions
    status: OrderStatus
    said: str
    filled: Decimal
    average_price: Decimal
    at: int  # when it was placed, ns since 1970 UTC
    changed_at: int  # when its status last changed
    message: str = ""  # why it was rejected

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    @property
    def working(self) -> Decimal:
        """The quantity that may still be executed."""
        return ZERO if self.is_over else self.order.quantity - self.filled


@dataclass(frozen=True, slots=True)
class BrokerTrade:
    """One execution."""

    id: str
    order_id: str
    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    at: int  # ns since 1970 UTC


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One step of an order's history, the first one first."""

    status: OrderStatus
    said: str
    filled: Decimal
    at: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What of a working order is to be other than it is; a `limit` makes a limit order of it."""

    quantity: Decimal | None = None
    limit: Decimal | None = None
    trigger: Decimal | None = None


class BrokerAccount(Protocol):
    """All of it may raise BrokerError: SessionExpired where nobody is logged in, RateLimited, and
    NoAnswer when what became of a request is not known."""

    def login_url(self) -> str:
        """Where the user logs in, and comes back from with a request token."""

    def login(self, request_token: str) -> int:
        """Begin a session; gives when it ends, in ns since 1970 UTC."""

    def logout(self) -> None:
        """Forget the session; the broker ends it in its own time."""

    def is_logged_in(self) -> bool: ...

    def profile(self) -> Profile: ...

    def margins(self) -> Margins: ...

    def holdings(self) -> Sequence[Holding]: ...

    def positions(self) -> Sequence[NetPosition]: ...

    def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, BrokerQuote]:
        """Those that the broker knows."""

    def place(self, order: Order, instructions: Instructions = DELIVERY) -> str:
        """The broker's id of the order: taken, but maybe rejected in a moment (see `orders`).

        An order with an id (20 letters and digits at most) is at the broker once, however often
        it had to be sent; one without is sent once. OrderRejected when it is not taken.
        """

    def modify(self, order_id: str, change: Change) -> None:
        """OrderRejected when it can't be changed (any more)."""

    def cancel(self, order_id: str) -> None:
        """OrderRejected when it is over already."""

    def orders(self) -> Sequence[BrokerOrder]:
        """Of today, the oldest first."""

    def trades(self) -> Sequence[BrokerTrade]: ...

    def order_history(self, order_id: str) -> Sequence[OrderStep]: ...

    def snapshot(self, now: int, symbols: Sequence[Symbol] = ()) -> Account:
        """The account as pre-trade risk looks at any other; with the prices of what is held, of
        what is ordered, and of `symbols`."""
