"""An order, what risk made of it, and what the venue made of it."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from aitrader_core.domain.denials import Denial
from aitrader_core.domain.frozen import quick
from aitrader_core.domain.market import Symbol


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


_BUY = Side.BUY  # named here and elsewhere: each look-up takes 0.07 us, more than an addition


@quick
@dataclass(frozen=True, slots=True)
class Order:
    """A wish to trade `quantity`: of bars at the open, of ticks as the venue gets it. Anything can
    be wished for.

    `limit` is the worst price that is taken, none is a market order. `id` is the client's own, 20
    characters where a venue works the order over time.
    """

    symbol: Symbol
    side: Side
    quantity: Decimal
    limit: Decimal | None = None
    id: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Quote:
    """What an order would cost at the venue: price a share, quantity x price, commission."""

    price: Decimal
    notional: Decimal
    commission: Decimal


@quick
@dataclass(frozen=True, slots=True)
class Approved:
    """An order that passed risk at a quote. Made by `risk.approve` alone; a venue takes nothing
    else."""

    order: Order
    quote: Quote


@quick
@dataclass(frozen=True, slots=True)
class Refused:
    """An order that we denied: the sentence that the model reads, and a code for programs.

    Days that were stored before there were codes have none, and are the same for all that.
    """

    order: Order
    reason: str
    code: Denial | None = field(default=None, compare=False)


@quick
@dataclass(frozen=True, slots=True)
class Fill:
    """An order that was executed, whole. `notional` is quantity x price to eight decimals.

    Of one that a venue executes in parts, each part is a fill of an order of that quantity, under
    the one id.
    """

    order: Order
    price: Decimal
    notional: Decimal
    commission: Decimal

    @property
    def quantity_change(self) -> Decimal:
        order = self.order
        return order.quantity if order.side is _BUY else -order.quantity

    @property
    def cash_change(self) -> Decimal:
        gross = -self.notional if self.order.side is _BUY else self.notional
        return gross - self.commission


Outcome = Fill | Refused
Blotter = tuple[Outcome, ...]
