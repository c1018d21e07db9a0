"""An order, what risk made of it, and what the venue made of it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from aitrader_core.domain.market import Symbol


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class Order:
    """A wish to trade `quantity` at the bar's open. Anything can be wished for."""

    symbol: Symbol
    side: Side
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order would cost at the venue: price a share, quantity x price, commission."""

    price: Decimal
    notional: Decimal
    commission: Decimal


@dataclass(frozen=True, slots=True)
class Approved:
    """An order that passed risk at a quote. Made by `risk.approve` alone; a venue takes nothing
    else."""

    order: Order
    quote: Quote


@dataclass(frozen=True, slots=True)
class Refused:
    """An order that we denied, and the sentence that the model reads."""

    order: Order
    reason: str


@dataclass(frozen=True, slots=True)
class Fill:
    """An order that was executed, whole. `notional` is quantity x price to eight decimals."""

    order: Order
    price: Decimal
    notional: Decimal
    commission: Decimal

    @property
    def quantity_change(self) -> Decimal:
        return self.order.quantity if self.order.side is Side.BUY else -self.order.quantity

    @property
    def cash_change(self) -> Decimal:
        gross = -self.notional if self.order.side is Side.BUY else self.notional
        return gross - self.commission


Outcome = Fill | Refused
Blotter = tuple[Outcome, ...]
