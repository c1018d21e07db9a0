"""When a question is really asked, when its answer is taken from the record, and what is missed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from aitrader_core.agents.llm.calls import (
    Answer,
    Calls,
    MemoryCalls,
    Mode,
    Question,
    first_difference,
)
from aitrader_core.domain.errors import ReplayMiss
from aitrader_core.domain.model_call import CallSite, Outcome
from aitrader_core.domain.transcript import Usage

SITE = CallSite("us", "gpt", date(2012, 6, 5), 0, "job-1")
TERMS = {"path": "/chat", "body": {"model": "gpt", "temperature": 0.5}}
SYSTEM = {"role": "system", "content": "You trade stocks. Aim for the highest value."}
PRICE = {"role": "tool", "content": '{"open": {"AAA": "12.50"}}'}


@dataclass
class Provider:
    """Answers each time with another number."""

    outcomes: Mapping[int, Outcome] = field(default_factory=dict)
    asked: int = 0

    def __call__(self) -> Answer:
        self.asked += 1
        outcome = self.outcomes.get(self.asked, Outcome.REPLIED)
        return Answer(outcome, f'{{"said": {self.asked}}}', Usage(seconds=float(self.asked)))


@pytest.fixture
def store() -> MemoryCalls:
    return MemoryCalls()


def replies(
    store: MemoryCalls, mode: Mode, provider: Provider, *talk: Sequence[Any], **terms: Any
) -> list[str]:
    """Of a model-day that says `talk` in questions that each go on from the one before."""
    calls = Calls(store, mode, SITE)
    items: list[Any] = []
    found = []
    for more in talk:
        items += more
        question = Question({**TERMS, **terms}, tuple(items))
        found.append(calls.put(question, provider).reply)
    return found


DAY = ([SYSTEM], [PRICE])


def test_what_is_on_record_is_not_asked_again(store: MemoryCalls) -> None:
    provider = Provider()
    first = replies(store, "record", provider, *DAY)
    assert replies(store, "record", provider, *DAY) == first
    assert replies(store, "record", provider, *DAY, [PRICE]) == [*first, '{"said": 3}']
    assert (provider.asked, store.spent().calls) == (3, 3)


def test_live_asks_every_time_and_keeps_every_answer(store: MemoryCalls) -> None:
    provider = Provider()
    for _ in range(3):
        replies(store, "live", provider, *DAY)
    assert (provider.asked, store.spent().calls) == (6, 6)
    assert replies(store, "replay", provider, *DAY) == ['{"said": 5}', '{"said": 6}']


@pytest.mark.parametrize("outcome", [Outcome.DEADLINE, Outcome.COST_LIMIT])
def test_what_was_cut_short_is_replayed_so_and_asked_again_otherwise(
    store: MemoryCalls, outcome: Outcome
) -> None:
    provider = Provider({1: outcome})
    assert replies(store, "record", provider, [SYSTEM]) == ['{"said": 1}']
    assert replies(store, "replay", provider, [SYSTEM]) == ['{"said": 1}']
    assert replies(store, "record", provider, [SYSTEM]) == ['{"said": 2}']
    assert replies(store, "record", provider, [SYSTEM]) == ['{"said": 2}']
    assert provider.asked == 2


def test_a_refusal_is_an_answer(store: MemoryCalls) -> None:
    provider = Provider({1: Outcome.REFUSED})
    for _ in range(2):
        assert replies(store, "record", provider, [SYSTEM]) == ['{"said": 1}']
    assert provider.asked == 1


def test_an_answer_that_never_came_is_not_kept(store: MemoryCalls) -> None:
    def fails() -> Answer:
        raise OSError("unplugged")

    calls = Calls(store, "record", SITE)
    with pytest.raises(OSError, match="unplugged"):
        calls.put(Question(TERMS, (SYSTEM,)), fails)
    assert store.of_day("us", "gpt", SITE.session) == []


CHEAPER = {"role": "tool", "content": '{"open": {"AAA": "11.50"}}'}
OTHERWISE = {**SYSTEM, "content": "You trade stocks. Aim for the lowest value."}
MISSES: dict[str, tuple[Sequence[Sequence[Any]], Mapping[str, Any], str]] = {
    "another prompt": (
        ([OTHERWISE], [PRICE]),
        {},
        'call 1 of gpt on 2012-06-05 was never recorded: items[0].content was "stocks. Aim for '
        'the highest value.", is "stocks. Aim for the lowest value."',
    ),
    "another answer of a tool": (
        ([SYSTEM], [CHEAPER]),
        {},
        "call 2 of gpt on 2012-06-05 was never recorded: items[1].content was "
        '"{\\"open\\": {\\"AAA\\": \\"12.50\\"}}", is "{\\"open\\": {\\"AAA\\": \\"11.50\\"}}"',
    ),
    "another parameter": (
        DAY,
        {"body": {"model": "gpt", "temperature": 0.7}},
        "call 1 of gpt on 2012-06-05 was never recorded: body.temperature was 0.5, is 0.7",
    ),
    "a parameter more": (
        DAY,
        {"body": {"model": "gpt", "temperature": 0.5, "seed": None}},
        "call 1 of gpt on 2012-06-05 was never recorded: body.seed was not there, is null",
    ),
    "a call more": (
        (*DAY, [PRICE]),
        {},
        "call 3 of gpt on 2012-06-05 was never recorded: that day has calls 1 to 2",
    ),
}


@pytest.mark.parametrize("what", MISSES)
def test_a_miss_names_the_first_difference(store: MemoryCalls, what: str) -> None:
    talk, terms, sentence = MISSES[what]
    provider = Provider()
    replies(store, "record", provider, *DAY)
    with pytest.raises(ReplayMiss) as miss:
        replies(store, "replay", provider, *talk, **terms)
    assert str(miss.value) == sentence
    assert provider.asked == 2


def test_nothing_recorded_is_a_miss(store: MemoryCalls) -> None:
    with pytest.raises(ReplayMiss) as miss:
        replies(store, "replay", Provider(), *DAY)
    sentence = "call 1 of gpt on 2012-06-05 was never recorded: that day has no calls"
    assert str(miss.value) == sentence


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ({"a": [1, 2]}, {"a": [1]}, "a[1] was 2, is not there"),
        ({"a": [1]}, {"a": [1, None]}, "a[1] was not there, is null"),
        ({"b": {"a": 1}}, {"b": []}, 'b was {"a":1}, is []'),
        ("x" * 90 + "A", "x" * 90 + "B", f'all of it was "{"x" * 20}A", is "{"x" * 20}B"'),
        ("same", "same and more", 'all of it was "same", is "same and more"'),
    ],
)
def test_a_difference_is_told_where_it_is(was: object, now: object, told: str) -> None:
    assert first_difference(was, now) == told
