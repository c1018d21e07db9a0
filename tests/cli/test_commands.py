"""What the commands print: tables for 80 columns, JSON alone, and sentences where nothing is."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import create_engine, text

from aitrader_core.runner.floor import Floor
from aitrader_core.storage.job import DetailStatus
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.leaderboards import publish
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls

Run = Callable[..., Result]
RANGE = ("--start", "2012-06-01", "--end", "2012-06-08")


def printed(result: Result) -> str:
    """A success that stays within 80 columns and has no colours, there being no terminal."""
    assert result.exit_code == 0, result.stderr
    assert all(len(line) <= 80 for line in result.stdout.splitlines()), result.stdout
    assert "\x1b" not in result.output
    return result.stdout


@pytest.fixture
def queue(bare: DatabaseUrls) -> Iterator[Jobs]:
    engine = create_engine(bare.engine)
    yield Jobs(engine)
    engine.dispose()


# Empty states -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("results", "nothing is stored yet: run `aitrader demo`\n"),
        ("leaderboard", "nothing is stored yet: run `aitrader demo`\n"),
        ("verify", "nothing is stored yet: run `aitrader demo`\n"),
        ("jobs list", "there are no jobs: run `aitrader demo`\n"),
        ("jobs list --status failed", "there are no such jobs\n"),
        ("results --model random", "nothing is stored of that\n"),
    ],
)
@pytest.mark.usefixtures("bare")
def test_nothing_yet_is_a_sentence(command: str, sentence: str, run: Run) -> None:
    assert printed(run(*command.split())) == sentence


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("command", ["results", "leaderboard", "jobs list"])
def test_nothing_yet_is_an_empty_list(command: str, run: Run) -> None:
    assert json.loads(printed(run(*command.split(), "--json"))) == []


# Without a server -------------------------------------------------------------------------------


def test_a_command_brings_its_own_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as home:
        Path(home).chmod(0o755)  # the server may run as nobody
        monkeypatch.setenv("AITRADER_HOME", home)
        for _ in range(2):  # the first one makes the database and its schema
            assert "never traded" in printed(run("models"))
            assert (Path(home) / "postgres").exists()
            assert not (Path(home) / "postgres" / "postmaster.pid").exists()


def test_a_command_makes_the_schema_of_an_empty_database(
    run: Run, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "AITRADER_DATABASE_URL", DatabaseUrls(postgres_url).in_database("made_by_a_command")
    )
    assert printed(run("jobs", "list")).startswith("there are no jobs")


def test_help_waits_for_nothing_heavy() -> None:
    heavy = "{'sqlalchemy', 'pydantic', 'rich', 'alembic', 'pandas', 'psycopg', 'yaml'}"
    script = f"import sys, aitrader_core.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


# Jobs -------------------------------------------------------------------------------------------


def test_a_job_from_its_submission_to_its_end(run: Run, queue: Jobs) -> None:
    told = printed(run("jobs", "submit", *RANGE, "--model", "random", "--models", "momentum"))
    assert told == "job 1 is queued; see `aitrader jobs show 1`\n"
    job = queue.get(1)
    assert job is not None
    assert (job.source, job.models, job.replace_existing) == ("cli", ("momentum", "random"), False)

    queue.start(1)
    origin = Origin("job-1", "run-1", 1)
    sessions = [date(2012, 6, day) for day in (1, 4, 5, 6, 7, 8)]
    queue.mark(origin, "momentum", sessions, DetailStatus.COMPLETED)
    queue.mark(origin, "random", sessions[:1], DetailStatus.FAILED, "a bar is missing")
    queue.mark(
        origin, "random", sessions[1:], DetailStatus.SKIPPED, "not reached: 2012-06-01 failed"
    )
    assert queue.finish(1) == "partial"

    told = printed(run("jobs", "show", "1"))
    assert "job 1 of cli is partial: 2012-06-01 to 2012-06-08, 2 models\n" in told
    assert "random: 1 session failed: a bar is missing\n" in told
    assert "random: 5 sessions skipped: not reached: 2012-06-01 failed\n" in told
    each = printed(run("jobs", "show", "1", "--failed"))
    assert "random 2012-06-01 failed: a bar is missing\nrandom 2012-06-04 skipped:" in each
    row = printed(run("jobs", "list")).splitlines()[1]
    assert row.split() == ["1", "partial", "2012-06-01", "to", "2012-06-08", "2", "6", "12", "cli"]
    assert printed(run("jobs", "list", "--status", "running")) == "there are no such jobs\n"


def test_a_job_as_json(run: Run, queue: Jobs) -> None:
    job = json.loads(printed(run("jobs", "submit", *RANGE, "--replace-existing", "--json")))
    assert job["id"] == 1
    assert (job["start"], job["end"], job["status"]) == ("2012-06-01", "2012-06-08", "pending")
    assert len(job["models"]) == 9, "all of the arena"
    assert job["counts"]["pending"] == 54
    origin = Origin("job-1", "run-1", 1)
    queue.mark(origin, "random", [date(2012, 6, 1)], DetailStatus.FAILED, "why")
    shown = json.loads(printed(run("jobs", "show", "1", "--failed", "--json")))
    assert shown["progress"]["random"]["failed"] == 1
    reason = {"model": "random", "status": "failed", "reason": "why"}
    assert shown["reasons"] == [{**reason, "sessions": 1}]
    assert shown["faulty"] == [{**reason, "session": "2012-06-01"}]
    assert [job["id"] for job in json.loads(printed(run("jobs", "list", "--json")))] == [1]


def test_a_pending_job_is_canceled_and_a_running_one_asked(run: Run, queue: Jobs) -> None:
    for _ in range(2):
        printed(run("jobs", "submit", *RANGE, "--model", "random"))
    assert printed(run("jobs", "cancel", "1")) == "job 1 is canceled\n"
    assert printed(run("jobs", "cancel", "1")) == "job 1 has ended before: canceled\n"
    queue.start(2)
    assert printed(run("jobs", "cancel", "2")) == "job 2 stops after the sessions that it is in\n"
    assert "asked to stop" in printed(run("jobs", "show", "2"))
    assert json.loads(printed(run("jobs", "cancel", "2", "--json"))) == {
        "id": 2,
        "status": "running",
    }


@pytest.mark.parametrize(
    ("outcome", "code"), [(DetailStatus.COMPLETED, 0), (DetailStatus.FAILED, 1)]
)
def test_waiting_ends_with_the_job(run: Run, queue: Jobs, outcome: DetailStatus, code: int) -> None:
    def work() -> None:
        while (job := queue.next_pending("us")) is None:
            time.sleep(0.05)
        queue.start(job.id)
        origin = Origin(job.request, "run-1", job.id)
        sessions = queue.unfinished(job.id, "random")
        queue.mark(origin, "random", sessions, outcome, "why")
        queue.finish(job.id)

    worker = threading.Thread(target=work)
    worker.start()
    result = run("jobs", "submit", *RANGE, "--model", "random", "--wait", "--json")
    worker.join()
    assert result.exit_code == code
    assert json.loads(result.stdout)["counts"][outcome.value] == 6
    assert "it waits for somebody to run `aitrader up`" in result.stderr
    assert "6 of 6 model-days" in result.stderr


# Results ----------------------------------------------------------------------------------------


def test_models_and_how_far_they_are(run: Run, on_traded: Floor) -> None:
    rows = {line.split()[0]: line.rstrip() for line in printed(run("models")).splitlines()}
    assert rows["random"].split()[1] == "random"
    assert rows["random"].endswith("2012-06-08")
    assert "lookback 20, entry 1.5" in rows["mean_reversion"]
    assert rows["mean_reversion"].endswith("never traded")
    found = {model["name"]: model for model in json.loads(printed(run("models", "--json")))}
    assert list(found) == list(on_traded.arena.models)
    assert found["random"]["parameters"] == {"seed": 7, "turnover": 0.1}
    assert found["random"]["last_session"] == "2012-06-08"
    assert found["momentum"]["last_session"] is None


@pytest.mark.usefixtures("on_traded")
def test_results_are_a_row_for_each_model_day(run: Run) -> None:
    assert len(printed(run("results")).splitlines()) == 1 + 12
    some = printed(run("results", "--model", "random", "--start", "2012-06-05")).splitlines()
    assert [line.split()[:2] for line in some[1:]] == [
        [f"2012-06-0{day}", "random"] for day in (5, 6, 7, 8)
    ]
    rows = json.loads(printed(run("results", "--model", "random", "--json")))
    assert [row["session"] for row in rows][:2] == ["2012-06-01", "2012-06-04"]
    first, second = rows[:2]
    assert Decimal(second["value_close"]) - Decimal(first["value_close"]) == Decimal(
        second["profit"]
    )
    assert isinstance(first["daily_return"], float)


@pytest.mark.parametrize(
    "how", [("random", "2012-06-05"), ("--model", "random", "--session", "2012-06-05")]
)
@pytest.mark.usefixtures("on_traded")
def test_one_model_day_in_full(run: Run, how: tuple[str, ...]) -> None:
    told = run("results", *how).stdout
    assert told.startswith("random on 2012-06-05 (us, USD): done\nopening (close of 2012-06-04): ")
    for part in ("filled at 575.56509", "closing: cash ", "model: by lot: ", "prices bundled wiki"):
        assert part in told
    day = json.loads(printed(run("results", *how, "--json")))
    cash = Decimal(day["opening"]["cash"])
    for order in day["orders"]:
        sign = 1 if order["side"] == "sell" else -1
        cash += sign * Decimal(order["notional"]) - Decimal(order["commission"])
    assert cash == Decimal(day["closing"]["cash"])
    assert day["manifest"]["prices"].startswith("bundled ")


def test_the_leaderboard_is_the_published_one_while_that_is_true(
    run: Run, on_traded: Floor
) -> None:
    computed = json.loads(printed(run("leaderboard", "--json")))
    assert [row["model"] for row in computed] == ["buy_and_hold", "random"]
    assert printed(run("leaderboard")).splitlines()[1].split()[:2] == ["1", "buy_and_hold"]
    from aitrader_core.storage.equity import ledger_state

    marked = [{**row, "rank": 9} for row in computed]
    state = ledger_state(on_traded.engine, "us")
    publish(on_traded.engine, "us", state, marked, "run-0")  # as one that judged nothing did
    assert json.loads(printed(run("leaderboard", "--json"))) == computed
    publish(on_traded.engine, "us", state, marked, "run-1", {"method": "none"})
    assert [r["rank"] for r in json.loads(printed(run("leaderboard", "--json")))] == [9, 9]
    publish(on_traded.engine, "us", "0.0", [], "run-2")
    assert json.loads(printed(run("leaderboard", "--json"))) == computed


def test_verify_tells_differences_and_exits_1(run: Run, on_traded: Floor) -> None:
    told = printed(run("verify"))
    assert told.startswith("12 model-days of 2 models replayed in ")
    assert told.endswith(": no difference\n")
    found = json.loads(printed(run("verify", "--model", "random", "--json")))
    assert found == {"model_days": 6, "models": {"random": 6}, "differences": []}
    _raise_value(on_traded, 1)
    result = run("verify")
    as_json = run("verify", "--json")
    _raise_value(on_traded, -1)
    assert result.exit_code == as_json.exit_code == 1
    assert "random 2012-06-05: value_open is " in result.stdout
    assert result.stdout.endswith(": 1 difference\n")
    (faulty,) = json.loads(as_json.stdout)["differences"]
    assert (faulty["model"], faulty["session"]) == ("random", "2012-06-05")


def _raise_value(floor: Floor, by: int) -> None:
    """Behind the ledger's back."""
    with floor.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        tampered = f"update model_days set value_open = value_open + {by} where model = 'random'"
        connection.execute(text(f"{tampered} and session = '2012-06-05'"))
