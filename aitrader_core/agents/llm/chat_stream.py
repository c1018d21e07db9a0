"""A streamed chat completion, put together to what it had been in one piece."""

import json
from collections.abc import Iterable
from typing import Any

from aitrader_core.agents.llm.dialect import Garbled, part

_TEXTS = ("content", "refusal", "reasoning_content")
_ONCE = ("id", "object", "created", "model", "system_fingerprint", "service_tier")


def joined(chunks: Iterable[object]) -> dict[str, Any]:
    """Raises Garbled where the stream ended before the answer did."""
    whole: dict[str, Any] = {}
    message: dict[str, Any] = {"role": "assistant", "content": None}
    calls: list[dict[str, Any]] = []
    reason = None
    for chunk in chunks:
        whole |= {k: v for k in _ONCE if k not in whole and (v := part(chunk, k)) is not None}
        whole |= {"usage": usage} if (usage := part(chunk, "usage")) else {}
        delta = part(chunk, "choices", 0, "delta")
        for name in _TEXTS:
            if isinstance(text := part(delta, name), str):
                message[name] = (message.get(name) or "") + text
        raw = part(delta, "tool_calls")
        for piece in raw if isinstance(raw, list) else ():
            _add(calls, piece)
        reason = part(chunk, "choices", 0, "finish_reason") or reason
    if reason is None:
        raise Garbled("the stream ended before the answer did")
    if calls:
        message["tool_calls"] = [{k: v for k, v in c.items() if k != "index"} for c in calls]
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {**whole, "object": "chat.completion", "choices": [choice]}


def _add(calls: list[dict[str, Any]], piece: object) -> None:
    """To the call that it goes on with: by index, unless an id says that it is another one."""
    index, call_id = part(piece, "index"), part(piece, "id")
    at = next((c for c in reversed(calls) if index in (None, c["index"])), None)
    if at is None or (call_id and at["id"] and call_id != at["id"]):
        at = {"index": index, "id": "", "type": "function", "function": {}}
        at["function"] |= {"name": "", "arguments": ""}
        calls.append(at)
    at["id"] = at["id"] or call_id or ""
    name, told = part(piece, "function", "name"), at["function"]
    if isinstance(name, str) and name != told["name"]:  # some repeat it in every piece
        told["name"] += name
    arguments = part(piece, "function", "arguments")
    if arguments is not None:
        told["arguments"] += arguments if isinstance(arguments, str) else json.dumps(arguments)
