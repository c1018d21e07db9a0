"""Model-days as AI-Trader writes them: the lines of a position.jsonl, byte for byte."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from aitrader_core.agents.recorded import BEFORE_THE_TRADE, DRIFT, ROUNDING
from aitrader_core.domain.market import DAILY, Symbol
from aitrader_core.domain.model_day import Mark, ModelDay
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.orders import Fill, Outcome, Side
from aitrader_core.domain.portfolio import Adjustment, AdjustmentKind, Portfolio

_DECIMALS = 4  # that AI-Trader rounds cash and coins to, where it trades coins

_EXACT = 6  # decimals of a price that is reckoned from what was paid


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a file's numbers look like: `symbols` in the order in which positions list them.

    Coins have an action of their own, amounts that are always floats, and four decimals; shares
    have integers, and cash as binary floating point leaves it.
    """

    symbols: Sequence[Symbol]
    coins: bool = False

    def amount(self, quantity: Decimal) -> int | float:
        if self.coins or quantity != quantity.to_integral_value():
            return float(quantity)
        return int(quantity)

    def action(self, side: Side) -> str:
        return f"{side}_crypto" if self.coins else str(side)

    def cash_after(self, cash: float, sign: int, price: Decimal, amount: int | float) -> float:
        """In its own arithmetic, of binary floating point."""
        after = cash - float(price) * amount if sign > 0 else cash + float(price) * amount
        return round(after, _DECIMALS) if self.coins else after

    def positions(self, portfolio: Portfolio, cash: float) -> dict[str, int | float]:
        """Every symbol, those not held too, and then the cash."""
        others = sorted(portfolio.positions.keys() - set(self.symbols))
        listed = {str(s): self.amount(portfolio.held(s)) for s in (*self.symbols, *others)}
        return {**listed, "CASH": cash}


@dataclass(frozen=True, slots=True)
class _State:
    """What one line says: its number, the ledger, and the ledger's cash as AI-Trader has it."""

    id: int
    portfolio: Portfolio
    cash: float


def position_lines(days: Sequence[ModelDay], dialect: Dialect, opened: str) -> Iterator[str]:
    """The opening state, dated `opened`, and a line for each trade of `days`, which follow one
    another; a bar without a trade has a line that says so."""
    book = _Book(days[0].opening.portfolio, dialect)
    yield book.opening(opened)
    for number, day in enumerate(days):
        yield from book.day(day, is_opening=not number and opens_in(day) is not None)


def opens_in(day: ModelDay) -> str | None:
    """The bar that a file opens with, if nothing is traded in it: what a first session without
    an order is to AI-Trader, which trades from the one after it on."""
    first = day.marks[0]
    if first.orders or (first.at == DAILY and day.blotter):
        return None
    return _stamp(day, first)


class _Book:
    """The ledger as it is folded, and the states that have been written."""

    def __init__(self, portfolio: Portfolio, dialect: Dialect) -> None:
        self._dialect = dialect
        self._now = _State(0, portfolio, float(portfolio.cash))
        self._written = [self._now]

    def opening(self, date: str) -> str:
        return self._line({"date": date, "id": 0})

    def day(self, day: ModelDay, *, is_opening: bool) -> Iterator[str]:
        """`is_opening`: the first bar is the opening line, which is written."""
        waiting = deque(day.adjustments)
        number = 0
        for at, mark in enumerate(day.marks):
            is_silent = True
            for outcome in day.blotter[number : number + mark.orders]:
                self._adjust(_taken(waiting, mark, number))
                number += 1
                own = _taken(waiting, mark, number, of_next=False)
                if (trade := self._trade(outcome, own)) is not None:
                    is_silent = False
                    yield self._record(day, mark, trade)
            self._adjust(_taken(waiting, mark, number))
            if is_silent and not (is_opening and at == 0):
                yield self._record(day, mark, {"action": "no_trade", "symbol": "", "amount": 0})

    def _record(self, day: ModelDay, mark: Mark, action: Mapping[str, object]) -> str:
        self._now = _State(self._now.id + 1, self._now.portfolio, self._now.cash)
        self._written.append(self._now)
        return self._line({"date": _stamp(day, mark), "id": self._now.id, "this_action": action})

    def _line(self, said: Mapping[str, object]) -> str:
        held = self._dialect.positions(self._now.portfolio, self._now.cash)
        return json.dumps({**said, "positions": held})

    def _trade(
        self, outcome: Outcome, corrections: Sequence[Adjustment]
    ) -> dict[str, object] | None:
        """What AI-Trader writes of an order; None of one that it would have refused too."""
        order, before = outcome.order, self._now
        sign = 1 if order.side is Side.BUY else -1
        portfolio = before.portfolio.apply(outcome) if isinstance(outcome, Fill) else None
        portfolio = _corrected(portfolio or before.portfolio, corrections)
        price = _price(outcome, sign, corrections)
        if price is None:
            self._now = self._state(before.id, portfolio, before.cash)
            is_nothing = not order.quantity and not self._dialect.coins
            return self._said(outcome) if is_nothing else None
        amount = self._dialect.amount(order.quantity)
        cash = self._dialect.cash_after(before.cash, sign, price, amount)
        self._now = self._state(before.id, portfolio, cash)
        return self._said(outcome)

    def _said(self, outcome: Outcome) -> dict[str, object]:
        order, dialect = outcome.order, self._dialect
        return {
            "action": dialect.action(order.side),
            "symbol": str(order.symbol),
            "amount": dialect.amount(order.quantity),
        }

    def _adjust(self, changes: Sequence[Adjustment]) -> None:
        """What no line of its own tells: corporate actions, and where a recording went back."""
        if not changes:
            return
        portfolio = _corrected(self._now.portfolio, changes)
        if any(change.kind is AdjustmentKind.CORRECTION for change in changes):
            for state in reversed(self._written):
                if _is_same(state.portfolio, portfolio):
                    self._now = _State(state.id, portfolio, state.cash)
                    return
        self._now = self._state(self._now.id, portfolio, self._now.cash)

    @staticmethod
    def _state(number: int, portfolio: Portfolio, cash: float) -> _State:
        """With `cash` where it is the ledger's but for its drift, else with the ledger's."""
        is_drift = abs(Decimal(cash) - portfolio.cash) <= DRIFT
        return _State(number, portfolio, cash if is_drift else float(portfolio.cash))


def _taken(
    waiting: "deque[Adjustment]", mark: Mark, number: int, *, of_next: bool = True
) -> list[Adjustment]:
    """Those of this bar that came after `number` orders; without those that belong to the `next`
    one, if there is one."""
    found = []
    while waiting and waiting[0].at <= mark.at and waiting[0].after <= number:
        if not of_next and (waiting[0].reason or "").endswith(BEFORE_THE_TRADE):
            break
        found.append(waiting.popleft())
    return found


def _price(outcome: Outcome, sign: int, corrections: Sequence[Adjustment]) -> Decimal | None:
    """What was paid a share, as the recording has it where there is one: another price than ours,
    or one for what we refused. None where nothing was traded."""
    quantity = sign * outcome.order.quantity
    cash = sum((change.cash_change for change in corrections), ZERO)
    if isinstance(outcome, Fill):
        paid = outcome.cash_change + cash
        return round(-paid / quantity, _EXACT) if corrections else outcome.price
    moved = sum((c.quantity_change for c in corrections if c.symbol == outcome.order.symbol), ZERO)
    return round(-cash / quantity, _EXACT) if quantity and moved == quantity else None


def _corrected(portfolio: Portfolio, changes: Iterable[Adjustment]) -> Portfolio:
    for change in changes:
        portfolio = portfolio.apply(change)
    return portfolio


def _is_same(one: Portfolio, other: Portfolio) -> bool:
    """But for roundings of cash."""
    return one.positions == other.positions and abs(one.cash - other.cash) < ROUNDING


def _stamp(day: ModelDay, mark: Mark) -> str:
    return str(day.session) if mark.at == DAILY else f"{day.session} {mark.at}"
