"""Trades a stored session again, from the orders and corrections that were recorded."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time

from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.orders import Fill, Order, Outcome
from aitrader_core.domain.portfolio import Adjustment
from aitrader_core.domain.trail import TrailEntry
from aitrader_core.simulation.desk import Desk


def _as_it_was(fill: Fill) -> Fill:
    return fill


@dataclass(frozen=True, slots=True)
class Replay:
    """Submits the orders of each bar in order, whatever becomes of them, and corrects between
    them what was corrected; ends as the session ended.

    Orders on ticks were executed at prices that no bar has: what became of them is booked again
    instead, and has to balance.
    """

    orders: dict[time, tuple[Order, ...]]
    corrections: tuple[Adjustment, ...]
    ending: Ending
    executed: tuple[Outcome, ...] = ()
    trail: tuple[TrailEntry, ...] = ()

    @classmethod
    def of(cls, day: ModelDay, costed: Callable[[Fill], Fill] = _as_it_was) -> "Replay":
        """`costed` is what an execution on ticks costs now."""
        if day.trail:
            outcomes = (costed(o) if isinstance(o, Fill) else o for o in day.blotter)
            return cls({}, day.corrections, day.ending, tuple(outcomes), day.trail)
        wishes = iter(day.blotter)
        orders = {m.at: tuple(next(wishes).order for _ in range(m.orders)) for m in day.marks}
        return cls(orders, day.corrections, day.ending)

    def trade(self, desk: Desk) -> Ending:
        self._correct(desk)
        for order in self.orders.get(desk.view.at, ()):
            desk.submit(order)
            self._correct(desk)
        for outcome in self.executed:
            desk.book(outcome)
        desk.trail.extend(self.trail)
        return self.ending

    def _correct(self, desk: Desk) -> None:
        for c in self.corrections:
            if (c.at, c.after) == (desk.view.at, len(desk.blotter)):
                desk.correct(c.symbol, c.quantity_change, c.cash_change, c.reason or "")
