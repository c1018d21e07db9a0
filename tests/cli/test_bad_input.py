"""What is asked wrongly is answered with one sentence, and nothing is stored."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import Result

from aitrader_core.storage.urls import DatabaseUrls

Run = Callable[..., Result]
RANGE = ("--start", "2012-06-01", "--end", "2012-06-08")

SUBMISSIONS = {
    "an unknown model": (
        (*RANGE, "--model", "momentun"),
        "there is no model 'momentun' in the us arena: did you mean momentum? it has buy_and_hold",
    ),
    "one unknown model of two": (
        (*RANGE, "--models", "random,nobody"),
        "there is no model 'nobody' in the us arena: it has buy_and_hold",
    ),
    "a model's name with a comma": (
        (*RANGE, "--model", "random,momentum"),
        "there is no model 'random,momentum' in the us arena",
    ),
    "no models": ((*RANGE, "--models", ""), "no model is named: choose from buy_and_hold"),
    "nothing but a comma": ((*RANGE, "--models", " , "), "no model is named: choose from"),
    "a holiday": (
        ("--start", "2012-07-04", "--end", "2012-07-06"),
        "2012-07-04 is not an XNYS session (holiday); the nearest are 2012-07-03 and 2012-07-05",
    ),
    "a week-end": (
        ("--start", "2012-06-01", "--end", "2012-06-03"),
        "2012-06-03 is not an XNYS session (week-end); the nearest are 2012-06-01 and 2012-06-04",
    ),
    "a date in the future": (
        ("--start", "2012-06-01", "--end", "2030-06-03"),
        "2030-06-03 is outside the us arena, which has the sessions 2000-03-01 to 2013-03-01",
    ),
    "a date beyond the calendar": (
        ("--start", "2012-06-01", "--end", "2099-06-01"),
        "2099-06-01 is not an XNYS session (outside the calendar's horizon",
    ),
    "a reversed range": (
        ("--start", "2012-06-08", "--end", "2012-06-01"),
        "the range is reversed: 2012-06-08 is after 2012-06-01",
    ),
    "no date": (
        ("--start", "yesterday", "--end", "2012-06-01"),
        "'yesterday' is not a date: write it as YYYY-MM-DD",
    ),
    "a day that there is not": (
        ("--start", "2012-06-31", "--end", "2012-07-02"),
        "'2012-06-31' is not a date: write it as YYYY-MM-DD",
    ),
    "days made again, from nowhere": (["--replace-existing"], "give a start"),
    "an unknown market": (
        (*RANGE, "--market", "moon"),
        "moon.yaml does not exist; arenas has btc, cn, crypto, us",
    ),
}


def sentence(result: Result) -> str:
    """The one line on stderr, with nothing on stdout."""
    assert result.stdout == ""
    line, end, rest = result.stderr.partition("\n")
    assert (line[:10], end, rest) == ("aitrader: ", "\n", "")
    return line[10:]


def stored(urls: DatabaseUrls) -> list[int]:
    with psycopg.connect(urls.libpq) as connection:
        tables = ("jobs", "job_details", "model_days")
        found = [connection.execute(f"select count(*) from {t}".encode()) for t in tables]
        return [row[0] for count in found for row in count.fetchall()]


@pytest.mark.parametrize("fault", SUBMISSIONS)
def test_a_bad_request_is_refused_and_stores_nothing(
    fault: str, run: Run, bare: DatabaseUrls
) -> None:
    arguments, expected = SUBMISSIONS[fault]
    result = run("jobs", "submit", *arguments)
    assert expected in sentence(result)
    assert result.exit_code == 2
    assert stored(bare) == [0, 0, 0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("initial_cash", "inital_cash", "inital_cash: unknown key; did you mean initial_cash?"),
        ("- momentum", "- momentun", "momentun.yaml does not exist; models has buy_and_hold"),
        ("- momentum", "- 'a,b'", "'a,b' can't be a model's name"),
        ("initial_cash: 10000", "initial_cash: -1", "us.yaml: initial_cash: Input should be"),
        ("symbols: [", "symbols: [[", "us.yaml is not YAML"),
        ("2012-06-01", "2012-06-02", "2012-06-02 is not an XNYS session (week-end)"),
    ],
)
def test_a_typo_in_the_arena_names_file_and_key(
    old: str,
    new: str,
    expected: str,
    run: Run,
    bare: DatabaseUrls,
    config_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arena = config_dir / "arenas" / "us.yaml"
    assert old in arena.read_text()
    arena.write_text(arena.read_text().replace(old, new))
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(config_dir))
    result = run("jobs", "submit", *RANGE)
    assert expected in sentence(result)
    assert result.exit_code == 2
    assert stored(bare) == [0, 0, 0]


@pytest.mark.parametrize(
    "command",
    [("models",), ("jobs", "list"), ("jobs", "submit", *RANGE), ("verify",), ("results", "--json")],
)
def test_a_database_that_is_down_is_a_sentence(
    command: tuple[str, ...], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AITRADER_DATABASE_URL", "postgresql://ann:hunter2@127.0.0.1:1/aitrader")
    result = run(*command)
    told = sentence(result)
    assert "PostgreSQL does not answer at 127.0.0.1:1" in told
    assert "start it, or unset AITRADER_DATABASE_URL" in told
    assert "hunter2" not in told
    assert result.exit_code == 2


def test_a_session_without_prices_is_refused(
    run: Run, database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AITRADER_DATABASE_URL", database.libpq)
    result = run("jobs", "submit", *RANGE)
    assert "6 of the 6 sessions have no prices, the first is 2012-06-01" in sentence(result)
    assert result.exit_code == 2
    assert stored(database) == [0, 0, 0]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("jobs", "show", "7"), "there is no job 7: see `aitrader jobs list`"),
        (("jobs", "cancel", "7"), "there is no job 7: see `aitrader jobs list`"),
        (("jobs", "show", "seven"), "Invalid value for 'ID': 'seven' is not a valid integer"),
        (("jobs", "list", "--status", "done"), "Invalid value for '--status': 'done' is not"),
        (("results", "--model", "momentun"), "no model 'momentun': did you mean momentum?"),
        (("results", "random", "2012-06-05"), "random has no stored day on 2012-06-05"),
        (("results", "random", "2012-06-03"), "is not an XNYS session (week-end)"),
        (("verify", "--start", "2013-01-02", "--end", "2012-01-03"), "the range is reversed"),
        (("leaderboard", "--what"), "No such option '--what' (see aitrader leaderboard"),
        (("lead",), "No such command 'lead'"),
    ],
)
def test_what_is_not_there_is_a_sentence(
    command: tuple[str, ...], expected: str, run: Run, bare: DatabaseUrls
) -> None:
    result = run(*command)
    assert expected in sentence(result)
    assert result.exit_code == 2
    assert stored(bare) == [0, 0, 0]


def test_an_unknown_setting_is_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITRADER_HOMES", "x")
    result = run("models")
    assert "AITRADER_HOMES is no setting: did you mean AITRADER_HOME?" in sentence(result)
    assert result.exit_code == 2


def test_a_newer_schema_is_a_sentence(run: Run, bare: DatabaseUrls) -> None:
    with psycopg.connect(bare.libpq) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    result = run("models")
    assert "the database is at schema 9999" in sentence(result)
    assert result.exit_code == 2
