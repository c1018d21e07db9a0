"""aitrader purge: it says what goes, and asks before it goes."""

import json
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, create_engine, text

from aitrader_core.cli import main
from aitrader_core.storage.job import JobRequest
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.urls import DatabaseUrls

Run = Callable[..., Result]
DAY = date(2012, 6, 1)
OLD = ("purge", "--older-than", "30")


@pytest.fixture
def engine(database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Two canceled jobs, one of them of last year."""
    monkeypatch.setenv("AITRADER_DATABASE_URL", database.libpq)
    made = create_engine(database.engine)
    for _ in range(2):
        Jobs(made).cancel(Jobs(made).submit(JobRequest("us", DAY, DAY, ("random",), (DAY,))))
    with made.begin() as connection:
        connection.execute(text("update jobs set finished_at = '2025-01-01' where id = 1"))
    yield made
    made.dispose()


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True)


def left(engine: Engine) -> list[int]:
    return [job.id for job in Jobs(engine).latest()]


def test_a_dry_run_says_what_would_go(engine: Engine, run: Run) -> None:
    dry = run(*OLD, "--dry-run")
    assert dry.exit_code == 0
    assert [line.split()[:2] for line in dry.stdout.splitlines()[:3]] == [
        ["table", "rows"],
        ["jobs", "1"],
        ["job_details", "1"],
    ]
    assert "2 rows older than" in dry.stdout
    assert left(engine) == [2, 1]


@pytest.mark.parametrize("how", [(), ("--json",)])
def test_where_nobody_can_be_asked_nothing_goes(engine: Engine, run: Run, how: list[str]) -> None:
    refused = run(*OLD, *how)
    assert refused.exit_code == 2
    assert refused.stderr == (
        "aitrader: nobody can be asked here whether to delete: add --yes, or --dry-run to see what "
        "goes\n"
    )
    assert left(engine) == [2, 1]


@pytest.mark.usefixtures("on_a_terminal")
@pytest.mark.parametrize(("answer", "code", "stay"), [("n\n", 130, [2, 1]), ("y\n", 0, [2])])
def test_on_a_terminal_it_asks(engine: Engine, answer: str, code: int, stay: list[int]) -> None:
    asked = CliRunner().invoke(main, OLD, input=answer)
    assert "Delete them?" in asked.stdout
    assert asked.exit_code == code
    assert left(engine) == stay


def test_it_tells_programs_what_went(engine: Engine, run: Run) -> None:
    found = json.loads(run(*OLD, "--yes", "--json").stdout)
    assert {t: gone["rows"] for t, gone in found["tables"].items() if gone["rows"]} == {
        "jobs": 1,
        "job_details": 1,
    }
    assert (found["rows"], found["dry_run"], found["models"], found["kept"]) == (2, False, [], [])
    assert left(engine) == [2]
    assert "nothing older than" in run(*OLD, "--yes").stdout


@pytest.mark.parametrize("days", ["0", "-1", "many", "1000000"])
def test_days_are_a_number_that_makes_sense(run: Run, days: str) -> None:
    refused = run("purge", "--older-than", days, "--yes")
    assert refused.exit_code == 2
    assert "--older-than" in refused.stderr
