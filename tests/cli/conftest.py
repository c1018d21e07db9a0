"""The command in this process, on a database and a home of the test's own."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aitrader_core.cli import main
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AITRADER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AITRADER_HOME", str(tmp_path / "home"))


@pytest.fixture
def run() -> Run:
    """`run("jobs", "list")`, with the exit code, stdout and stderr in the result."""
    return lambda *arguments: CliRunner().invoke(main, arguments, prog_name="aitrader")


@pytest.fixture
def bare(priced_database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> DatabaseUrls:
    """The command's database: all prices, nothing else."""
    monkeypatch.setenv("AITRADER_DATABASE_URL", priced_database.libpq)
    return priced_database


@pytest.fixture(scope="module")
def traded(module_floor: Floor) -> Floor:
    """Two models over six sessions."""
    sessions = module_floor.arena.calendar.between(date(2012, 6, 1), date(2012, 6, 8))
    for model in ("buy_and_hold", "random"):
        plan = Plan(model, sessions, Origin("run-1", "run-1"), may_start=True)
        assert sum(isinstance(step, Made) for step in walk(module_floor, plan)) == 6
    return module_floor


@pytest.fixture
def on_traded(traded: Floor, monkeypatch: pytest.MonkeyPatch) -> Floor:
    """The command's database is the one with stored days."""
    url = traded.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("AITRADER_DATABASE_URL", url)
    return traded
