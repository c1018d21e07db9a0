"""Plays a stored session again by the calls that an agent outside made: nobody is waited for."""

from collections.abc import Iterator
from dataclasses import dataclass

from aitrader_core.agents.llm.dialect import ToolCall
from aitrader_core.agents.llm.disguise import Disguise
from aitrader_core.agents.llm.loop import carry_out
from aitrader_core.agents.llm.summary import ledger_summary
from aitrader_core.agents.llm.tools import DeskTools, ToolName
from aitrader_core.agents.mcp.session_tools import SessionTools
from aitrader_core.domain.market import DAILY
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.transcript import Entry
from aitrader_core.simulation.desk import Desk


@dataclass(frozen=True)
class Recalled:
    """Makes the calls of `entries` at the bars that they were made at, and ends as they did."""

    tools: tuple[ToolName, ...]
    disguise: Disguise
    entries: tuple[Entry, ...]

    def trade(self, desk: Desk) -> Ending:
        tools = SessionTools(DeskTools(desk, self.disguise, self.tools))
        for entry in self._said_at(desk):
            if entry.role == "call":
                call = ToolCall(entry.id or "", entry.tool or "", entry.text)
                carry_out(tools, call, desk.transcript)
            elif entry.role == "arena":
                desk.transcript.add("arena", entry.text)
                return Ending(entry.text.partition(":")[0])
        return Ending.DONE

    def summarise(self, desk: Desk) -> str:
        return ledger_summary(desk)

    def _said_at(self, desk: Desk) -> Iterator[Entry]:
        """At the bar that is open."""
        clock, at = f"{desk.view.at:%H:%M}", desk.view.at == DAILY
        for entry in self.entries:
            if entry.role == "venue":
                at = entry.text == clock
            elif at:
                yield entry
