"""What trading costs, as a named profile."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from aitrader_core.domain.money import STEP, ZERO, money, times
from aitrader_core.domain.orders import Order, Quote, Side


@dataclass(frozen=True, slots=True)
class CostProfile:
    """Commission and slippage of one broker.

    Rates are fractions (0.0005 is 5 basis points). A buy pays the open plus slippage, a sale gets
    the open less slippage. Commission is the larger of `commission_minimum` and rate x notional
    plus `commission_per_share` x quantity.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    commission_rate: Decimal = ZERO
    commission_per_share: Decimal = ZERO
    commission_minimum: Decimal = ZERO
    slippage: Decimal = ZERO

    def __post_init__(self) -> None:
        for name in ("commission_rate", "commission_per_share", "commission_minimum", "slippage"):
            value = getattr(self, name)
            if not value.is_finite() or value < 0:
                raise ValueError(f"{name} is {value}, must be 0 or more")
        if self.slippage >= 1:
            raise ValueError(f"slippage is {self.slippage}, must be below 1")

    def quote(self, order: Order, open_price: Decimal) -> Quote:
        """What `order` costs at an open of `open_price`. Needs a finite quantity."""
        price = self._slipped(order.side, open_price) if self.slippage else open_price
        notional = times(order.quantity, price)
        return Quote(price, notional, self.commission(order.quantity, notional))

    def commission(self, quantity: Decimal, notional: Decimal) -> Decimal:
        """What the broker takes for an execution."""
        taken = notional * self.commission_rate + quantity * self.commission_per_share
        return money(max(taken, self.commission_minimum))

    def _slipped(self, side: Side, price: Decimal) -> Decimal:
        sign = 1 if side is Side.BUY else -1
        return max(money(price * (1 + sign * self.slippage)), STEP)
