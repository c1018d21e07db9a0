"""aitrader results, on a day of a language model and on one that failed."""

import json
from collections.abc import Callable

import httpx2
import pytest
from click.testing import Result

from aitrader_core.agents.llm.scripted import completion
from aitrader_core.runner.walk import Broken, Made
from tests.runner.scripted_days import MODEL, PRICES, SEVEN, answered_by, scripted_arena, simulate
from tests.small import Small

Run = Callable[..., Result]


@pytest.fixture
def traded(small: Small, monkeypatch: pytest.MonkeyPatch) -> Small:
    """Its second session is stored, its third failed twice."""
    url = small.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("AITRADER_DATABASE_URL", url)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(small.config_dir))
    scripted_arena(small, {"tries": 1})
    small.priced(PRICES)
    assert [type(step) for step in simulate(small.floor, sessions=SEVEN[:2])] == [Made] * 2
    asked = 0

    def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise httpx2.ConnectError("unplugged")
        return httpx2.Response(200, json=completion(json.loads(request.content)))

    answered_by(monkeypatch, answer)
    for _ in range(2):
        assert [type(step) for step in simulate(small.floor, sessions=SEVEN[2:3])] == [Broken]
    return small


def test_a_language_model_s_day_is_told_well(traded: Small, run: Run) -> None:
    done = run("results", MODEL, str(SEVEN[1]), "--market", "small")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    day = traded.floor.model_days.get("small", MODEL, SEVEN[1])
    assert day is not None
    usage, said = day.usage, [e for e in day.transcript if e.usage]
    first = said[0].usage
    assert first is not None
    assert lines[0] == f"{MODEL} on 2012-06-04 (small, USD): done"
    assert "call: history(symbol=AAA, bars=20)" in lines
    assert "call: portfolio()" in lines
    assert any(line.startswith('tool portfolio: {"cash": "1000.00"') for line in lines)
    assert (
        f"model (call 1: {first.tokens:,} tokens, {first.dollars:.4f} dollars, "
        f"{first.seconds:.1f} s): {said[0].text}" in lines
    )
    assert (
        f"4 calls: {usage.input_tokens:,} tokens in, {usage.output_tokens:,} out, "
        f"{usage.dollars:.4f} dollars, {usage.seconds:.1f} s waited" in lines
    )
    at = lines.index(f"summary: {day.summary}")
    assert lines[at + 1] == "ending: done"
    assert sum(line.startswith("summary: ") for line in lines) == 1
    assert lines[-1].startswith("with ")
    assert set(day.manifest.agent) == {fact.split()[0] for fact in lines[-1][5:].split("; ")}

    told = json.loads(run("results", MODEL, str(SEVEN[1]), "--market", "small", "--json").stdout)
    assert (told["usage"]["calls"], told["usage"]["input_tokens"]) == (4, usage.input_tokens)
    assert told["summary"] == day.summary
    assert told["transcript"][2]["usage"]["output_tokens"] == first.output_tokens


def test_a_day_that_failed_is_told_with_its_reason(traded: Small, run: Run) -> None:
    asked = ("results", MODEL, str(SEVEN[2]), "--market", "small")
    lines = run(*asked).stdout.splitlines()
    assert lines[0] == (f"{MODEL} on 2012-06-05 (small): failed, 2 times, and is not in the ledger")
    assert lines[1].startswith("reason: http")
    assert "unplugged" in lines[1]
    assert lines[2].endswith(" UTC, for job-1 (run run-1)")
    assert "user: Trade the session of 2012-06-05." in lines
    assert lines[-1] == "ending: failed"
    told = json.loads(run(*asked, "--json").stdout)
    assert (told["session"], told["ending"], len(told["failed"])) == ("2012-06-05", None, 2)
    assert told["failed"][0]["usage"]["calls"] == 1
    assert told["failed"][0]["transcript"][1]["role"] == "user"
    nothing = run("results", MODEL, str(SEVEN[3]), "--market", "small")
    assert nothing.stderr == f"aitrader: {MODEL} has no stored day on 2012-06-06\n"
    assert traded.floor.model_days.get("small", MODEL, SEVEN[2]) is None
