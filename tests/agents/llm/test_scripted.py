"""The script that stands in for a provider is one: in process and over a network alike."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

import httpx2
import pytest
from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from pydantic import TypeAdapter

from aitrader_core.agents.llm.language_model import SCRIPTED
from aitrader_core.agents.llm.scripted import completion
from aitrader_core.domain.errors import ProviderError
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.transcript import Entry
from aitrader_core.simulation.tape import Tape
from tests.agents.llm.provider import Provider, Sent, standing_in
from tests.agents.llm.trading import Trading
from tests.agents.llm.ways import CHAT, JSON, WAYS, Way, name
from tests.simulation.tapes import random_bars, run_days, weekdays

REQUESTS = {
    "chat": CompletionCreateParamsNonStreaming,
    "responses": ResponseCreateParamsNonStreaming,
}
SESSIONS = weekdays(40)
TAPE = Tape(SESSIONS, random_bars(Random(3), SESSIONS), depth=20, prices="drawn")
FIRST, DAYS = SESSIONS[19], 8  # two Mondays among them
SHORT = Tape(SESSIONS, random_bars(Random(3), SESSIONS), depth=3, prices="drawn")


def serve(asked: dict[str, Any]) -> Sent:
    return Sent(httpx2.Response(200, json=completion(asked)).text, headers=JSON)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with standing_in() as opened:
        opened.script = serve
        yield opened


def trade(trading: Trading, tape: Tape = TAPE, **spec: Any) -> list[ModelDay]:
    return run_days(trading.agent(**spec), tape, FIRST, DAYS)


def replies(trading: Trading, session: date) -> list[str]:
    return [call.reply for call in trading.kept(session)]


def told(day: ModelDay) -> list[Entry]:
    """Without what is the network's: how long it took, and the key, which names the endpoint."""
    return [
        e if e.usage is None else replace(e, id=None, usage=replace(e.usage, seconds=0.0))
        for e in day.transcript
    ]


def test_it_says_the_same_in_process_and_over_http(provider: Provider) -> None:
    within, without = Trading(SCRIPTED), Trading(provider.url)
    ours, served = trade(within), trade(without)
    assert sum(len(day.fills) for day in ours) >= 2
    for one, other in zip(ours, served, strict=True):
        assert told(one) == told(other)
        assert one.blotter == other.blotter
        assert replies(within, one.session) == replies(without, one.session)
        assert one.ending is Ending.DONE


def test_it_speaks_openais_protocol(provider: Provider) -> None:
    trading = Trading(provider.url)
    provider.asked.clear()
    days = trade(trading)
    for day in days:
        for reply in replies(trading, day.session):
            read = ChatCompletion.model_validate_json(reply)
            assert read.model_dump(exclude_unset=True) == json.loads(reply)
    assert len(provider.asked) == sum(day.usage.calls for day in days)


@pytest.mark.parametrize("way", WAYS[::2], ids=name)
def test_so_do_the_questions_that_it_is_asked(way: Way) -> None:
    """Held to the types that OpenAI's own client is called with."""
    with standing_in() as opened:
        opened.answers = [way.says("", ("prices", {}), ("portfolio", {})), way.says("Done.")]
        Trading(opened.url, way).day()
    reader: TypeAdapter[Any] = TypeAdapter(REQUESTS[way.api])
    assert len(opened.asked) == 2
    for question in opened.asked:
        reader.validate_python(question)


@pytest.mark.parametrize("tools", [("portfolio", "prices"), ("news",), ("portfolio", "history")])
def test_it_makes_do_with_the_tools_that_it_has(tools: tuple[str, ...]) -> None:
    for day in trade(Trading(SCRIPTED), tools=tools):
        assert day.ending is Ending.DONE
        assert not day.blotter


def test_it_makes_do_with_a_short_past() -> None:
    assert {day.ending for day in trade(Trading(SCRIPTED), SHORT)} == {Ending.DONE}


def test_it_follows_a_request_for_a_stream(provider: Provider) -> None:
    """By not streaming, as servers do that can't."""
    days = trade(Trading(provider.url, replace(CHAT, stream=True)))
    assert {day.ending for day in days} == {Ending.DONE}


def test_it_says_what_it_does_not_speak() -> None:
    with pytest.raises(ProviderError, match="speaks Chat Completions alone"):
        trade(Trading(SCRIPTED, WAYS[2]))
