"""What a model is given by whoever runs it: none of it is in its configuration."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aitrader_core.agents.llm.calls import CallStore, MemoryCalls, Mode
from aitrader_core.domain.transcript import Usage
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runners import Runners, runners


async def _sleep(seconds: float) -> None:
    import asyncio

    await asyncio.sleep(seconds)


@dataclass(frozen=True)
class Allowance:
    """The most that may be spent; None is without limit."""

    dollars: float | None = None
    tokens: int | None = None

    def exceeded(self, spent: Usage) -> str | None:
        """What is used up, as a phrase; None while nothing is.

        Calls without a known price do not count towards the dollars.
        """
        if self.dollars is not None and spent.dollars is not None and spent.dollars >= self.dollars:
            return f"{self.dollars:g} dollars"
        if self.tokens is not None and spent.tokens >= self.tokens:
            return f"{self.tokens:,} tokens"
        return None


NO_LIMIT = Allowance()


@dataclass(frozen=True)
class Connections:
    """`market`, `model` and `request` say for whom calls are made, and whom they are charged to.

    `environment` is where keys are, `runners` run networks, and `job` is what the whole request
    may spend.
    """

    market: str
    model: str
    request: str = "nobody"
    calls: CallStore = field(default_factory=MemoryCalls)
    mode: Mode = "record"
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    runners: Runners = field(default_factory=lambda: runners(RunnerOptions()))
    job: Allowance = NO_LIMIT
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = _sleep

    def spent_by_model(self) -> Usage:
        return self.calls.spent(market=self.market, model=self.model)

    def spent_by_request(self) -> Usage:
        return self.calls.spent(request=self.request)
