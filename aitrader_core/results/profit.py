"""Where a model-day's profit comes from: symbol by symbol, to the last digit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.orders import Fill, Side
from aitrader_core.domain.portfolio import Adjustment

Prices = Mapping[Symbol, Decimal]
_ROUNDING = Decimal("0.0000001")  # two values of eight decimals do not differ by more


@dataclass(frozen=True, slots=True)
class Marked:
    """What was held at the mark that a model-day's value was taken at.

    While a close is not known that is the last bar's open; then its fills come `after` the mark
    and count for the next day.
    """

    held: Mapping[Symbol, Decimal]
    after: tuple[Fill, ...] = ()


def marked(day: ModelDay) -> Marked:
    if day.value_close is not None:
        return Marked(day.closing.positions)
    last = day.blotter[len(day.blotter) - day.marks[-1].orders :]
    after = tuple(outcome for outcome in last if isinstance(outcome, Fill))
    held = dict(day.closing.positions)
    for fill in after:
        symbol = fill.order.symbol
        held[symbol] = held.get(symbol, ZERO) - fill.quantity_change
    return Marked({symbol: quantity for symbol, quantity in held.items() if quantity}, after)


@dataclass(frozen=True, slots=True)
class SymbolProfit:
    """One symbol between two marks. A price is None where nothing is held, or none is stored.

    `adjusted` are shares, `received` is cash that corporate actions and corrections brought.
    """

    symbol: Symbol
    held_before: Decimal
    price_before: Decimal | None
    bought: Decimal
    bought_quantity: Decimal
    sold: Decimal
    sold_quantity: Decimal
    commission: Decimal
    adjusted: Decimal
    received: Decimal
    held_now: Decimal
    price_now: Decimal | None

    @property
    def value_before(self) -> Decimal:
        return self.held_before * (self.price_before or ZERO)

    @property
    def value_now(self) -> Decimal:
        return self.held_now * (self.price_now or ZERO)

    @property
    def profit(self) -> Decimal:
        traded = self.sold - self.bought - self.commission
        return self.value_now - self.value_before + traded + self.received

    @property
    def is_priced(self) -> bool:
        """Whether every price that it takes is known."""
        return not (
            (self.held_before and self.price_before is None)
            or (self.held_now and self.price_now is None)
        )


@dataclass(frozen=True, slots=True)
class DayProfit:
    """Each symbol's part, corrections of cash alone, and what the ledger says it all comes to."""

    symbols: tuple[SymbolProfit, ...]
    cash: Decimal
    profit: Decimal

    @property
    def rest(self) -> Decimal:
        """What is left: less than a rounding, while the prices stored are those that it was
        marked at."""
        return self.profit - sum((s.profit for s in self.symbols), self.cash)

    @property
    def is_explained(self) -> bool:
        return abs(self.rest) < _ROUNDING and all(s.is_priced for s in self.symbols)


def day_profit(day: ModelDay, before: ModelDay | None, was: Prices, now: Prices) -> DayProfit:
    """`before` is the model-day that this one opens with; `was` and `now` are the prices that
    the two were marked at."""
    start, end = marked(before) if before else Marked({}), marked(day)
    left = len(day.fills) - len(end.after)
    fills = (*start.after, *day.fills[:left])
    names = {
        *start.held,
        *end.held,
        *(fill.order.symbol for fill in fills),
        *(a.symbol for a in day.adjustments if a.symbol is not None),
    }
    symbols = tuple(
        _symbol(symbol, start, end, fills, day.adjustments, was, now) for symbol in sorted(names)
    )
    cash = _sum(a.cash_change for a in day.adjustments if a.symbol is None)
    return DayProfit(symbols, cash, day.profit)


def _symbol(
    symbol: Symbol,
    start: Marked,
    end: Marked,
    fills: Iterable[Fill],
    adjustments: Iterable[Adjustment],
    was: Prices,
    now: Prices,
) -> SymbolProfit:
    traded = [fill for fill in fills if fill.order.symbol == symbol]
    bought = [fill for fill in traded if fill.order.side is Side.BUY]
    sold = [fill for fill in traded if fill.order.side is Side.SELL]
    changes = [a for a in adjustments if a.symbol == symbol]
    before, after = start.held.get(symbol, ZERO), end.held.get(symbol, ZERO)
    return SymbolProfit(
        symbol,
        before,
        was.get(symbol) if before else None,
        _sum(fill.notional for fill in bought),
        _sum(fill.order.quantity for fill in bought),
        _sum(fill.notional for fill in sold),
        _sum(fill.order.quantity for fill in sold),
        _sum(fill.commission for fill in traded),
        _sum(a.quantity_change for a in changes),
        _sum(a.cash_change for a in changes),
        after,
        now.get(symbol) if after else None,
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
