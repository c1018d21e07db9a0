"""A language model that asks a stand-in of a provider, on a small tape."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import openai  # noqa: F401 - takes a second, which no deadline here has

from aitrader_core.agents.llm.calls import MemoryCalls
from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.llm.language_model import LanguageModel, PreparedModel
from aitrader_core.domain.model_call import ModelCall
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.domain.transcript import Transcript
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.runner.settings import project_root
from aitrader_core.simulation.venue import SimulatedVenue
from tests.agents.llm.ways import CHAT, Call, Way
from tests.simulation.tapes import FREE, MONDAY, SYMBOLS, WHOLE, tape_of

KEY = "sk-test/0123456789"
BUY: Call = ("buy", {"symbol": "AAA", "quantity": 3})
TAPE = tape_of(dict.fromkeys(SYMBOLS, "10/11 12/13"))


@dataclass
class Trading:
    """`waits` are the seconds that were waited between tries, most often without waiting."""

    url: str
    way: Way = CHAT
    key: str = KEY
    is_patient: bool = False  # really waits
    waits: list[float] = field(default_factory=list)
    calls: MemoryCalls = field(default_factory=MemoryCalls)
    transcript: Transcript = field(default_factory=Transcript)

    def agent(self, clock: Callable[[], float] = time.monotonic, **spec: Any) -> PreparedModel:
        limits = {"timeout": 5.0, "deadline": 60.0}
        made = LanguageModel(
            model="m",
            endpoint=self.url,
            api=self.way.api,
            stream=self.way.stream,
            **{**limits, **spec},
        )
        connections = Connections(
            "test",
            "model",
            calls=self.calls,
            environment={"OPENAI_API_KEY": self.key},
            sleep=self._sleep,
            clock=clock,
        )
        return made.prepared(project_root() / "configs", {}, SYMBOLS).connected(connections)

    def day(self, clock: Callable[[], float] = time.monotonic, **spec: Any) -> ModelDay:
        """The first session of the tape, on 1,000 in cash."""
        trader = Trader("test", "model", self.agent(clock, **spec), WHOLE, "config")
        venue = SimulatedVenue(TAPE, FREE, MONDAY)
        return run_model_day(trader, venue, Opening.with_cash(Decimal(1000)), self.transcript)

    def kept(self, session: date = MONDAY) -> list[ModelCall]:
        return list(self.calls.of_day("test", "model", session))

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if self.is_patient:
            await asyncio.sleep(seconds)
