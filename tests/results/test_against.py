"""Two days of one session side by side: nothing is lost, and every difference is named."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aitrader_core.domain.orders import Fill, Order, Refused, Side
from aitrader_core.results.against import Verdict, orders_against, symbols_against
from aitrader_core.results.profit import day_profit
from tests.results.restless import closes, some_days
from tests.simulation.tapes import A, B

D = Decimal


@pytest.mark.parametrize("seed", range(5))
def test_both_blotters_are_there_whole_and_in_order(seed: int) -> None:
    for (before, day, tape), (_, other, other_tape) in zip(
        some_days(seed), some_days(seed + 100), strict=True
    ):
        pairs = orders_against(day, other)
        assert tuple(p.left for p in pairs if p.left) == day.blotter
        assert tuple(p.right for p in pairs if p.right) == other.blotter
        for pair in pairs:
            if pair.left and pair.right:
                assert pair.left.order.symbol == pair.right.order.symbol
                assert pair.left.order.side == pair.right.order.side
        assert {p.verdict for p in orders_against(day, day)} <= {Verdict.SAME}
        profit = day_profit(day, before, closes(tape, before), closes(tape, day))
        theirs = day_profit(other, None, {}, closes(other_tape, other))
        symbols = symbols_against(day, profit, other, theirs)
        assert sum(s.held_left for s in symbols) == sum(day.closing.positions.values())
        assert sum(s.held_right for s in symbols) == sum(other.closing.positions.values())
        assert sum(s.profit_left for s in symbols) == profit.profit - profit.rest - profit.cash


def test_each_difference_has_its_name() -> None:
    _, day, _ = next(some_days(1))

    def fill(quantity: int, price: int = 10, side: Side = Side.BUY) -> Fill:
        return Fill(Order(A, side, D(quantity)), D(price), D(quantity * price), D(0))

    ours = (fill(1), fill(2), fill(3), fill(4), fill(5, side=Side.SELL))
    theirs = (
        fill(1),
        fill(7),
        Refused(Order(A, Side.BUY, D(3)), "costs too much"),
        fill(4, 11),
        Refused(Order(B, Side.BUY, D(1)), "is not on offer"),
    )
    (mark,) = day.marks
    left, right = (
        replace(day, blotter=blotter, marks=(replace(mark, orders=len(blotter)),))
        for blotter in (ours, theirs)
    )
    assert [pair.verdict for pair in orders_against(left, right)] == [
        Verdict.SAME,
        Verdict.QUANTITY,
        Verdict.OUTCOME,
        Verdict.PRICE,
        Verdict.LEFT,
        Verdict.RIGHT,
    ]
