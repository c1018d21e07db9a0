"""From target weights to orders: sales first, so that they fund the buys of the same session."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_UP, Decimal

from aitrader_core.domain.market import MarketView, Symbol
from aitrader_core.domain.money import ZERO, times, whole_steps
from aitrader_core.domain.orders import Order, Side
from aitrader_core.simulation.desk import Desk


def equal_weights(symbols: Iterable[Symbol]) -> dict[Symbol, Decimal]:
    chosen = list(symbols)
    return {symbol: Decimal(1) / len(chosen) for symbol in chosen}


def begins(period: str, view: MarketView) -> bool:
    """Whether the view's bar is the first one of its session, week or month, or of all."""
    return starts(period, view.previous_session, view.session)


def starts(period: str, before: date | None, today: date) -> bool:
    """Whether a bar of `today` that follows one of `before` is the first of its period."""
    if before is None or period == "session":
        return before != today
    if period == "week":
        return before.isocalendar()[:2] != today.isocalendar()[:2]
    return (before.year, before.month) != (today.year, today.month)


def rebalance(desk: Desk, weights: Mapping[Symbol, Decimal]) -> None:
    """Bring the portfolio to `weights` of its value at the opens; the rest stays cash."""
    opens, lot = desk.view.opens, desk.rules.lot
    value = desk.portfolio.value(opens)
    targets = {s: whole_steps(times(value, w) / opens[s], lot) for s, w in weights.items()}
    for symbol, held in sorted(desk.portfolio.positions.items()):
        surplus = min(held - targets.get(symbol, ZERO), desk.sellable(symbol))
        if surplus > 0:
            desk.sell(symbol, surplus)
    for symbol, target in sorted(targets.items()):
        wanted = target - desk.portfolio.held(symbol)
        if wanted > 0 and (quantity := affordable(desk, symbol, wanted)):
            desk.buy(symbol, quantity)


def affordable(desk: Desk, symbol: Symbol, wanted: Decimal) -> Decimal:
    """The most of `wanted` that the cash pays for, commission and slippage included."""
    cash, step, quantity = desk.portfolio.cash, desk.rules.lot, wanted
    while quantity > 0:
        cost = desk.cost_of(Order(symbol, Side.BUY, quantity))
        if cost is None or cost <= cash:
            return quantity if cost is not None else ZERO
        excess = quantity * (cost - cash) / cost / 2
        quantity -= max(step, (excess / step).to_integral_value(ROUND_UP) * step)
    return ZERO
