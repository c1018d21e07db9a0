"""The four ways to ask a provider, and its answers in the words of each."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tests.agents.llm.provider import Sent

Call = tuple[str, dict[str, Any]]
EVENTS = {"Content-Type": "text/event-stream"}
JSON = {"Content-Type": "application/json"}
USAGE = (100, 40, 20, 8)  # tokens: input, cached among it, output, reasoning among it


@dataclass(frozen=True)
class Way:
    """An API, asked for a stream or not."""

    api: Literal["chat", "responses"]
    stream: bool

    @property
    def path(self) -> str:
        return "/v1/chat/completions" if self.api == "chat" else "/v1/responses"

    def document(self, text: str, *calls: Call, **changes: Any) -> dict[str, Any]:
        """An answer in one piece."""
        make = _completion if self.api == "chat" else _response
        return {**make(text, calls), **changes}

    def says(self, text: str, *calls: Call, **changes: Any) -> Sent:
        return self.sent(self.document(text, *calls, **changes))

    def sent(self, document: Mapping[str, Any]) -> Sent:
        if not self.stream:
            return Sent(json.dumps(document), headers=JSON)
        cut = _chunks if self.api == "chat" else _events
        lines = [f"data: {json.dumps(event)}\n\n" for event in cut(document)]
        return Sent("".join([": keep-alive\n\n", *lines, "data: [DONE]\n\n"]), headers=EVENTS)

    def refuses(self, why: str) -> Sent:
        """In the answer's own place for it."""
        document = self.document("")
        if self.api == "chat":
            document["choices"][0]["message"] = {"role": "assistant", "refusal": why}
        else:
            content = [{"type": "refusal", "refusal": why}]
            document["output"] = [{"type": "message", "role": "assistant", "content": content}]
        return self.sent(document)

    def filtered(self) -> Sent:
        """By the provider's content filter, in the middle of an answer."""
        document = self.document("I would")
        if self.api == "chat":
            document["choices"][0]["finish_reason"] = "content_filter"
        else:
            reason = {"reason": "content_filter"}
            document |= {"status": "incomplete", "incomplete_details": reason}
        return self.sent(document)


WAYS = [Way(api, stream) for api in ("chat", "responses") for stream in (False, True)]
CHAT = WAYS[0]


def name(way: Way) -> str:
    return f"{way.api}{'-stream' if way.stream else ''}"


def _completion(text: str, calls: Iterable[Call]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text}
    told = [
        {
            "id": f"call_{n}",
            "type": "function",
            "function": {"name": tool, "arguments": json.dumps(arguments)},
        }
        for n, (tool, arguments) in enumerate(calls)
    ]
    if told:
        message["tool_calls"] = told
    asked, cached, answered, thought = USAGE
    return {
        "id": "one",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "message": message, "finish_reason": "tool_calls" if told else "stop"}
        ],
        "usage": {
            "prompt_tokens": asked,
            "prompt_tokens_details": {"cached_tokens": cached},
            "completion_tokens": answered,
            "completion_tokens_details": {"reasoning_tokens": thought},
        },
    }


def _response(text: str, calls: Iterable[Call]) -> dict[str, Any]:
    said = {
        "id": "said",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    told = [
        {
            "type": "function_call",
            "call_id": f"call_{n}",
            "name": tool,
            "arguments": json.dumps(arguments),
        }
        for n, (tool, arguments) in enumerate(calls)
    ]
    asked, cached, answered, thought = USAGE
    return {
        "id": "one",
        "object": "response",
        "model": "m",
        "status": "completed",
        "error": None,
        "output": [{"type": "reasoning", "id": "r", "summary": []}, said, *told],
        "usage": {
            "input_tokens": asked,
            "input_tokens_details": {"cached_tokens": cached},
            "output_tokens": answered,
            "output_tokens_details": {"reasoning_tokens": thought},
        },
    }


def _chunks(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """As OpenAI cuts a completion up: words, calls, the reason of its end, what it took."""
    head = {k: document[k] for k in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    choice = document["choices"][0]
    message = choice["message"]

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    yield chunk({"role": "assistant", "content": "" if message.get("content") else None})
    for field in ("content", "refusal"):
        for piece in _pieces(message.get(field) or ""):
            yield chunk({field: piece})
    for index, call in enumerate(message.get("tool_calls", ())):
        start = {**call, "index": index, "function": {**call["function"], "arguments": ""}}
        yield chunk({"tool_calls": [start]})
        for piece in _pieces(call["function"]["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, choice["finish_reason"])
    if "usage" in document:
        yield {**head, "choices": [], "usage": document["usage"]}


def _events(document: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    yield {"type": "response.created", "response": {**document, "output": []}}
    yield {"type": "response.output_text.delta", "delta": "ignored, since the whole comes"}
    yield {"type": f"response.{document['status']}", "response": dict(document)}


def _pieces(text: str) -> Iterable[str]:
    return (text[start : start + 7] for start in range(0, len(text), 7))
