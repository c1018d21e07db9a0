"""An agent outside at one desk for one bar: what it calls for is kept, and replayed from that."""

import json
from typing import TYPE_CHECKING

from aitrader_core.agents.llm.calls import Answer, Calls, Mode, Question
from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.llm.dialect import ToolCall
from aitrader_core.agents.llm.loop import Answered, carry_out
from aitrader_core.agents.llm.tools import DeskTools
from aitrader_core.agents.mcp.session_tools import SessionTools
from aitrader_core.agents.mcp.window import Asked, Window
from aitrader_core.domain.model_call import CallSite, ModelCall, Outcome
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.transcript import Usage
from aitrader_core.simulation.desk import Desk

if TYPE_CHECKING:
    from aitrader_core.agents.mcp.outside_agent import SeatedAgent

_FAILED = Answered("error: the session failed", is_error=True)


class Sitting:
    """A question of ours is the answer that the agent was given; its next call is the reply.

    An agent is always asked, never taken from the record, except in a replay.
    """

    def __init__(
        self, agent: "SeatedAgent", connections: Connections, desk: Desk, window: Window
    ) -> None:
        self._spec, self._desk, self._window = agent.spec, desk, window
        self._tools = SessionTools(DeskTools(desk, agent.disguise, agent.spec.tools))
        self._clock = connections.clock
        self._ends = self._clock() + agent.spec.deadline
        self._asked: Asked | None = None  # and not answered yet
        site = CallSite(
            connections.market, connections.model, desk.view.session, 0, connections.request
        )
        mode: Mode = "replay" if connections.mode == "replay" else "live"
        self._calls = Calls(connections.calls, mode, site, desk.transcript.usage.calls)
        self._before: str | None = None  # the key of the call before this one
        self._told: str | None = None  # what came of it

    def trade(self) -> Ending:
        try:
            while (call := self._next()).outcome is Outcome.REPLIED:
                answered = self._carry_out(call)
                if self._tools.is_finished:
                    self._release(answered, "is finished")
                    return Ending.DONE
                if self._tools.used >= self._spec.max_calls:
                    self._release(answered)
                    return self._stop(Ending.STEP_LIMIT, f"{self._spec.max_calls} calls")
                self._release(answered)
            return self._stop(Ending.DEADLINE, f"{self._spec.deadline:g} s are over")
        finally:
            self._release(_FAILED)  # where nothing else was told

    def _next(self) -> ModelCall:
        site = self._calls.site
        terms = {
            "agent": f"{site.market}/{site.model}",
            "session": site.session.isoformat(),
            "bar": self._desk.view.at.isoformat(),
            "after": self._before,
            "told": self._told,
        }
        call = self._calls.put(Question(terms), self._wait)
        name = json.loads(call.reply).get("name")
        said = "is not heard of" if name is None else f"calls for {name}"
        self._desk.transcript.add("agent", said, id=call.key, usage=call.usage)
        self._before = call.key
        return call

    def _wait(self) -> Answer:
        began = self._clock()
        self._asked = asked = self._window.take(self._ends - began)
        usage = Usage(seconds=round(self._clock() - began, 6))
        if asked is None:
            return Answer(Outcome.DEADLINE, "{}", usage)
        said = {"name": asked.name, "arguments": asked.arguments}
        return Answer(Outcome.REPLIED, json.dumps(said), usage)

    def _carry_out(self, kept: ModelCall) -> Answered:
        said = json.loads(kept.reply)
        call = ToolCall(f"call_{self._calls.made}", said["name"], said["arguments"])
        answered = carry_out(self._tools, call, self._desk.transcript)
        self._told = answered.text
        return answered

    def _release(self, answered: Answered, over: str | None = None) -> None:
        """Give the agent its answer. What it calls for after that is for the next bar if this one
        is `over`; what it had called for before was for this one."""
        asked, self._asked = self._asked, None
        if asked is None:
            return
        if over is not None:
            self._window.turn_away(self._over(over))
        asked.answer.set_result(answered)

    def _stop(self, ending: Ending, why: str) -> Ending:
        self._desk.transcript.add("arena", f"{ending.value}: {why}, and not finished yet")
        self._window.interrupt(self._over(f"was ended ({why})"))
        return ending

    def _over(self, what: str) -> str:
        return f"error: {self._tools.desk_tools.clock} {what}: ask again for what is open now"
