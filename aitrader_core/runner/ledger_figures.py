"""The numbers that a model-day's own ledger puts into its transcript."""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.orders import Fill, Outcome, Refused
from aitrader_core.domain.portfolio import Portfolio

Opens = Sequence[Mapping[Symbol, Decimal]]  # of each bar of a session


def figures_of(day: ModelDay, opens: Opens) -> set[Decimal]:
    """Cash, quantities and values after each fact, and what orders and adjustments say."""
    portfolio = day.opening.portfolio
    found = holding_figures(portfolio, opens)
    for fact in day.facts():
        portfolio = portfolio.apply(fact)
        found |= holding_figures(portfolio, opens)
    found |= {mark.value_open for mark in day.marks}
    for change in day.adjustments:
        found |= {abs(change.quantity_change), abs(change.cash_change)}
        found |= _numbers(change.reason or "")
    return found | {number for outcome in day.blotter for number in _of_order(outcome)}


def holding_figures(portfolio: Portfolio, opens: Opens) -> set[Decimal]:
    """Of a portfolio at any of `opens`."""
    held = portfolio.positions
    found = {portfolio.cash, *held.values()}
    for row in opens:
        values = [quantity * row[symbol] for symbol, quantity in held.items() if symbol in row]
        found |= {*values, portfolio.cash + sum(values)}
    return found


def _of_order(outcome: Outcome) -> Iterable[Decimal]:
    if isinstance(outcome, Refused):
        return _numbers(f"{outcome.reason} {outcome.order.quantity}")
    return {outcome.order.quantity, *_of_fill(outcome)}


def _of_fill(fill: Fill) -> Iterable[Decimal]:
    notional, commission = fill.notional, fill.commission
    return fill.price, notional, commission, notional + commission, notional - commission


def _numbers(text: str) -> set[Decimal]:
    found = re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))
    return {Decimal(number) for number in found}
