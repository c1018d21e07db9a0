"""Trades a stored session again, from the orders that were recorded."""

from dataclasses import dataclass

from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.orders import Order
from aitrader_core.simulation.desk import Desk


@dataclass(frozen=True, slots=True)
class Replay:
    """Submits `orders` in order, whatever becomes of them, and ends as the session ended."""

    orders: tuple[Order, ...]
    ending: Ending

    def trade(self, desk: Desk) -> Ending:
        for order in self.orders:
            desk.submit(order)
        return self.ending
