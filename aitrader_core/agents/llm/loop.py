"""The whole conversation of a language model with its tools, over one bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aitrader_core.agents.llm.dialect import Dialect, Item, Reply, Tool, ToolCall
from aitrader_core.domain.errors import ToolError
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.transcript import Transcript

MOST_CALLS = 64  # of tools, in one reply


class Stopped(Exception):  # noqa: N818 - says what is so
    """The conversation ends here, for a reason that has a name."""

    def __init__(self, ending: Ending, why: str) -> None:
        super().__init__(why)
        self.ending = ending


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a call, or what was wrong with it."""

    text: str
    is_error: bool = False


class Asks(Protocol):
    """Puts a conversation to the model. Raises Stopped, or what made it impossible."""

    def __call__(self, items: Sequence[Item], tools: Sequence[Tool]) -> Reply: ...


class Toolbox(Protocol):
    """The tools of one desk."""

    @property
    def tools(self) -> Sequence[Tool]: ...

    def use(self, name: str, arguments: str) -> str:
        """What the tool answers. Raises ToolError for a mistake of the model's."""


def converse(
    dialect: Dialect,
    items: list[Item],
    ask: Asks,
    toolbox: Toolbox,
    transcript: Transcript,
    max_steps: int,
) -> Ending:
    """Ask, do what the model calls for, tell it what came of it, until it is done.

    A call in the same reply as the finish signal is carried out before the end.
    """
    try:
        for _ in range(max_steps):
            reply = ask(items, toolbox.tools)
            items.extend(reply.items)
            for position, call in enumerate(reply.calls):
                is_too_much = position >= MOST_CALLS
                answered = carry_out(toolbox, call, transcript, is_too_much=is_too_much)
                items.append(dialect.answer(call, answered.text))
            if reply.refusal is not None:
                raise Stopped(Ending.REFUSED_BY_PROVIDER, reply.refusal)
            if reply.is_finished:
                return Ending.DONE
        raise Stopped(Ending.STEP_LIMIT, f"{max_steps} replies, and not done yet")
    except Stopped as stop:
        transcript.add("arena", f"{stop.ending.value}: {stop}")
        return stop.ending


def carry_out(
    toolbox: Toolbox, call: ToolCall, transcript: Transcript, *, is_too_much: bool = False
) -> Answered:
    """Both the call and its answer go to the transcript."""
    transcript.add("call", call.arguments, call.name, call.id)
    try:
        if is_too_much:
            raise ToolError(f"too many calls in one reply: {MOST_CALLS} at most")
        answered = Answered(toolbox.use(call.name, call.arguments))
    except ToolError as mistake:
        answered = Answered(f"error: {mistake}", is_error=True)
    transcript.add("tool", answered.text, call.name, call.id)
    return answered
