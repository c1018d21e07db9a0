"""Profit by symbol: it sums to the day's, and is what the tape and the facts say."""

from collections import defaultdict
from decimal import Decimal

import pytest

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.orders import Side
from aitrader_core.results.profit import day_profit, marked
from aitrader_core.simulation.desk import Desk
from tests.results.restless import closes, some_days
from tests.simulation.tapes import A, run_days, tape_of

D = Decimal


@pytest.mark.parametrize("seed", range(25))
def test_it_sums_to_the_days_profit_and_is_what_the_tape_says(seed: int) -> None:
    for before, day, tape in some_days(seed):
        was, now = closes(tape, before), closes(tape, day)
        found = day_profit(day, before, was, now)
        assert found.is_explained
        assert abs(found.rest) <= D("1E-8")
        parts = {s.symbol: s.profit for s in found.symbols}
        assert sum(parts.values(), found.cash) + found.rest == day.profit
        assert parts == again(day, before, was, now)


def again(
    day: ModelDay,
    before: ModelDay | None,
    was: dict[Symbol, Decimal],
    now: dict[Symbol, Decimal],
) -> dict[Symbol, Decimal]:
    """By another path: every fact is a move of cash, and what is held is bought and sold at the
    marks."""
    found: defaultdict[Symbol, Decimal] = defaultdict(Decimal)
    quantity = dict(before.closing.positions) if before else {}
    for symbol, held in quantity.items():
        found[symbol] -= held * was[symbol]
    for fill in day.fills:
        sign = 1 if fill.order.side is Side.BUY else -1
        symbol = fill.order.symbol
        quantity[symbol] = quantity.get(symbol, D(0)) + sign * fill.order.quantity
        found[symbol] -= sign * fill.order.quantity * fill.price + fill.commission
        found[symbol] += sign * (fill.order.quantity * fill.price - fill.notional)
    for change in day.adjustments:
        if change.symbol is not None:
            before_it = quantity.get(change.symbol, D(0))
            quantity[change.symbol] = before_it + change.quantity_change
            found[change.symbol] += change.cash_change
    for symbol, held in quantity.items():
        found[symbol] += held * now.get(symbol, D(0))
    return dict(found)


class Buys:
    def trade(self, desk: Desk) -> Ending:
        desk.buy(A, D(2))
        return Ending.DONE


def test_fills_after_the_last_known_mark_count_for_the_next_day() -> None:
    """The close of the second session is not known when it is traded: it is marked at the open."""
    tape = tape_of({A: "10/11 12/? 14/15"})
    first, second, third = run_days(Buys(), tape, tape.sessions[0], 3)
    assert second.value_close is None
    assert marked(second).held == {A: 2}
    assert marked(second).after == second.fills
    at_open = day_profit(second, first, {A: D(11)}, {A: D(12)})
    assert at_open.is_explained
    assert at_open.symbols[0].profit == 2 * (12 - 11) == second.profit
    next_day = day_profit(third, second, {A: D(12)}, {A: D(15)})
    assert next_day.is_explained
    (symbol,) = next_day.symbols
    assert (symbol.held_before, symbol.bought_quantity, symbol.held_now) == (D(2), D(4), D(6))
    assert symbol.profit == 6 * 15 - 2 * 12 - 2 * 12 - 2 * 14 == third.profit


def test_prices_that_are_not_those_it_was_marked_at_do_not_explain_it() -> None:
    tape = tape_of({A: "10/11 12/13"})
    first, second = run_days(Buys(), tape, tape.sessions[0], 2)
    assert day_profit(second, first, {A: D(11)}, {A: D(13)}).is_explained
    other = day_profit(second, first, {A: D(11)}, {A: D(14)})
    assert not other.is_explained
    assert other.rest == -4
    assert not day_profit(second, first, {}, {A: D(13)}).is_explained
