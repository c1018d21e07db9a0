"""The Chat Completions API."""

from collections.abc import Mapping, Sequence
from typing import Any

from aitrader_core.agents.llm import chat_stream
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

_FILTERED = "content_filter"
_BROKEN = "error"  # OpenRouter, whose own provider failed in the middle


class Chat:
    path = "/chat/completions"
    streamed: Mapping[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}

    def opening(self, system: str, user: str) -> list[Item]:
        return [{"role": "system", "content": system}, {"role": "user", "content": user}]

    def body(self, items: Sequence[Item], tools: Sequence[Tool]) -> dict[str, Any]:
        told = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                },
            }
            for tool in tools
        ]
        return {"messages": list(items), **({"tools": told} if told else {})}

    def read(self, reply: object, number: int) -> Reply:
        choice = part(reply, "choices", 0)
        message, reason = part(choice, "message"), part(choice, "finish_reason")
        if reason == _FILTERED and message is None:
            message = {}
        if not isinstance(message, dict) or reason == _BROKEN:
            raise Garbled(words(part(choice, "error", "message")) or "the answer has no message")
        text, refusal = words(message.get("content")), words(message.get("refusal"))
        if reason == _FILTERED:
            refusal = refusal or "the provider's content filter stopped the answer"
        asked = [_call(c) for c in message.get("tool_calls") or () if isinstance(c, dict)]
        calls = distinct(asked, number)
        said: Item = {"role": "assistant", "content": text}
        if thoughts := words(message.get("reasoning_content")):
            said["reasoning_content"] = thoughts  # some ask for it back within one session
        if calls:
            said["tool_calls"] = [
                {
                    "id": c.id,
                    "type": "function",
                    "function": {"name": c.name, "arguments": c.arguments},
                }
                for c in calls
            ]
        return Reply(text, calls, refusal or None, (said,))

    def usage(self, reply: object) -> Usage:
        return Usage(
            count(part(reply, "usage", "prompt_tokens")),
            count(part(reply, "usage", "prompt_tokens_details", "cached_tokens")),
            count(part(reply, "usage", "completion_tokens")),
            count(part(reply, "usage", "completion_tokens_details", "reasoning_tokens")),
        )

    def answer(self, call: ToolCall, text: str) -> Item:
        return {"role": "tool", "tool_call_id": call.id, "content": text}

    def is_last(self, event: object) -> bool:  # noqa: ARG002
        return False  # [DONE] ends it, which the client knows

    def joined(self, events: Sequence[object]) -> dict[str, Any]:
        return chat_stream.joined(events)


def _call(raw: Item) -> ToolCall:
    name = words(part(raw, "function", "name"))
    return ToolCall(words(raw.get("id")), name, written(part(raw, "function", "arguments")))
