"""The Responses API, asked to keep nothing: the whole conversation is sent each time."""

from collections.abc import Mapping, Sequence
from typing import Any

from aitrader_core.agents.llm.dialect import (
    Garbled,
    Item,
    Reply,
    Tool,
    ToolCall,
    count,
    distinct,
    part,
    words,
    written,
)
from aitrader_core.domain.transcript import Usage

_CALL, _MESSAGE = "function_call", "message"
_LAST = ("response.completed", "response.incomplete", "response.failed", "error")


class Responses:
    path = "/responses"
    streamed: Mapping[str, Any] = {"stream": True}

    def opening(self, system: str, user: str) -> list[Item]:
        return [{"role": "system", "content": system}, {"role": "user", "content": user}]

    def body(self, items: Sequence[Item], tools: Sequence[Tool]) -> dict[str, Any]:
        told = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": False,
            }
            for tool in tools
        ]
        kept = {"store": False, "include": ["reasoning.encrypted_content"]}
        return {"input": list(items), **kept, **({"tools": told} if told else {})}

    def read(self, reply: object, number: int) -> Reply:
        output = part(reply, "output")
        if not isinstance(output, list) or part(reply, "status") == "failed":
            raise Garbled(words(part(reply, "error", "message")) or "the answer has no output")
        found = [item for item in output if isinstance(item, dict)]
        parts = [
            p
            for item in found
            if item.get("type") == _MESSAGE
            for p in item.get("content") or ()
            if isinstance(p, dict)
        ]
        refusal = "".join(words(p.get("refusal")) for p in parts)
        if part(reply, "incomplete_details", "reason") == "content_filter":
            refusal = refusal or "the provider's content filter stopped the answer"
        raw = [item for item in found if item.get("type") == _CALL]
        calls = distinct([_call(item) for item in raw], number)
        ids = iter(calls)
        items = [
            {**item, "call_id": next(ids).id} if item.get("type") == _CALL else item
            for item in found
        ]
        return Reply("".join(map(words, map(_text, parts))), calls, refusal or None, tuple(items))

    def usage(self, reply: object) -> Usage:
        return Usage(
            count(part(reply, "usage", "input_tokens")),
            count(part(reply, "usage", "input_tokens_details", "cached_tokens")),
            count(part(reply, "usage", "output_tokens")),
            count(part(reply, "usage", "output_tokens_details", "reasoning_tokens")),
        )

    def answer(self, call: ToolCall, text: str) -> Item:
        return {"type": "function_call_output", "call_id": call.id, "output": text}

    def is_last(self, event: object) -> bool:
        return part(event, "type") in _LAST

    def joined(self, events: Sequence[object]) -> dict[str, Any]:
        """The last event carries the whole of it."""
        last = events[-1] if events else None
        found = last if part(last, "type") == "error" else part(last, "response")
        if not self.is_last(last) or not isinstance(found, dict):
            raise Garbled("the stream ended before the answer did")
        return found


def _text(content: Item) -> object:
    return content.get("text")


def _call(item: Item) -> ToolCall:
    return ToolCall(
        words(item.get("call_id")), words(item.get("name")), written(item.get("arguments"))
    )
