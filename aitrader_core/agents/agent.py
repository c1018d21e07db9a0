"""What every kind of model is to the arena."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.simulation.desk import Desk


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request would have a model do: its `check` says beforehand if it can't.

    `is_offline`: nobody may be asked. `in_dollars`: what it may spend is limited in dollars.
    """

    symbols: Sequence[Symbol]
    is_intraday: bool = False
    is_offline: bool = False
    in_dollars: bool = False


class Agent(Protocol):
    """Trades one session through its desk. Holds no state from one session to the next:
    everything it may remember is in the view, the portfolio and its own configuration.

    It may also have: `prepared(config_dir, environment, symbols)`, itself as it stands in its
    arena; `check(terms)`, which raises InputError; `connected(connections)`, itself with all that
    it needs to ask others; `repeated(number)`, itself with another seed; `summarise(desk)`, a
    paragraph at the end of a model-day; `fingerprint`, of what decides besides its configuration;
    `made_of`, for the manifest; `is_remote`, that it waits for others most of its time.
    """

    def trade(self, desk: Desk) -> Ending: ...
