"""The one place where an order becomes an approved one, and the rules of markets."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Protocol

from aitrader_core.domain.denials import Denial
from aitrader_core.domain.money import ZERO, money, plain, plain_quantity
from aitrader_core.domain.orders import Approved, Order, Quote, Refused, Side
from aitrader_core.domain.portfolio import Portfolio

LARGEST_QUANTITY = Decimal(10) ** 12
_SELL = Side.SELL


@dataclass(frozen=True, slots=True)
class TradingRules:
    """What a market asks of an order; a market that asks for more is a subclass.

    A position is a multiple of `quantity_step`, an order of `lot_size`, which is a step unless
    given. The odd part of a position, as a split may leave it, is sold in one order or not at all.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    quantity_step: Decimal = Decimal(1)
    lot_size: Decimal = ZERO

    def __post_init__(self) -> None:
        if not self.quantity_step > 0 or self.quantity_step != money(self.quantity_step):
            raise ValueError(
                f"quantity_step is {self.quantity_step}, must be above 0, of 8 decimals at most"
            )
        if self.lot_size < 0 or self.lot_size % self.quantity_step:
            raise ValueError(f"lot_size is {self.lot_size}, no multiple of {self.quantity_step}")

    @property
    def lot(self) -> Decimal:
        return self.lot_size or self.quantity_step

    def sellable(self, held: Decimal, bought: Decimal) -> Decimal:  # noqa: ARG002 - settled at once
        """How much of what is `held` may be sold now, when `bought` of it came this session."""
        return held

    def bad_quantity(self, order: Order, held: Decimal) -> str | None:
        """Why the quantity can't be ordered, as a sentence; None when it can."""
        quantity = order.quantity
        if not quantity.is_finite() or quantity <= ZERO:
            return f"quantity {quantity} is not a positive number"
        if quantity > LARGEST_QUANTITY:
            return f"quantity {quantity} is above {LARGEST_QUANTITY:,f}, the most of one order"
        if quantity % self.quantity_step or (
            self.lot_size and quantity % self.lot_size and not self._sells_odd_part(order, held)
        ):
            return f"quantity {plain_quantity(quantity)} is not a multiple of the lot, {self.lot}"
        return None

    def _sells_odd_part(self, order: Order, held: Decimal) -> bool:
        return order.side is _SELL and not (held - order.quantity) % self.lot


@dataclass(frozen=True, slots=True)
class NextSessionSettlement(TradingRules):
    """What is bought in a session can be sold from the next one on, as in Shanghai (T+1)."""

    def sellable(self, held: Decimal, bought: Decimal) -> Decimal:
        return max(held - bought, ZERO)


class Guard(Protocol):
    """Asks more of an order than its market does: the limits of a model, the kill switch."""

    def denial(self, order: Order, quote: Quote) -> Refused | None: ...


def approve(
    order: Order,
    portfolio: Portfolio,
    quote: Quote | None,
    rules: TradingRules,
    bought: Decimal = ZERO,
    guard: Guard | None = None,
) -> Approved | Refused:
    """Deny what the rules, the guard, the cash or the holdings do not allow; no quote means not on
    offer.

    `bought` is how much of the symbol came in this session.
    """
    if reason := rules.bad_quantity(order, portfolio.held(order.symbol)):
        return Refused(order, reason, Denial.QUANTITY)
    if quote is None:
        reason = f"{order.symbol} is not traded at this open"
        return Refused(order, reason, Denial.NOT_OFFERED)
    if guard is not None and (denied := guard.denial(order, quote)):
        return denied
    return _unaffordable(order, portfolio, quote, rules, bought) or Approved(order, quote)


def _unaffordable(
    order: Order, portfolio: Portfolio, quote: Quote, rules: TradingRules, bought: Decimal
) -> Refused | None:
    if order.side is _SELL:
        held = portfolio.held(order.symbol)
        if order.quantity > (sellable := rules.sellable(held, bought)):
            return Refused(order, _too_many(order, held, sellable), Denial.NOT_HELD)
        change = quote.notional - quote.commission
    else:
        change = -quote.notional - quote.commission
    if portfolio.cash + change < ZERO:
        reason = f"costs {plain(-change)}, cash is {plain(portfolio.cash)}"
        return Refused(order, reason, Denial.FREE_CASH)
    return None


def _too_many(order: Order, held: Decimal, sellable: Decimal) -> str:
    wish = f"sells {plain_quantity(order.quantity)} {order.symbol}, {plain_quantity(held)} are held"
    if order.quantity > held:
        return wish
    return (
        f"{wish}, {plain_quantity(sellable)} of them sellable: what is bought in a session can be "
        "sold from the next one on"
    )
