"""An order as the venue works it: what is left of it, its place in the queue, what it has cost."""

from dataclasses import dataclass, field
from decimal import Decimal

from aitrader_core.domain.money import ZERO, money, times, whole_steps
from aitrader_core.domain.order_venue import Executed, OrderReport
from aitrader_core.domain.orders import Approved, Order, Side
from aitrader_core.domain.trail import OrderStatus
from aitrader_core.simulation.feed import VenueTerms

OPEN = (OrderStatus.ACCEPTED, OrderStatus.PARTIALLY_FILLED)
_BUY = Side.BUY
_PARTIALLY_FILLED, _FILLED = OrderStatus.PARTIALLY_FILLED, OrderStatus.FILLED


@dataclass(slots=True, eq=False)
class Worked:
    """`sign` is 1 for a buy, -1 for a sell: of two prices, the better one for us is the one with
    the smaller `sign * price`.

    `limit` is NaN for a market order. `ahead` is how much stands before it in the queue at its
    price; None while that is not known.
    """

    order: Order
    cap: Decimal | None  # what it may cost, fees included; of a buy
    symbol: int
    sign: int = field(init=False)
    limit: float = field(init=False)
    left: Decimal = field(init=False)
    status: OrderStatus = OrderStatus.SUBMITTED
    cancels: int = 0  # on their way
    is_resting: bool = False
    ahead: Decimal | None = None
    paid: Decimal = ZERO  # notional and fees
    fees: Decimal = ZERO
    dues: Decimal = ZERO  # fees before they are rounded
    executions: list[Executed] = field(default_factory=list)
    reason: str = ""

    def __post_init__(self) -> None:
        self.sign = 1 if self.order.side is _BUY else -1
        self.limit = float("nan") if self.order.limit is None else float(self.order.limit)
        self.left = self.order.quantity

    @classmethod
    def of(cls, approved: Approved, symbol: int) -> "Worked":
        quote, is_buy = approved.quote, approved.order.side is _BUY
        return cls(approved.order, quote.notional + quote.commission if is_buy else None, symbol)

    @property
    def is_market(self) -> bool:
        return self.order.limit is None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def filled(self) -> Decimal:
        return self.order.quantity - self.left

    def takes(self, price: float) -> bool:
        """Whether `price` is no worse than its limit. Of NaN: no."""
        if self.is_market:
            return price == price  # noqa: PLR0124 - not NaN
        return self.sign * price <= self.sign * self.limit

    def affordable(
        self, quantity: Decimal, price: Decimal, rate: Decimal, step: Decimal
    ) -> Decimal:
        """As much of `quantity` as its cap pays for, in whole steps."""
        if self.cap is None or self._cost(quantity, price, rate) <= self.cap:
            return quantity
        most = whole_steps(max(self.cap - self.paid, ZERO) / (price * (1 + rate)), step)
        while most > 0 and self._cost(most, price, rate) > self.cap:
            most -= step  # rounding
        return max(most, ZERO)

    def _cost(self, quantity: Decimal, price: Decimal, rate: Decimal) -> Decimal:
        notional = times(quantity, price)
        return self.paid + notional + money(self.dues + notional * rate) - self.fees

    def execute(
        self, quantity: Decimal, price: Decimal, at: int, terms: VenueTerms, *, is_maker: bool
    ) -> Executed:
        notional = times(quantity, price)
        self.dues += notional * (terms.maker_fee if is_maker else terms.taker_fee)
        fee = money(self.dues) - self.fees  # the sum is right, however many parts
        self.fees += fee
        self.paid += notional + fee
        self.left -= quantity
        self.status = _PARTIALLY_FILLED if self.left else _FILLED
        number = len(self.executions) + 1
        executed = Executed(
            self.order.id, at, f"{self.order.id}-{number}", quantity, price, fee, is_maker
        )
        self.executions.append(executed)
        return executed

    def report(self, at: int) -> OrderReport:
        status = OrderStatus.CANCEL_PENDING if self.cancels and self.is_open else self.status
        return OrderReport(self.order.id, at, status, tuple(self.executions), self.reason)
