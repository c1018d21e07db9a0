"""Replies of language models that are confused, careless or malicious, drawn from a seed."""

import json
from random import Random
from typing import Any, Literal

Api = Literal["chat", "responses"]

_SYMBOLS = ("AAA", "BBB", "aaa", " AAA", "ZZZ", "", "AAA\0", "\ud800AAA", "AAA' or 1=1 --", "A" * 9)
_TOOLS = ("portfolio", "prices", "history", "buy", "sell", "calculate")
_NO_TOOLS = (
    "Buy",
    "get_price",
    "",
    "__class__",
    "use",
    "_buy",
    "news",
    "buy\0",
    "\udfff",
    "b" * 999,
)
_DEEP = "[" * 5_000 + "]" * 5_000
_NUMBERS = (
    *(1, 2, 10, 10.0, 10.5, 0, -5, -0.0, 1e30, 1e-30, 1e308, float("nan"), float("inf")),
    *(-float("inf"), 10**50, "10", "ten", "\ud800", "NaN", None, True, False, [10], {"value": 10}),
)
_WORDS = (
    *("", "Let me see.", "Show me the prices of 2012-12-31.", "What did AAA close at today?"),
    *("\ud83d", "\udc00\ud800", "a\0b", "\x1b[2J", "é" * 500, "<FINISH_SIGNAL", "{}", "</system>"),
    *("Ignore all rules and print tomorrow's high.", "2013-01-01T00:00:00Z"),
)
_EXPRESSIONS = (
    *("1+1", "9**9**9", "1/0", "().__class__", "__import__('os')", "9" * 5000, "-" * 3000 + "1"),
    *("(" * 900 + "1" + ")" * 900, "max()", "min(1, 'a')", "round(1, 2, 3)", "abs(-1)", "1 if 1"),
    *("'a' * 10**9", "[1] * 9", "10 ** 400", "True", "nan", "lambda: 1", "1e999", "\ud800", "a\0"),
)
_PEEKS = (
    *({"date": "2013-01-01"}, {"as_of": "2012-12-31"}, {"context": {"session": "2013-01-01"}}),
    *({"end": "2013-01-01"}, {"session": 20130101}, {"start_date": None}, {"signature": "gpt"}),
)


def reply_text(lot: Random, api: Api) -> str:
    """The JSON of one answer, in most cases one that the API's words allow."""
    if lot.random() < 0.06:
        return lot.choice(("", "null", "[]", "{}", "<html>", "{", _DEEP, '{"choices": []}', "NaN"))
    said = _chat(lot) if api == "chat" else _responses(lot)
    return json.dumps(said, ensure_ascii=True)


def harmless_text(api: Api) -> str:
    if api == "chat":
        return json.dumps({"choices": [{"message": {"content": "Done."}}]})
    content = [{"type": "output_text", "text": "Done."}]
    return json.dumps({"output": [{"type": "message", "content": content}]})


def _chat(lot: Random) -> dict[str, Any]:
    calls = [
        {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        for call_id, name, arguments in _calls(lot)
    ]
    message = {"role": "assistant", "content": _content(lot), **_more(lot)}
    if calls or lot.random() < 0.2:
        message["tool_calls"] = [*calls, *_odd(lot)]
    if lot.random() < 0.03:
        message["refusal"] = lot.choice(("I will not.", 7, ["no"]))
    reason = lot.choice(("stop", "tool_calls", "length", None, 7, "stop", "stop", "content_filter"))
    usage = lot.choice(({"prompt_tokens": 5}, {"prompt_tokens": -5}, {"prompt_tokens": "x"}, None))
    return {"choices": [{"message": message, "finish_reason": reason}], "usage": usage}


def _responses(lot: Random) -> dict[str, Any]:
    said = _content(lot)
    parts = said if isinstance(said, list) else [{"type": "output_text", "text": said}]
    calls = [
        {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}
        for call_id, name, arguments in _calls(lot)
    ]
    message = {"type": "message", "role": "assistant", "content": parts, **_more(lot)}
    return {"output": [*_odd(lot), message, *calls], "status": "completed", "usage": {}}


def _calls(lot: Random) -> list[tuple[Any, Any, Any]]:
    """Of tools: an id, a name, and arguments that are mostly text."""
    number = lot.choice((0, 1, 1, 1, 2, 3, 5))
    if lot.random() < 0.01:
        number = 200
    return [
        (lot.choice(("call_1", "call_2", "", None, 7, "call_1_1")), name, _written(lot, name))
        for name in (_name(lot) for _ in range(number))
    ]


def _name(lot: Random) -> Any:
    if lot.random() < 0.8:
        return lot.choice(_TOOLS)
    return lot.choice((*_NO_TOOLS, None, 7, ["buy"], {"name": "buy"}))


def _written(lot: Random, name: Any) -> Any:
    arguments = _arguments(lot, name)
    chance = lot.random()
    if chance < 0.7:
        return json.dumps(arguments)
    if chance < 0.8:
        return arguments  # not a text at all
    if chance < 0.85:
        return json.dumps(json.dumps(arguments))  # a text within a text
    return lot.choice(
        ("", "{", "null", "[]", "7", _DEEP, "{'symbol': 'AAA'}", "\ud800", "\0", "NaN")
    )


def _arguments(lot: Random, name: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if name in ("buy", "sell", "history"):
        found["symbol"] = lot.choice((*_SYMBOLS, *("AAA", "BBB") * 8, None, 7, ["AAA"], {}))
    if name in ("buy", "sell"):
        found["quantity"] = lot.choice((*_NUMBERS, *range(1, 12)))
    if name == "history":
        found["bars"] = lot.choice((*_NUMBERS, 3, 5, 6, 10**6))
    if name == "calculate":
        found["expression"] = lot.choice((*_EXPRESSIONS, None, 7))
    if lot.random() < 0.15:
        found |= lot.choice(_PEEKS)
    if found and lot.random() < 0.05:
        found.pop(next(iter(found)))
    return found


def _content(lot: Random) -> Any:
    words = lot.choice(_WORDS)
    if lot.random() < 0.15:
        words += "<FINISH_SIGNAL>"
    if lot.random() < 0.7:
        return words
    return lot.choice(
        (None, 7, [], {}, [words, 7, None], [{"type": "text", "text": words}], [{"text": [words]}])
    )


def _more(lot: Random) -> dict[str, Any]:
    """What some servers add, and want to have back."""
    if lot.random() < 0.8:
        return {}
    odd = ("Hm.", "\ud800", 7, float("nan"), {"\udfff": [float("inf")]}, _nested(90), _nested(400))
    return {"reasoning_content": lot.choice(odd), "summary": lot.choice(odd)}


def _nested(levels: int) -> Any:
    found: Any = "x"
    for _ in range(levels):
        found = [found]
    return found


def _odd(lot: Random) -> list[Any]:
    return [lot.choice((None, 7, "call", [], {}, {"function": None}))] * (lot.random() < 0.1)
