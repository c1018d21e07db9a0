"""The kind `mcp`: an agent that runs elsewhere and plays its sessions over MCP."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from aitrader_core.agents.agent import Terms
from aitrader_core.agents.llm.dialect import ToolCall
from aitrader_core.agents.llm.disguise import Disguise, undisguised
from aitrader_core.agents.llm.loop import Answered, carry_out
from aitrader_core.agents.llm.summary import ledger_summary
from aitrader_core.agents.llm.tools import WITHOUT_NEWS, DeskTools, ToolName
from aitrader_core.agents.mcp.recalled import Recalled
from aitrader_core.agents.mcp.server import listening, server_for
from aitrader_core.agents.mcp.session_tools import SessionTools, tools_of
from aitrader_core.agents.mcp.window import Window
from aitrader_core.domain.errors import ConfigError, LedgerError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.transcript import Entry
from aitrader_core.simulation.desk import Desk

_AGAIN = "ask again for what is open now"


@dataclass(frozen=True)
class OutsideAgent:
    """Where an agent finds its desk: port 0 is any free one, which `aitrader play` tells.

    `deadline` is how many seconds a bar stays open for it, `max_calls` how many calls.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    deadline: Annotated[float, Field(gt=0, le=604_800)] = 600.0
    max_calls: Annotated[int, Field(ge=1, le=100_000)] = 1000
    tools: Annotated[tuple[ToolName, ...], Field(min_length=1)] = WITHOUT_NEWS
    anonymise: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if "news" in self.tools:
            raise ValueError("tools: news is for models of kind llm: remove it")

    def prepared(
        self,
        config_dir: Path,  # noqa: ARG002
        environment: Mapping[str, str],  # noqa: ARG002
        symbols: Iterable[Symbol],
    ) -> "SeatedAgent":
        """With the names that it will know its symbols by."""
        listed = tuple(symbols)
        disguise = Disguise.drawn(listed, self.seed) if self.anonymise else undisguised(listed)
        return SeatedAgent(self, disguise)

    def trade(self, desk: Desk) -> Ending:  # noqa: ARG002
        raise LedgerError("an agent of kind mcp is not prepared")  # a bug: run by no arena


@dataclass(frozen=True)
class SeatedAgent:
    """An outside agent as it stands in its arena; with a `window` where one server is kept for
    many sessions, else each bar has its own."""

    spec: OutsideAgent
    disguise: Disguise
    repeat: int = 1
    window: Window | None = None

    is_remote: ClassVar[bool] = True  # it waits for others most of its time

    def repeated(self, number: int) -> "SeatedAgent":
        """Another go at the same, on a record of its own."""
        return replace(self, repeat=number)

    def recalled(self, entries: Sequence[Entry]) -> Recalled:
        """What plays a session of this agent again, by its transcript."""
        return Recalled(self.spec.tools, self.disguise, tuple(entries))

    def check(self, terms: Terms) -> None:  # noqa: ARG002
        """Raises ConfigError for one that its agent could not find."""
        if not self.spec.port:
            raise ConfigError(
                "an agent of kind mcp has port 0, any free one, which nobody would be told: give "
                "it a port, or play it with `aitrader play`"
            )

    @contextmanager
    def served(self, port: int | None = None) -> Iterator[tuple["SeatedAgent", str]]:
        """This agent with one server for all its sessions, and the URL of that."""
        window, spec = Window(), self.spec
        server = server_for(window, tools_of(spec.tools))
        with listening(server, spec.host, spec.port if port is None else port) as url:
            try:
                yield replace(self, window=window), url
            finally:
                window.close("error: no session is open here any more")

    def trade(self, desk: Desk) -> Ending:
        if self.window is not None:
            return self._trade(desk, self.window)
        self.check(Terms(()))
        with self.served() as (seated, _):
            return seated.trade(desk)

    def summarise(self, desk: Desk) -> str:
        """The paragraph that the model-day ends with."""
        return ledger_summary(desk)

    def _trade(self, desk: Desk, window: Window) -> Ending:
        tools = SessionTools(DeskTools(desk, self.disguise, self.spec.tools))
        spec, clock = self.spec, tools.desk_tools.clock
        before = sum(entry.role == "call" for entry in desk.transcript)

        def use(name: str, arguments: str) -> Answered:
            call = ToolCall(f"call_{before + tools.used + 1}", name, arguments)
            return carry_out(tools, call, desk.transcript)

        def ended(why: str) -> str:
            return f"error: {clock} was ended ({why}): {_AGAIN}"

        def over() -> str | None:
            if tools.is_finished:
                return f"error: {clock} is finished: {_AGAIN}"
            return ended(enough) if tools.used >= spec.max_calls else None

        enough, late = f"{spec.max_calls} calls", f"{spec.deadline:g} s are over"
        in_time = window.serve(use, spec.deadline, over)
        if tools.is_finished:
            return Ending.DONE
        ending, why = (Ending.STEP_LIMIT, enough) if in_time else (Ending.DEADLINE, late)
        desk.transcript.add("arena", f"{ending.value}: {why}, and not finished yet")
        window.interrupt(ended(why))
        return ending
