"""Rules that take their time, so that a kill finds them at work. How much is no configuration:
the undisturbed run makes the same days without it."""

import os
import time
from dataclasses import dataclass
from typing import ClassVar

from aitrader_core.agents.rules import EqualWeight, Momentum, RandomTrader
from aitrader_core.domain.model_day import Ending
from aitrader_core.simulation.desk import Desk

PACE = "FAULTS_PACE"  # seconds for each session
_STRICT = {"extra": "forbid"}


def _take_time() -> None:
    time.sleep(float(os.environ.get(PACE, "0")))


@dataclass(frozen=True)
class PacedRandom(RandomTrader):
    """Trades on every session."""

    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    def trade(self, desk: Desk) -> Ending:
        _take_time()
        return super().trade(desk)


@dataclass(frozen=True)
class PacedMomentum(Momentum):
    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    def trade(self, desk: Desk) -> Ending:
        _take_time()
        return super().trade(desk)


@dataclass(frozen=True)
class PacedEqualWeight(EqualWeight):
    __pydantic_config__: ClassVar[dict[str, str]] = _STRICT

    def trade(self, desk: Desk) -> Ending:
        _take_time()
        return super().trade(desk)


MODELS = {
    "balanced": "kind: tests.faults.paced:PacedEqualWeight\nevery: week\n",
    "drifting": "kind: tests.faults.paced:PacedRandom\nseed: 5\nturnover: 0.2\n",
    "lots": "kind: tests.faults.paced:PacedRandom\nseed: 11\n",
    "trend": "kind: tests.faults.paced:PacedMomentum\nlookback: 60\ntop: 2\nevery: session\n",
}
