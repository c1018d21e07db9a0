"""A model that trades a disguised market never sees the real one, and decides the same."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pytest

from aitrader_core.agents.llm import scripted
from aitrader_core.agents.llm.calls import recorded_question
from aitrader_core.agents.llm.disguise import Disguise
from aitrader_core.agents.llm.language_model import PreparedModel
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.lookahead import lookahead_faults
from aitrader_core.runner.verify import verify
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from tests.small import DAYS, A, B, Small

SCRIPTED = {"kind": "llm", "model": "scripted", "endpoint": "scripted"}
REAL, HIDDEN = "one", "one@anonymous"
WEEK = DAYS[:6]  # a Friday and the week after it


@pytest.fixture
def both(small: Small) -> Small:
    """One file, two models. What fell most fell more than the other one, so nothing is tied."""
    small.model("one", **SCRIPTED, anonymise="both")
    small.configure(models=["one"], history=20)
    small.priced()
    return small


def traded(small: Small, model: str) -> list[ModelDay]:
    plan = Plan(model, tuple(WEEK), Origin("test", "test"), may_start=True)
    steps = list(walk(small.floor, plan))
    assert [type(step) for step in steps] == [Made] * len(WEEK)
    return [step.day for step in steps if isinstance(step, Made)]


def seen(small: Small, model: str) -> str:
    """All that was ever sent, as text."""
    calls = [c for day in DAYS for c in small.floor.calls.of_day("small", model, day)]
    assert calls
    return "\n".join(json.dumps(recorded_question(small.floor.calls, c)) for c in calls)


def disguise_of(small: Small) -> Disguise:
    agent = small.floor.arena.models[HIDDEN].agent
    assert isinstance(agent, PreparedModel)
    return agent.disguise


def is_told(text: str) -> list[str]:
    """What in it is of the real market: its symbols, its days, its year."""
    days = [DAYS[0] + timedelta(days=n) for n in range(-30, 30)]
    real = [A, B, str(DAYS[0].year), *map(str, days), *(f"{d:%B %d}" for d in days)]
    return [word for word in real if word in text]


def test_the_script_decides_the_same_and_sees_nothing_real(both: Small) -> None:
    """It goes by prices and weekdays, which a disguise leaves as they are, and by names only
    where two symbols are alike."""
    real, hidden = traded(both, REAL), traded(both, HIDDEN)
    assert any(day.fills for day in real)
    for open_day, day in zip(real, hidden, strict=True):
        assert day.blotter == open_day.blotter
        assert day.closing == open_day.closing
        assert day.summary == open_day.summary
    assert {A, B, str(DAYS[0])} <= set(is_told(seen(both, REAL)))
    assert is_told(seen(both, HIDDEN)) == []
    (found,) = verify(both.floor, [HIDDEN])
    assert (found.days, found.differences) == (len(WEEK), ())
    assert lookahead_faults(both.floor, 2, "anonymised") == []


def test_the_two_differ_in_names_and_dates_alone(both: Small) -> None:
    traded(both, REAL), traded(both, HIDDEN)
    disguise = disguise_of(both)
    back = {shown: symbol for symbol, shown in disguise.names.items()}

    def uncovered(text: str) -> str:
        named = re.sub("|".join(back), lambda m: back[m[0]], text)
        dated = r"\d{4}-\d\d-\d\d"
        return re.sub(dated, lambda m: str(disguise.real(date.fromisoformat(m[0]))), named)

    def questions(text: str) -> list[list[str]]:
        """The messages of each, their fields in order: a disguise sorts symbols otherwise."""
        return [[_ordered(i) for i in json.loads(line)["items"]] for line in text.splitlines()]

    assert questions(uncovered(seen(both, HIDDEN))) == questions(seen(both, REAL))


def _ordered(item: Mapping[str, Any]) -> str:
    """The words of a message in alphabetical order."""
    return " ".join(sorted(re.findall(r"[\w.<>-]+", json.dumps(item))))


def test_nothing_real_shows_through_a_refusal_or_a_mistake(
    both: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripted, "_decide", _clumsy)
    day, *_ = traded(both, HIDDEN)
    assert [refusal.order.symbol for refusal in day.refusals] == [A, A, B, B]
    assert [fill.order.symbol for fill in day.fills] == [A]  # and not what it guessed
    assert "Bought 1 AAA at 10.00. Refused: buy 1000 AAA" in (day.summary or "")
    told = seen(both, HIDDEN)
    assert all(w in told for w in ("refused", "error: there is no tool", "not traded at this open"))
    assert is_told(told) == [B]
    assert told.count(B) == 4 * len(WEEK)  # in its own two calls, and in the answers to them


def test_nothing_real_shows_through_the_facts_of_a_summary(both: Small) -> None:
    both.model("one", **SCRIPTED, anonymise="both", summary="model")
    days = traded(both, HIDDEN)
    told = seen(both, HIDDEN)
    assert "What really happened: Bought " in told
    assert is_told(told) == []
    assert all(fill.order.symbol in (day.summary or "") for day in days for fill in day.fills)


def _clumsy(messages: Sequence[Mapping[str, Any]]) -> tuple[str, list[scripted.Call]]:
    """Does everything that can go wrong with the names that it was told, and guesses one."""
    names = re.findall(r"STOCK\d+", str(messages[0]["content"]))
    listed = sorted(set(names), key=disguised_order)
    if len(messages) > 2:
        return "<FINISH_SIGNAL>", []
    tries = [
        ("portfolio", {}),
        ("prices", {}),
        ("history", {"symbol": B}),
        ("history", {"symbol": listed[0], "bars": 900}),
        *(
            (tool, {"symbol": name, "quantity": 1000})
            for name in listed
            for tool in ("buy", "sell")
        ),
        ("buy", {"symbol": listed[0], "quantity": 1}),
        ("buy", {"symbol": B, "quantity": 1}),
        ("portfolio", {}),
        ("look", {}),
    ]
    return "", tries


def disguised_order(shown: str) -> str:
    return Disguise.drawn([A, B], 0).symbol(shown) or ""


def test_the_second_way_is_another_model(both: Small) -> None:
    """The first one is the same model that it would be alone."""
    models = both.floor.arena.models
    assert list(models) == [REAL, HIDDEN]
    both.model("one", **SCRIPTED)
    assert both.floor.arena.models[REAL].config_hash == models[REAL].config_hash
    both.model("one", **SCRIPTED, anonymise=True)
    assert both.floor.arena.models[REAL].config_hash == models[HIDDEN].config_hash
    both.model("one", **SCRIPTED, anonymise="both", repeats=2)
    assert list(both.floor.arena.models) == [REAL, f"{REAL}@2", HIDDEN, f"{HIDDEN}@2"]


def test_every_symbol_has_a_name_of_its_own_however_many_there_are() -> None:
    symbols = [Symbol(f"S{number}") for number in range(1200)]
    disguise = Disguise.drawn(symbols, 7)
    assert len({disguise.name(symbol) for symbol in symbols}) == 1200
    assert all(disguise.symbol(disguise.name(symbol)) == symbol for symbol in symbols)
    told = "sells S1, S10 and S1199; S1200 is none"
    names = [disguise.name(Symbol(s)) for s in ("S1", "S10", "S1199")]
    assert disguise.text(told) == f"sells {names[0]}, {names[1]} and {names[2]}; S1200 is none"
