"""What a model's file says is what the arena does: repeats, requirements, what can't be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from aitrader_core.agents.llm.calls import recorded_question
from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.arena import Model
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from tests.small import DAYS, Small

SCRIPTED: dict[str, Any] = {"kind": "llm", "model": "scripted", "endpoint": "scripted"}


@pytest.fixture
def unstored(config_dir: Path) -> Small:
    """An arena that is only read: nothing listens behind its engine."""
    made = Small(config_dir, create_engine("postgresql+psycopg://"))
    made.configure()
    return made


def configured(small: Small, **spec: Any) -> dict[str, Model]:
    """The models of an arena that has one file, `one`."""
    small.model("one", **spec)
    small.configure(models=["one"])
    return small.floor.arena.models


def fault(small: Small, **spec: Any) -> str:
    """What is said of the file `one`, after its place."""
    with pytest.raises(ConfigError) as error:
        configured(small, **spec)
    place, _, told = str(error.value).partition("configs/models/small/one.yaml: ")
    assert place.startswith(str(small.config_dir.parent))
    return told.replace(str(small.config_dir), "configs")


def trade(floor: Floor, model: str, sessions: int = 2) -> list[ModelDay]:
    plan = Plan(model, tuple(DAYS[:sessions]), Origin("test", "test"), may_start=True)
    steps = list(walk(floor, plan))
    assert [type(step) for step in steps] == [Made] * sessions
    return [step.day for step in steps if isinstance(step, Made)]


def questions(floor: Floor, model: str) -> Iterator[dict[str, Any]]:
    for session in DAYS:
        for call in floor.calls.of_day("small", model, session):
            yield recorded_question(floor.calls, call)


# Repeats ----------------------------------------------------------------------------------------


def test_each_repeat_has_its_own_seed_and_its_own_calls(small: Small) -> None:
    configured(small, **SCRIPTED, repeats=3, parameters={"seed": 40, "temperature": 1})
    small.configure(models=["one"], history=20)
    small.priced()
    floor = small.floor
    models = floor.arena.models
    assert list(models) == ["one", "one@2", "one@3"]
    assert len({model.config_hash for model in models.values()}) == 3
    for model in models:
        trade(floor, model)
    asked = {model: list(questions(floor, model)) for model in models}
    assert {m: {q["body"]["seed"] for q in asked[m]} for m in models} == {
        "one": {40},
        "one@2": {41},
        "one@3": {42},
    }
    assert all(q["body"]["temperature"] == 1 for told in asked.values() for q in told)
    assert len({len(told) for told in asked.values()}) == 1  # none took another's answers


def test_a_repeat_without_a_seed_is_asked_again_too(small: Small) -> None:
    """Its number is in the key of a call; the provider may well answer otherwise."""
    configured(small, **SCRIPTED, repeats=2)
    small.configure(models=["one"], history=20)
    small.priced()
    for model in ("one", "one@2"):
        trade(small.floor, model, 1)
    first, second = (
        [call.key for call in small.floor.calls.of_day("small", model, DAYS[0])]
        for model in ("one", "one@2")
    )
    assert len(first) == len(second) > 0
    assert not set(first) & set(second)
    assert [q["body"] for q in questions(small.floor, "one")] == [
        q["body"] for q in questions(small.floor, "one@2")
    ]


@pytest.mark.parametrize("kind", ["buy_and_hold", "equal_weight"])
def test_what_decides_the_same_every_time_has_no_repeats(unstored: Small, kind: str) -> None:
    assert fault(unstored, kind=kind, repeats=2) == (
        f"repeats: a model of kind {kind} decides the same every time: remove it"
    )
    assert list(configured(unstored, kind="random", repeats=2)) == ["one", "one@2"]


def test_a_repeat_and_a_file_of_its_name_are_one_too_many(unstored: Small) -> None:
    unstored.model("one@2", kind="random")
    unstored.model("one", kind="random", repeats=2)
    unstored.configure(models=["one@2", "one"])
    with pytest.raises(ConfigError, match=r"arenas/small.yaml: models: there are two of one@2"):
        unstored.floor  # noqa: B018 - reads the configuration


def test_what_does_not_decide_a_result_changes_no_hash(
    unstored: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEEDED", "x")
    bare = configured(unstored, **SCRIPTED)["one"].config_hash
    told = {"repeats": 3, "knowledge_cutoff": "2012-01-31", "requires": "NEEDED"}
    assert configured(unstored, **SCRIPTED, **told)["one"].config_hash == bare
    assert configured(unstored, **SCRIPTED, max_steps=29)["one"].config_hash != bare
    assert configured(unstored, **SCRIPTED, prompt="ai_trader")["one"].config_hash != bare


# Requirements -----------------------------------------------------------------------------------


def test_a_model_that_requires_what_is_not_there_is_absent(
    unstored: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    unstored.model("one", **SCRIPTED, requires="NEEDED", repeats=2)
    unstored.configure(models=["one", "random"])
    found = []
    for value in (None, "", "x"):
        if value is None:
            monkeypatch.delenv("NEEDED", raising=False)
        else:
            monkeypatch.setenv("NEEDED", value)
        found.append(list(unstored.floor.arena.models))
    assert found == [["random"], ["random"], ["one", "one@2", "random"]]


# What can't be ----------------------------------------------------------------------------------

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a prompt that is not there": (
        {"prompt": "tarder"},
        "prompt: configs/prompts/tarder.md does not exist; prompts has ai_trader, odd, trader",
    ),
    "a prompt that asks for too much": (
        {"prompt": "odd"},
        "prompt: configs/prompts/odd.md: $tomorrow is unknown; there are $session, $symbols, $lot, "
        "$history, $max_steps, $tools",
    ),
    "a password in an endpoint": (
        {"endpoint": "https://me:hunter2@proxy/v1"},
        "endpoint: a URL with a password or a query would be stored with every call: name the "
        "variable of the key instead (api_key_variable)",
    ),
    "a key in an endpoint": (
        {"endpoint": "https://proxy/v1?key=hunter2"},
        "endpoint: a URL with a password or a query would be stored with every call: name the "
        "variable of the key instead (api_key_variable)",
    ),
    "an endpoint that is none": (
        {"endpoint": "me:hunter2@proxy"},
        "endpoint: is no URL such as https://api.openai.com/v1",
    ),
    "an endpoint in half": (
        {"endpoint": "http://[::1"},
        "endpoint: is no URL such as https://api.openai.com/v1",
    ),
    "a parameter that is ours": (
        {"parameters": {"temperature": 0, "messages": []}},
        "parameters.messages is for aitrader to set: remove it",
    ),
    "a parameter that JSON does not have": (
        {"parameters": {"until": DAYS[0]}},
        "parameters: can't be sent as JSON: Object of type date is not JSON serializable",
    ),
    "a parameter that is no number": (
        {"parameters": {"temperature": float("nan")}},
        "parameters: can't be sent as JSON: Out of range float values are not JSON compliant",
    ),
    "news under a disguise": (
        {"anonymise": True, "tools": ["portfolio", "news"]},
        "tools: news tells what anonymise hides: remove one of the two",
    ),
    "a tool that is none": ({"tools": ["portfolo"]}, "tools.0: Input should be 'portfolio', "),
    "too many repeats": ({"repeats": 100}, "repeats: Input should be less than or equal to 99"),
    "a cutoff that is no date": ({"knowledge_cutoff": "soon"}, "knowledge_cutoff: Input should be"),
    "an unknown key": ({"max_step": 9}, "max_step: unknown key; did you mean max_steps? allowed"),
}


@pytest.mark.parametrize("what", FAULTS)
def test_what_can_t_be_is_told_with_file_and_key(unstored: Small, what: str) -> None:
    changes, sentence = FAULTS[what]
    (unstored.config_dir / "prompts" / "odd.md").write_text("Buy what $tomorrow brings.")
    told = fault(unstored, **{**SCRIPTED, **changes})
    assert told.startswith(sentence)
    assert "hunter2" not in told
    assert "\n" not in told
