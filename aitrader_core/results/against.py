"""Two model-days of one session against each other: orders, holdings, profits, and what differs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from difflib import SequenceMatcher
from enum import StrEnum

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.orders import Fill, Outcome
from aitrader_core.results.profit import DayProfit


class Verdict(StrEnum):
    SAME = "same"
    QUANTITY = "another quantity"
    OUTCOME = "another outcome"
    PRICE = "another price"
    LEFT = "only the left"
    RIGHT = "only the right"


@dataclass(frozen=True, slots=True)
class OrderPair:
    """The same order of both, or one that the other has not."""

    at: time
    left: Outcome | None
    right: Outcome | None

    @property
    def verdict(self) -> Verdict:
        if self.left is None:
            return Verdict.RIGHT
        if self.right is None:
            return Verdict.LEFT
        if isinstance(self.left, Fill) != isinstance(self.right, Fill):
            return Verdict.OUTCOME
        if self.left.order.quantity != self.right.order.quantity:
            return Verdict.QUANTITY
        return Verdict.SAME if self.left == self.right else Verdict.PRICE


@dataclass(frozen=True, slots=True)
class SymbolPair:
    """One symbol at both closes, and what each made of it."""

    symbol: Symbol
    held_left: Decimal
    held_right: Decimal
    profit_left: Decimal
    profit_right: Decimal

    @property
    def held_more(self) -> Decimal:
        """By the right one than by the left."""
        return self.held_right - self.held_left

    @property
    def profit_more(self) -> Decimal:
        return self.profit_right - self.profit_left


def orders_against(left: ModelDay, right: ModelDay) -> list[OrderPair]:
    """In the order they came, bar by bar; those of one side and symbol are matched."""
    ours, theirs = _by_bar(left), _by_bar(right)
    return [
        pair
        for at in sorted(ours.keys() | theirs.keys())
        for pair in _matched(at, ours.get(at, ()), theirs.get(at, ()))
    ]


def symbols_against(
    left: ModelDay, left_profit: DayProfit, right: ModelDay, right_profit: DayProfit
) -> list[SymbolPair]:
    ours = {s.symbol: s.profit for s in left_profit.symbols}
    theirs = {s.symbol: s.profit for s in right_profit.symbols}
    names = {*ours, *theirs, *left.closing.positions, *right.closing.positions}
    return [
        SymbolPair(
            symbol,
            left.closing.held(symbol),
            right.closing.held(symbol),
            ours.get(symbol, ZERO),
            theirs.get(symbol, ZERO),
        )
        for symbol in sorted(names)
    ]


def _by_bar(day: ModelDay) -> dict[time, Sequence[Outcome]]:
    found, begin = dict[time, Sequence[Outcome]](), 0
    for mark in day.marks:
        found[mark.at] = day.blotter[begin : begin + mark.orders]
        begin += mark.orders
    return found


def _matched(at: time, ours: Sequence[Outcome], theirs: Sequence[Outcome]) -> Iterator[OrderPair]:
    mine, other = ([(o.order.side, o.order.symbol) for o in side] for side in (ours, theirs))
    found = SequenceMatcher(None, mine, other, autojunk=False)
    for tag, a, a_end, b, b_end in found.get_opcodes():
        if tag == "equal":
            yield from (OrderPair(at, *p) for p in zip(ours[a:a_end], theirs[b:b_end], strict=True))
        else:
            yield from (OrderPair(at, outcome, None) for outcome in ours[a:a_end])
            yield from (OrderPair(at, None, outcome) for outcome in theirs[b:b_end])
