"""How a conversation is written in an API's own words: a protocol, and what comes back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aitrader_core.domain.transcript import Usage

Item = dict[str, Any]  # one line of a conversation as the API has it
FINISH_SIGNAL = "<FINISH_SIGNAL>"  # what prompts written for AI-Trader end a session with


class Garbled(Exception):  # noqa: N818 - says what is so
    """An answer that is no answer: cut off, or not in the API's own words. Asked again."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`arguments` is the text that the model wrote, JSON if all is well."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said: words, calls, or that it will not. `items` go into the next question."""

    text: str
    calls: tuple[ToolCall, ...]
    refusal: str | None
    items: tuple[Item, ...]

    @property
    def is_finished(self) -> bool:
        return not self.calls or FINISH_SIGNAL in self.text


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool as a model is told of it; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class Dialect(Protocol):
    """Chat Completions, or Responses."""

    path: str
    streamed: Mapping[str, Any]  # what a request for a stream has in its body

    def opening(self, system: str, user: str) -> list[Item]: ...

    def body(self, items: Sequence[Item], tools: Sequence[Tool]) -> dict[str, Any]:
        """The part of a request's body that tells the conversation and the tools."""

    def read(self, reply: object, number: int) -> Reply:
        """Of the JSON of an answer, the `number`th of its day. Raises Garbled."""

    def usage(self, reply: object) -> Usage:
        """Tokens as the answer counts them; zero where it does not."""

    def answer(self, call: ToolCall, text: str) -> Item: ...

    def is_last(self, event: object) -> bool:
        """Of a streamed answer: whether nothing more is wanted of it."""

    def joined(self, events: Sequence[object]) -> dict[str, Any]:
        """A streamed answer as it had been in one piece. Raises Garbled for the start of one."""


def part(value: object, *path: str | int) -> Any:
    """Of nested JSON; None where there is no such place."""
    for key in path:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and len(value) > key else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def words(value: object) -> str:
    """A text, or a list of parts that have one."""
    if isinstance(value, list):
        return "".join(words(part(item, "text")) for item in value)
    return value if isinstance(value, str) else ""


def count(value: object) -> int:
    """A number of tokens; a server may write anything."""
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if 0 <= value < 2**40 else 0


def written(arguments: object) -> str:
    """The arguments of a call as text, whatever they came as."""
    if isinstance(arguments, str):
        return arguments
    return "" if arguments is None else json.dumps(arguments)


def distinct(calls: Sequence[ToolCall], number: int) -> tuple[ToolCall, ...]:
    """With ids that are there and differ, as the API wants them back."""
    seen: set[str] = set()
    found = []
    for at, call in enumerate(calls, 1):
        call_id = call.id if call.id and call.id not in seen else f"call_{number}_{at}"
        seen.add(call_id)
        found.append(ToolCall(call_id, call.name, call.arguments))
    return tuple(found)
