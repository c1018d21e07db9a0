"""Trades a stored session again, from the orders and corrections that were recorded."""

from dataclasses import dataclass
from datetime import time

from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.orders import Order
from aitrader_core.domain.portfolio import Adjustment
from aitrader_core.simulation.desk import Desk


@dataclass(frozen=True, slots=True)
class Replay:
    """Submits the orders of each bar in order, whatever becomes of them, and corrects between
    them what was corrected; ends as the session ended."""

    orders: dict[time, tuple[Order, ...]]
    corrections: tuple[Adjustment, ...]
    ending: Ending

    @classmethod
    def of(cls, day: ModelDay) -> "Replay":
        wishes = iter(day.blotter)
        orders = {m.at: tuple(next(wishes).order for _ in range(m.orders)) for m in day.marks}
        return cls(orders, day.corrections, day.ending)

    def trade(self, desk: Desk) -> Ending:
        self._correct(desk)
        for order in self.orders.get(desk.view.at, ()):
            desk.submit(order)
            self._correct(desk)
        return self.ending

    def _correct(self, desk: Desk) -> None:
        for c in self.corrections:
            if (c.at, c.after) == (desk.view.at, len(desk.blotter)):
                desk.correct(c.symbol, c.quantity_change, c.cash_change, c.reason or "")
