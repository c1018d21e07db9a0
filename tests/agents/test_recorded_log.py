"""What a recorded model said stands in the transcripts, before what it did."""

import json
from dataclasses import replace
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aitrader_core.agents.agent import Terms
from aitrader_core.agents.recorded import Recorded
from aitrader_core.domain.errors import RecordingError
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.domain.transcript import Entry
from aitrader_core.simulation.tape import Tape
from tests.agents.recordings import BOUGHT, DAYS, OPENING, TAPE, line, write
from tests.simulation.tapes import A, bar, run_days

ASKED = {"role": "user", "content": "Please analyze."}


def said(*messages: object, **more: object) -> str:
    """A line of a log; of one message, which is then no list."""
    return json.dumps({**more, "new_messages": messages[0] if len(messages) == 1 else messages})


def log(folder: Path, when: str, *lines: str) -> Path:
    path = folder / "log" / when / "log.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{text}\n" for text in lines))
    return path


def recorded(folder: Path, *lines: str) -> Recorded:
    return Recorded(write(folder, *(lines or (OPENING, BOUGHT))), logs=folder / "log")


def days(agent: Recorded, sessions: int = 6, tape: Tape = TAPE) -> list[ModelDay]:
    return run_days(agent, tape, DAYS[0], sessions, opening=Opening.with_cash(Decimal(1000)))


def words(day: ModelDay) -> list[tuple[str, str]]:
    return [(entry.role, entry.text) for entry in day.transcript]


def test_it_is_said_before_it_is_done(tmp_path: Path) -> None:
    answer = {"role": "assistant", "content": "I buy ten.\n<FINISH_SIGNAL>"}
    lines = [said(ASKED, signature="gpt", timestamp="now"), "", said(answer, signature="gpt")]
    log(tmp_path, "2024-01-01", *lines)
    first, *rest = days(recorded(tmp_path))
    assert words(first) == [
        ("user", "Please analyze."),
        ("model", "I buy ten.\n<FINISH_SIGNAL>"),
        ("desk", "buy 10 AAA at 10.00, commission 0.00"),
    ]
    assert [day.transcript for day in rest] == [()] * 5


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (
            {"id": "c1", "function": {"name": "buy", "arguments": '{"symbol": "AAA"}'}},
            {"role": "tool", "tool_call_id": "c1", "name": "buy", "content": "done"},
        ),
        (
            {"id": "c1", "name": "buy", "args": {"symbol": "AAA"}},
            {"role": "tool", "tool_call_id": "c1", "name": "buy", "content": [{"text": "done"}]},
        ),
    ],
    ids=["as the API has it", "as LangChain has it"],
)
def test_calls_and_their_answers_are_told_by_tool_and_id(
    tmp_path: Path, call: Any, answer: Any
) -> None:
    asks = {"role": "assistant", "content": None, "tool_calls": [call]}
    log(tmp_path, "2024-01-01", said(ASKED, asks, answer))
    _, asked, answered, _ = days(recorded(tmp_path), 1)[0].transcript
    assert asked == Entry("call", '{"symbol": "AAA"}', "buy", "c1")
    assert answered == Entry("tool", "done", "buy", "c1")


def test_what_was_said_on_a_week_end_is_told_on_monday(tmp_path: Path) -> None:
    log(tmp_path, "2024-01-06", said(ASKED))
    *_, friday, monday = days(recorded(tmp_path))
    assert friday.transcript == ()
    assert words(monday) == [("recording", "said on 2024-01-06:"), ("user", "Please analyze.")]


def test_a_log_that_is_missing_is_told_where_the_recording_acts(tmp_path: Path) -> None:
    log(tmp_path, "2024-01-03", said(ASKED))
    first, second, *_ = days(recorded(tmp_path))
    told = ("recording", "log: has nothing of 2024-01-01, when the recording acts")
    assert words(first)[0] == told
    assert words(second) == []


def test_each_bar_has_what_was_said_at_it(tmp_path: Path) -> None:
    clock = (time(10, 30), time(14))
    bars = [replace(bar(A, DAYS[0], "10"), at=at) for at in clock]
    log(tmp_path, "2024-01-01 10:30:00", said({"role": "user", "content": "early"}))
    log(tmp_path, "2024-01-01 14:00:00", said({"role": "user", "content": "late"}))
    agent = recorded(tmp_path, OPENING, line("2024-01-01 14:00:00", 990, ("buy", A, 1), {A: 1}))
    (day,) = days(agent, 1, Tape(DAYS[:1], bars, depth=2))
    assert words(day) == [
        ("venue", "10:30"),
        ("user", "early"),
        ("venue", "14:00"),
        ("user", "late"),
        ("desk", "buy 1 AAA at 10.00, commission 0.00"),
    ]
    agent.check(Terms([A], is_intraday=True, is_offline=True))
    daily = Recorded(write(tmp_path, OPENING, BOUGHT), logs=tmp_path / "log")
    with pytest.raises(RecordingError, match="10:30:00/log.jsonl: is of a bar, and the arena has"):
        daily.check(Terms([A], is_intraday=False, is_offline=True))


def test_another_log_is_another_configuration(tmp_path: Path) -> None:
    path = log(tmp_path, "2024-01-01", said(ASKED))
    agent = recorded(tmp_path)
    prints = [replace(agent, logs=None).fingerprint, agent.fingerprint]
    path.write_text(said({**ASKED, "content": "Please do."}))
    prints.append(agent.fingerprint)
    path.parent.rename(path.parent.with_name("2024-01-02"))
    prints.append(agent.fingerprint)
    assert len({*prints, "unreadable"}) == 5


BAD = {
    "cut off": (
        [said(ASKED), said(ASKED)[:30]],
        ":2: is not a whole JSON object (column 27: Unterminated string starting at): was the "
        "file cut off? Remove or complete the line",
    ),
    "no messages": (['{"signature": "gpt"}'], ":1: has no 'new_messages': complete the line"),
    "no role": ([said({"content": "a"})], ":1: has no 'role': complete the line"),
    "no object": (["[]"], ":1: the line is not a JSON object: correct the line"),
    "messages that are none": (
        ['{"new_messages": "hello"}'],
        ":1: a message is not a JSON object: correct the line",
    ),
    "an unknown role": (
        ["", said({"role": "chorus", "content": "a"})],
        ":2: role is 'chorus', known are system, user, human, assistant, ai, tool: correct the "
        "line",
    ),
    "content that is a number": (
        [said({"role": "user", "content": 5})],
        ":1: content is '5', not a text: correct the line",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_line_that_makes_no_sense(tmp_path: Path, what: str) -> None:
    lines, sentence = BAD[what]
    path = log(tmp_path, "2024-01-02", *lines)
    with pytest.raises(RecordingError) as error:
        recorded(tmp_path).check(Terms([A], is_intraday=False, is_offline=True))
    assert str(error.value) == f"{path}{sentence}"


def test_a_folder_that_has_no_logs(tmp_path: Path) -> None:
    agent = recorded(tmp_path)
    sentences = []
    for make in (lambda: None, (tmp_path / "log").mkdir, lambda: log(tmp_path, "soon", "{}")):
        make()
        with pytest.raises(RecordingError) as error:
            agent.check(Terms([A], is_intraday=False, is_offline=True))
        sentences.append(str(error.value).removeprefix(str(tmp_path / "log")))
    assert sentences == [
        ": there is no such folder: correct the model's `logs`",
        ": has no <date>/log.jsonl: name the folder that AI-Trader calls log",
        "/soon/log.jsonl: the folder of a log is named as its date is, such as 2025-10-02 or "
        "2025-10-02 10:00:00 (Invalid isoformat string: 'soon'): rename or remove it",
    ]
    assert agent.fingerprint == "unreadable"
