"""A model-day ends with a paragraph, and the paragraph knows what really happened."""

import json
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from aitrader_core.agents.agent import Terms
from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.llm.language_model import LanguageModel, PreparedModel
from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.runner.settings import project_root
from tests.runner.scripted_days import answered_by
from tests.simulation.tapes import MONDAY, SYMBOLS, A, B, run_days, tape_of

TAPE = tape_of({A: "10 11 12", B: "20 21 22"})
FACTS = "Bought 3 AAA at 10.00. Refused: buy 1000 BBB (costs 20000.00, cash is 9970.00). "
LEFT = "Ends with 9970.00 in cash and 3 AAA."
BUYS = [("buy", {"symbol": A, "quantity": 3}), ("buy", {"symbol": B, "quantity": 1000})]


def model(**spec: Any) -> PreparedModel:
    made = LanguageModel(model="scripted", endpoint="scripted", tries=1, **spec)
    return made.prepared(project_root() / "configs", {}, SYMBOLS)


def message(text: str, calls: Any = ()) -> httpx2.Response:
    asked = [
        {"id": f"c{n}", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for n, (name, arguments) in enumerate(calls)
    ]
    said = {"role": "assistant", "content": text, "tool_calls": asked}
    return httpx2.Response(200, json={"choices": [{"message": said}], "usage": {}})


def trade(
    monkeypatch: pytest.MonkeyPatch, told: httpx2.Response | None, **spec: Any
) -> tuple[ModelDay, list[dict[str, Any]]]:
    """A day on which the model buys, and what it was asked in the end."""
    asked: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        asked.append(body)
        if "session is over" in body["messages"][-1]["content"]:
            assert told is not None
            return told
        return message("So be it.", BUYS if len(asked) == 1 else ())

    answered_by(monkeypatch, answer)
    agent, connections = model(**spec), Connections("test", "model")
    (day,) = run_days(agent.connected(connections), TAPE, MONDAY, 1)
    offline = agent.connected(replace(connections, mode="replay"))
    assert run_days(offline, TAPE, MONDAY, 1) == [day]
    return day, asked


def test_it_is_of_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    day, asked = trade(monkeypatch, None)
    assert day.summary == FACTS + LEFT
    assert len(asked) == 2


def test_a_model_tells_it_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    day, asked = trade(monkeypatch, message("I bought AAA, for it is cheap."), summary="model")
    assert day.summary == "I bought AAA, for it is cheap."
    system, request = (line["content"] for line in asked[-1]["messages"])
    assert f"You are at the open of {MONDAY}" in system
    assert FACTS in request
    assert "tools" not in asked[-1]


def test_what_the_model_forgets_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    day, _ = trade(monkeypatch, message("I bought CCC."), summary="model")
    assert day.summary == f"I bought CCC. {FACTS}{LEFT}"


@pytest.mark.parametrize("answer", [httpx2.Response(500), message("")], ids=["none", "empty"])
def test_a_day_stands_without_the_model_s_words(
    monkeypatch: pytest.MonkeyPatch, answer: httpx2.Response
) -> None:
    day, _ = trade(monkeypatch, answer, summary="model")
    assert day.summary == FACTS + LEFT
    assert day.ending is Ending.DONE


BUDGETS = [({"budget": {"day": {"dollars": 1}}}, False), ({}, True)]


@pytest.mark.parametrize(("spec", "in_dollars"), BUDGETS, ids=["its own", "its job's"])
def test_a_budget_in_dollars_needs_a_price(spec: dict[str, Any], in_dollars: bool) -> None:
    from pydantic import TypeAdapter

    read = TypeAdapter(LanguageModel).validate_python
    terms = Terms(SYMBOLS, in_dollars=in_dollars)
    config_dir, content = project_root() / "configs", {"model": "of my own", **spec}
    local = {"endpoint": "http://127.0.0.1:1/v1"}
    with pytest.raises(ConfigError, match="of my own: its price is in no list, .* token_prices"):
        read({**content, **local}).prepared(config_dir, {}, SYMBOLS).check(terms)
    priced = {**content, **local, "token_prices": {"input": 1, "output": 2}}
    read(priced).prepared(config_dir, {}, SYMBOLS).check(terms)
    listed = {**content, **local, "model": "gpt-5-mini"}
    read(listed).prepared(config_dir, {}, SYMBOLS).check(terms)
