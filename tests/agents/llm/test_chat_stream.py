"""What servers send in place of OpenAI's own stream of a tool call."""

from typing import Any

import pytest

from aitrader_core.agents.llm.chat_stream import joined
from aitrader_core.agents.llm.dialect import Garbled

END = {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
WHOLE = ['a {"x":1}', 'b {"x":1}']


def piece(text: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    call = {"function": {"name": name, "arguments": text}, **more}
    return {"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(
            [
                piece('{"x"', "a", index=0, id="1"),
                piece('{"x"', "b", index=1, id="2"),
                piece(":1}", index=0),
                piece(":1}", index=1),
            ],
            id="in turns",
        ),
        pytest.param(
            [piece('{"x":1}', "a", index=0, id="1"), piece('{"x":1}', "b", index=0, id="2")],
            id="an index for all",
        ),
        pytest.param(
            [
                piece('{"x"', "a", id="1"),
                piece(":1}"),
                piece('{"x"', "b", id="2"),
                piece(":1}", id="2"),
            ],
            id="no index",
        ),
        pytest.param(
            [
                piece('{"x"', "a", index=0, id="1"),
                piece(":1}", "a", index=0, id="1"),
                piece('{"x"', "b", index=1, id="2"),
                piece(":1}", "b", index=1, id="2"),
            ],
            id="the name in each piece",
        ),
    ],
)
def test_calls_are_put_together(pieces: list[dict[str, Any]]) -> None:
    (choice,) = joined([*pieces, END])["choices"]
    calls = choice["message"]["tool_calls"]
    assert [f"{c['function']['name']} {c['function']['arguments']}" for c in calls] == WHOLE
    assert [c["id"] for c in calls] == ["1", "2"]


def test_arguments_may_come_as_an_object() -> None:
    call = {"index": 0, "id": "1", "function": {"name": "a", "arguments": {"x": 1}}}
    delta = {"choices": [{"delta": {"tool_calls": [call, None, 3]}, "finish_reason": "stop"}]}
    (told, *_) = joined([delta])["choices"][0]["message"]["tool_calls"]
    assert told["function"] == {"name": "a", "arguments": '{"x": 1}'}


@pytest.mark.parametrize("events", [[], [None, 3, {}], [piece("{", "a", index=0)]])
def test_a_stream_without_its_end_is_none(events: list[object]) -> None:
    with pytest.raises(Garbled, match="ended before"):
        joined(events)
