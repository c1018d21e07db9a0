"""The curve of model-days that are held in memory, as the ledger would have it."""

from collections.abc import Sequence
from decimal import Decimal

from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.orders import Fill
from aitrader_core.results.standings import Point
from aitrader_core.simulation.tape import Tape


def points_of(days: Sequence[ModelDay], tape: Tape) -> list[Point]:
    """`tape` is what they were traded on."""
    return [_point(day, tape) for day in days]


def _point(day: ModelDay, tape: Tape) -> Point:
    figures, before = day.performance, day.opening.performance.value
    return Point(
        session=day.session,
        value_open=day.value_open,
        value_close=day.value_close,
        value=day.value,
        profit=day.profit,
        daily_return=float(day.profit) / float(before) if before else 0.0,
        cumulative_return=figures.cumulative_return,
        max_drawdown=figures.max_drawdown,
        fills=len(day.fills),
        refusals=len(day.refusals),
        commission=day.commission,
        corrections=len(day.corrections),
        tokens=day.usage.tokens,
        dollars=day.usage.dollars,
        traded=day.bought + day.sold,
        slippage=_slippage(day, tape),
    )


def _slippage(day: ModelDay, tape: Tape) -> Decimal:
    """|price - open| x quantity of its fills."""
    outcomes, paid = iter(day.blotter), ZERO
    for mark in day.marks:
        opens = tape.opens[day.session, mark.at]
        for outcome in (next(outcomes) for _ in range(mark.orders)):
            if isinstance(outcome, Fill):
                order = outcome.order
                paid += abs(outcome.price - opens[order.symbol]) * order.quantity
    return paid
