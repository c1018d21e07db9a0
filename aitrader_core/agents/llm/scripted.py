"""A language model that follows a script: it stands in for a real one where there is no network.

It speaks the Chat Completions protocol through the real HTTP client, and decides nothing by
itself: it looks at its portfolio and the prices, buys the symbol that fell most over twenty bars
on the first session of a week, and says what it did.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2

URL, PATH = "http://scripted.invalid/v1", "/chat/completions"
_BARS = 20
_CLOSE = 4  # its column in what the tool history answers
_PART = Decimal("0.25")  # of the cash, for one buy


def transport_for() -> "httpx2.MockTransport":
    """What a client is given instead of a network."""
    import httpx2

    def answer(request: "httpx2.Request") -> "httpx2.Response":
        if not request.url.path.endswith(PATH):
            told = {"message": "the script speaks Chat Completions alone: remove api"}
            return httpx2.Response(404, json={"error": told})
        return httpx2.Response(200, json=completion(json.loads(request.content)))

    return httpx2.MockTransport(answer)


def completion(body: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to a Chat Completions request, as a server would give it."""
    messages = body["messages"]
    text, calls = _decide(messages)
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [
            {
                "id": f"call_{len(messages)}_{n}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for n, (name, arguments) in enumerate(calls)
        ]
    said, asked = json.dumps(message), json.dumps(messages)
    return {
        "id": f"scripted-{sha256(asked.encode()).hexdigest()[:16]}",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [
            {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
        ],
        "usage": {
            "prompt_tokens": len(asked) // 4,
            "completion_tokens": len(said) // 4,
            "total_tokens": len(asked) // 4 + len(said) // 4,
        },
    }


Call = tuple[str, dict[str, Any]]


def _decide(messages: Sequence[Mapping[str, Any]]) -> tuple[str, list[Call]]:
    """The next line of the script, by what the tools have answered so far."""
    answers = _answers(messages)
    if not answers:
        return "Scripted: first what I have, and what it is worth.", [
            ("portfolio", {}),
            ("prices", {}),
        ]
    prices, portfolio = answers["prices"][0], answers["portfolio"][0]
    if prices is None or portfolio is None:
        return "Scripted: that is no market. <FINISH_SIGNAL>", []
    opens, session = prices["open"], date.fromisoformat(prices["time"][:10])
    if "history" not in answers and session.weekday() == 0:
        return "Scripted: a Monday, so I look for what fell most.", [
            ("history", {"symbol": symbol, "bars": _BARS}) for symbol in sorted(opens)
        ]
    if "history" in answers and "buy" not in answers and (call := _buy(answers, opens, portfolio)):
        return f"Scripted: {call[1]['symbol']} fell most, so I buy some.", [call]
    return "Scripted: nothing more to do. <FINISH_SIGNAL>", []


def _buy(
    answers: Mapping[str, Any], opens: Mapping[str, str], portfolio: Mapping[str, Any]
) -> Call | None:
    falls = {}
    for history in answers["history"]:
        if history is not None and (bars := history["bars"]):
            symbol = history["symbol"]
            falls[symbol] = Decimal(opens[symbol]) / Decimal(bars[0][_CLOSE])
    if not falls:
        return None
    symbol = min(falls, key=lambda name: (falls[name], name))
    quantity = int(Decimal(portfolio["cash"]) * _PART / Decimal(opens[symbol]))
    return ("buy", {"symbol": symbol, "quantity": quantity}) if quantity else None


def _answers(messages: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """What the tools answered, by their names; None for what they could not."""
    names = {
        call["id"]: call["function"]["name"]
        for message in messages
        for call in message.get("tool_calls") or ()
    }
    found: dict[str, list[Any]] = {}
    for message in messages:
        if message["role"] == "tool":
            name = names[message["tool_call_id"]]
            text = message["content"]
            found.setdefault(name, []).append(json.loads(text) if text[:1] == "{" else None)
    return found
