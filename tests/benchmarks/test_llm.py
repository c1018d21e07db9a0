"""The benchmark of language models: its server speaks the protocol, its arena can be loaded."""

import json
from pathlib import Path

from openai.types.chat import ChatCompletion

from aitrader_core.runner.arena import load_arena
from benchmarks.llm.server import ANSWERS, CALLS
from benchmarks.llm.world import ALONE, TOGETHER, configured


def test_the_server_asks_for_three_tools_and_then_ends() -> None:
    messages = [ChatCompletion.model_validate_json(a).choices[0].message for a in ANSWERS]
    assert [bool(message.tool_calls) for message in messages] == [True, True, True, False]
    assert [json.loads(a)["choices"][0]["message"]["content"] for a in ANSWERS] == [
        f"Step {number}." for number in range(1, len(CALLS) + 2)
    ]


def test_the_arena_has_a_model_for_each_walk(tmp_path: Path) -> None:
    urls = dict.fromkeys((ALONE, *TOGETHER), "http://127.0.0.1:1/v1")
    arena = load_arena(configured(tmp_path, urls), "us")
    assert set(arena.models) == set(urls)
