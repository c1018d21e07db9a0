"""What sizing and pre-trade risk know of an account at a moment."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from aitrader_core.domain.frozen import quick
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO, money
from aitrader_core.domain.trading_state import TradingState


@quick
@dataclass(frozen=True, slots=True)
class Account:
    """Cash, positions and what working orders have promised of them.

    `now` is the clock and `as_of` when the rest was true, both in ns since 1970 UTC. `reserved`
    is the cash of working buys, `incoming` and `outgoing` the quantities of working buys and
    sells. `prices` are the last ones known. `recent` is how many orders were submitted within the
    rate limit's window, `known` the client ids that were used.
    """

    now: int
    as_of: int
    cash: Decimal
    value_at_start: Decimal  # of the session
    positions: Mapping[Symbol, Decimal] = field(default_factory=dict)
    prices: Mapping[Symbol, Decimal] = field(default_factory=dict)
    reserved: Decimal = ZERO
    incoming: Mapping[Symbol, Decimal] = field(default_factory=dict)
    outgoing: Mapping[Symbol, Decimal] = field(default_factory=dict)
    trading: TradingState = TradingState.ACTIVE
    recent: int = 0
    known: Container[str] = ()
    _value: Decimal | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def free_cash(self) -> Decimal:
        return self.cash - self.reserved

    def held(self, symbol: Symbol) -> Decimal:
        return self.positions.get(symbol, ZERO)

    def sellable(self, symbol: Symbol) -> Decimal:
        """What is held and not promised to a working sell."""
        return self.held(symbol) - self.outgoing.get(symbol, ZERO)

    @property
    def value(self) -> Decimal:
        """Cash plus positions at the last prices; a position without one counts nothing."""
        value = self._value
        if value is None:  # worked out once: several limits ask, and an order has microseconds
            value = self._worked_out()
            object.__setattr__(self, "_value", value)
        return value

    def _worked_out(self) -> Decimal:
        value, prices = self.cash, self.prices
        for symbol, quantity in self.positions.items():
            value += quantity * prices.get(symbol, ZERO)
        return money(value)
