"""What was said on a model-day as AI-Trader logs it: the lines of a log.jsonl."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from aitrader_core.domain.transcript import Entry

FINISH_SIGNAL = "<FINISH_SIGNAL>"
_TOOL_RESULTS = "Tool results: "
_ROLES = {
    "system": "system",
    "user": "user",
    "model": "assistant",
    "agent": "assistant",
    "tool": "tool",
}


def log_lines(entries: Iterable[Entry], signature: str) -> Iterator[str]:
    """A line for each message, in order. What the arena itself notes (orders, corrections, the
    summary) is no message: position.jsonl has the trades."""
    for entry in entries:
        if (message := _message(entry)) is None:
            continue
        told = [message] if _is_listed(message) else message
        yield json.dumps({"signature": signature, "new_messages": told}, ensure_ascii=False)


def _message(entry: Entry) -> dict[str, Any] | None:
    if entry.role == "call":
        function = {"name": entry.tool or "", "arguments": entry.text}
        call = {"id": entry.id, "type": "function", "function": function}
        return {"role": "assistant", "content": "", "tool_calls": [call]}
    if entry.role not in _ROLES:
        return None
    message = {"role": _ROLES[entry.role], "content": entry.text}
    if entry.role == "tool":
        named = {"name": entry.tool, "tool_call_id": entry.id}
        message |= {key: value for key, value in named.items() if value is not None}
    return message


def _is_listed(message: dict[str, Any]) -> bool:
    """AI-Trader logs what a session begins with and what ends it as a list, and the rest bare."""
    if message["role"] == "user":
        return not message["content"].startswith(_TOOL_RESULTS)
    return message["role"] == "assistant" and FINISH_SIGNAL in message["content"]
