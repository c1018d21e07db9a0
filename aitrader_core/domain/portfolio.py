"""Cash and positions, folded from facts; and what corporate actions make of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from aitrader_core.domain.errors import LedgerError, MissingBar
from aitrader_core.domain.frozen import quick
from aitrader_core.domain.market import DAILY, CashDividend, CorporateAction, Split, Symbol
from aitrader_core.domain.money import ZERO, money, times, whole_steps
from aitrader_core.domain.orders import Fill


class AdjustmentKind(StrEnum):
    SPLIT = "split"
    CASH_DIVIDEND = "cash_dividend"
    CORRECTION = "correction"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change that no order made: what a corporate action did to one position, or a correction
    that brings the ledger to where a recording says it is, with its reason.

    It came `after` so many of the session's orders, at the bar that begins `at`. A correction of
    cash alone has no symbol.
    """

    symbol: Symbol | None
    kind: AdjustmentKind
    quantity_change: Decimal
    cash_change: Decimal
    at: time = DAILY
    after: int = 0
    reason: str | None = None

    def value(self, prices: Mapping[Symbol, Decimal]) -> Decimal:
        """What it adds at `prices`. Raises MissingBar when its symbol has none."""
        if self.symbol is None or not self.quantity_change:
            return self.cash_change
        if self.symbol not in prices:
            raise MissingBar(f"{self.symbol} is corrected but has no price: {self.reason}")
        return times(self.quantity_change, prices[self.symbol]) + self.cash_change


@quick
@dataclass(frozen=True, slots=True)
class Portfolio:
    """Cash and the quantities held; neither is ever negative, and no position is zero."""

    cash: Decimal
    positions: Mapping[Symbol, Decimal] = field(default_factory=dict)

    def apply(self, fact: Fill | Adjustment) -> "Portfolio":
        """The portfolio after `fact`. Raises LedgerError for what can't be paid or delivered."""
        symbol = fact.order.symbol if isinstance(fact, Fill) else fact.symbol
        cash = self.cash + fact.cash_change
        if symbol is None:
            return self._with_cash(cash, fact)
        quantity = self.positions.get(symbol, ZERO) + fact.quantity_change
        if cash < ZERO or quantity < ZERO:  # with an int it would take twice as long
            raise LedgerError(f"{fact} leaves cash {cash} and {quantity} {symbol}")
        positions = self._copied()
        if quantity:
            positions[symbol] = quantity
        else:
            positions.pop(symbol, None)
        return Portfolio(cash, positions)

    def _copied(self) -> dict[Symbol, Decimal]:
        """Of 50 positions in 0.15 us; `dict(...)` takes 1 us when one has just been closed."""
        held = self.positions
        return held.copy() if isinstance(held, dict) else dict(held)

    def _with_cash(self, cash: Decimal, fact: Fill | Adjustment) -> "Portfolio":
        if cash < 0 or fact.quantity_change:
            raise LedgerError(f"{fact} leaves cash {cash} and {fact.quantity_change} of no symbol")
        return Portfolio(cash, self.positions)

    def held(self, symbol: Symbol) -> Decimal:
        return self.positions.get(symbol, ZERO)

    def value(self, prices: Mapping[Symbol, Decimal]) -> Decimal:
        """Cash plus positions at `prices`, which must name every one of them."""
        return money(sum((q * prices[s] for s, q in self.positions.items()), self.cash))


def adjustments(
    portfolio: Portfolio,
    actions: Iterable[CorporateAction],
    opens: Mapping[Symbol, Decimal],
    step: Decimal,
) -> Iterator[Adjustment]:
    """What `actions`, all of one ex-date, do to the positions held at the previous close.

    A dividend is paid on the shares before a split of the same day. What a split leaves of less
    than a `step` is paid out at the open. Raises MissingBar when there is no open to pay it at.
    """
    for action in actions:
        held = portfolio.held(action.symbol)
        if not held:
            continue
        if isinstance(action, CashDividend):
            paid = times(held, action.amount)
            yield Adjustment(action.symbol, AdjustmentKind.CASH_DIVIDEND, ZERO, paid)
        else:
            yield _split(held, action, opens, step)


def _split(
    held: Decimal, split: Split, opens: Mapping[Symbol, Decimal], step: Decimal
) -> Adjustment:
    new, old = Fraction(split.ratio).limit_denominator(1000).as_integer_ratio()
    exact = held * new / old  # 4 for 3 is more than its decimals say
    kept = whole_steps(exact, step)
    paid = ZERO
    if kept != exact:
        if split.symbol not in opens:
            raise MissingBar(_no_open(split.symbol, split.ex_date))
        paid = times(exact - kept, opens[split.symbol])
    return Adjustment(split.symbol, AdjustmentKind.SPLIT, kept - held, paid)


def _no_open(symbol: Symbol, session: date) -> str:
    return f"{symbol} splits on {session} but has no open to pay the fractions at"
