"""What every kind of model is to the arena."""

from typing import Protocol

from aitrader_core.domain.model_day import Ending
from aitrader_core.simulation.desk import Desk


class Agent(Protocol):
    """Trades one session through its desk. Holds no state from one session to the next:
    everything it may remember is in the view, the portfolio and its own configuration."""

    def trade(self, desk: Desk) -> Ending: ...
