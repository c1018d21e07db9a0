"""The one place where an order becomes an approved one."""

from dataclasses import dataclass
from decimal import Decimal

from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.domain.orders import Approved, Order, Quote, Refused, Side
from aitrader_core.domain.portfolio import Portfolio

LARGEST_QUANTITY = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class TradingRules:
    """What a market asks of an order: quantities are multiples of `quantity_step`."""

    quantity_step: Decimal = Decimal(1)


def bad_quantity(quantity: Decimal, step: Decimal) -> str | None:
    """Why `quantity` can't be ordered, as a sentence; None when it can."""
    if not quantity.is_finite() or quantity <= 0:
        return f"quantity {quantity} is not a positive number"
    if quantity > LARGEST_QUANTITY:
        return f"quantity {quantity} is above {LARGEST_QUANTITY:,f}, the most of one order"
    if quantity % step:
        return f"quantity {plain_quantity(quantity)} is not a multiple of the lot, {step}"
    return None


def approve(
    order: Order, portfolio: Portfolio, quote: Quote | None, rules: TradingRules
) -> Approved | Refused:
    """Deny what the rules, the cash or the holdings do not allow; no quote means not on offer."""
    reason = bad_quantity(order.quantity, rules.quantity_step)
    if reason is None and quote is None:
        reason = f"{order.symbol} is not traded at this open"
    if reason is None and quote is not None:
        reason = _unaffordable(order, portfolio, quote)
    return Approved(order) if reason is None else Refused(order, reason)


def _unaffordable(order: Order, portfolio: Portfolio, quote: Quote) -> str | None:
    if order.side is Side.SELL:
        held = portfolio.held(order.symbol)
        if order.quantity > held:
            return (
                f"sells {plain_quantity(order.quantity)} {order.symbol}, "
                f"{plain_quantity(held)} are held"
            )
        change = quote.notional - quote.commission
    else:
        change = -quote.notional - quote.commission
    if portfolio.cash + change < 0:
        return f"costs {plain(-change)}, cash is {plain(portfolio.cash)}"
    return None
