"""aitrader replay, on stored days of two rules."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result
from sqlalchemy import text

from aitrader_core.runner.floor import Floor
from aitrader_core.storage.job import JobRequest

Run = Callable[..., Result]


def test_a_model_s_days_are_identical(run: Run, on_traded: Floor) -> None:  # noqa: ARG001
    done = run("replay", "random", "--from", "2012-06-04", "--to", "2012-06-06")
    assert done.exit_code == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()[:2]] == [
        ["model", "days", "identical", "first", "difference"],
        ["random", "3", "3", "-"],
    ]
    assert "3 model-days of 1 model replayed in " in done.stdout
    assert "3 of 3 model-days" in done.stderr, "a meter"


def test_a_job_s_days_are_told_as_json(run: Run, on_traded: Floor) -> None:
    span = [s for s in on_traded.arena.sessions if "2012-06-01" <= str(s) <= "2012-06-08"]
    asked = JobRequest("us", span[0], span[-1], ("random", "buy_and_hold"), tuple(span))
    job = on_traded.jobs.submit(asked)
    assert run("replay", str(job)).stdout == "nothing is stored of that\n"
    change = text(f"update model_days set request = 'job-{job}', value = value + 1")
    with on_traded.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))  # no triggers
        connection.execute(change)
    done = run("replay", str(job), "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["model_days"], told["identical"]) == (12, 0)
    assert told["models"] == {m: {"days": 6, "identical": 0} for m in ("buy_and_hold", "random")}
    first = told["differences"][0]
    assert (first["model"], first["session"]) == ("buy_and_hold", "2012-06-01")
    assert first["difference"].startswith("value is ")
    assert "12 not identical" in run("replay", str(job)).stdout


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (["nobody"], "aitrader: there is no model 'nobody': "),
        (["77"], "aitrader: there is no job 77: see `aitrader jobs list`"),
        (["random", "--from", "2012-06-06", "--to", "2012-06-04"], "aitrader: the range is rev"),
    ],
)
@pytest.mark.usefixtures("on_traded")
def test_what_is_not_there_is_a_sentence(run: Run, asked: list[str], sentence: str) -> None:
    done = run("replay", *asked)
    assert done.exit_code == 2
    assert done.stderr.startswith(sentence)
