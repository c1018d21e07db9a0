"""The tools of one desk, and the one that ends its session."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from aitrader_core.agents.llm.arguments import Arguments, Word, read_arguments, schema
from aitrader_core.agents.llm.dialect import Tool
from aitrader_core.agents.llm.tools import DeskTools, ToolName, no_such_tool, told

FINISH = "finish_session"


class _Finish(Arguments):
    reason: Word = Field(default="", description="What you did and why, for the record.")


def tools_of(names: Sequence[ToolName]) -> Sequence[Tool]:
    """What an agent is told of."""
    finish = Tool(FINISH, "End this session; the next one opens then.", schema(_Finish))
    return [*map(told, names), finish]


@dataclass
class SessionTools:
    """A toolbox that knows how often it was used, and when its session is finished."""

    desk_tools: DeskTools
    used: int = 0
    is_finished: bool = False

    @property
    def tools(self) -> Sequence[Tool]:
        return tools_of(self.desk_tools.names)

    def use(self, name: str, arguments: str) -> str:
        names = self.desk_tools.names
        self.used += 1
        if name in names:
            return self.desk_tools.use(name, arguments)
        if name != FINISH:
            raise no_such_tool(name, (*names, FINISH))
        reason, desk = read_arguments(arguments, _Finish).reason, self.desk_tools.desk
        if reason:
            desk.say(reason)
        self.is_finished = True
        return json.dumps({"finished": self.desk_tools.clock})
