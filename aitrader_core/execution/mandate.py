"""What orders are placed under, and the most that each may cost."""

from dataclasses import dataclass, field
from decimal import Decimal

from aitrader_core.domain.limits import Limits
from aitrader_core.domain.money import STEP, ZERO, money, times
from aitrader_core.domain.orders import Order, Quote, Side
from aitrader_core.domain.risk import LARGEST_QUANTITY

_BUY = Side.BUY
ROUNDING = 100 * STEP  # parts of an order, each rounded, may cost more than the whole of it


@dataclass(frozen=True, slots=True)
class Mandate:
    """What the orders of one model's session are placed under.

    `name` is market|model|session: client ids are made of it. `fee_rate` is the most that the
    venue takes of a notional. A market buy may cost up to `margin` more than the last price says:
    so much is reserved for it, and the venue may not go beyond. `timeout` is how long, in ns, an
    order may be without news before the venue is asked.
    """

    name: str
    value_at_start: Decimal
    limits: Limits = field(default_factory=Limits)
    fee_rate: Decimal = ZERO
    margin: Decimal = Decimal("0.01")
    timeout: int = 5_000_000_000

    def quote(
        self, order: Order, last: Decimal | None, free: Decimal, rounding: Decimal
    ) -> Quote | None:
        """The most that `order` may cost; `last` is the last price known. None: risk says why.

        A buy may cost `rounding` more where the `free` cash pays for that, too.
        """
        quantity = order.quantity
        if not quantity.is_finite() or not ZERO < quantity <= LARGEST_QUANTITY:
            return None
        price = self._worst_price(order, last)
        if price is None:
            return None
        notional = times(quantity, price)
        fee = times(notional, self.fee_rate)
        if rounding and order.side is _BUY:
            roomy = notional + rounding
            dearer = times(roomy, self.fee_rate)
            if roomy + dearer <= free:
                notional, fee = roomy, dearer
        return Quote(price, notional, fee)

    def _worst_price(self, order: Order, last: Decimal | None) -> Decimal | None:
        limit = order.limit
        if limit is not None and limit.is_finite() and limit > ZERO:
            return money(limit) if limit <= LARGEST_QUANTITY else None
        if last is None or order.side is not _BUY:
            return last
        return money(last + last * self.margin)
