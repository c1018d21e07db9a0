"""A model that has something to keep on every session."""

from dataclasses import dataclass
from decimal import Decimal
from random import Random

from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.orders import Side
from aitrader_core.simulation.desk import Desk

_SIDES = (Side.SELL, Side.SELL, Side.BUY, Side.BUY)


@dataclass(frozen=True, slots=True)
class FourOrders:
    """Two sales and two buys a session, of symbols and sizes by its seed; some are refused."""

    seed: int

    def trade(self, desk: Desk) -> Ending:
        chance = Random(f"{self.seed} {desk.view.session}")
        for side in _SIDES:
            symbol = chance.choice(desk.view.symbols)
            quantity = Decimal(chance.randint(1, 5))
            if side is Side.SELL:
                desk.sell(symbol, min(quantity, desk.sellable(symbol)) or quantity)
            else:
                desk.buy(symbol, quantity)
        return Ending.DONE
