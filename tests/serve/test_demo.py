"""The demo with a daemon of the test's own: each pause does the next piece of its work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import create_engine

from aitrader_core.domain.errors import AitraderError
from aitrader_core.runner.arena import Arena, load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.report import leaderboard
from aitrader_core.runner.walk import Plan, walk
from aitrader_core.serve import demo
from aitrader_core.serve.show import Meter
from aitrader_core.serve.supervisor import Server
from aitrader_core.storage.equity import ledger_state
from aitrader_core.storage.leaderboards import publish
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass
class Screen:
    """Remembers what it shows."""

    said: list[str] = field(default_factory=list)
    measured: list[tuple[int, int]] = field(default_factory=list)
    boards: list[list[dict[str, Any]]] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    @contextmanager
    def meter(self) -> Iterator[Meter]:
        yield lambda done, total: self.measured.append((done, total))

    def leaderboard(self, rows: list[dict[str, Any]]) -> None:
        self.boards.append(rows)


@dataclass
class Daemon:
    """A Server and Dagster in one: prices at once, then a pause for a job and one to publish."""

    floors: list[Floor]
    show: Screen = field(default_factory=Screen)
    home: Path = Path("home")
    idle: bool = False

    @property
    def imports(self) -> "Daemon":
        return self

    are_done = True

    def add(self, _market: str, _calendar: object, sessions: list[date]) -> None:
        import_missing(self.floors[0], sessions[0], sessions[-1], NOW)

    def pause(self, _seconds: float = 0) -> None:
        floor = self.floors[0]
        if self.idle:
            return
        if job := floor.jobs.next_pending("us"):
            floor.jobs.start(job.id)
            for model in job.models:
                sessions = tuple(floor.jobs.unfinished(job.id, model))
                origin = Origin(job.request, "run-1", job.id)
                plan = Plan(model, sessions, origin, job.replace_existing, may_start=True)
                list(walk(floor, plan))
            floor.jobs.finish(job.id)
        else:
            rows = [standing.as_json() for standing in leaderboard(floor)]
            publish(floor.engine, "us", ledger_state(floor.engine, "us"), rows, "run-2")


@pytest.fixture
def short(config_dir: Path) -> Arena:
    """The us arena with a demo of six sessions and two models."""
    path = config_dir / "arenas" / "us.yaml"
    text = path.read_text().replace("last_session: 2013-02-28", "last_session: 2012-06-08")
    for model in (
        "daily_mlp",
        "equal_weight",
        "inverse_volatility",
        "mean_reversion",
        "momentum",
        "pattern",
        "scripted_llm",
    ):
        text = text.replace(f"  - {model}\n", "")
    path.write_text(text)
    return load_arena(config_dir, "us")


@pytest.fixture
def daemon(short: Arena, database: DatabaseUrls) -> Iterator[Daemon]:
    engine = create_engine(database.engine)
    yield Daemon([Floor(short, engine)])
    engine.dispose()


def run(daemon: Daemon) -> bool:
    return demo.run_demo(cast(Server, daemon))


def test_from_nothing_to_a_leaderboard(daemon: Daemon) -> None:
    assert run(daemon)
    (board,) = daemon.show.boards
    assert [(row["model"], row["sessions"]) for row in board] == [
        ("buy_and_hold", 6),
        ("random", 6),
    ]
    assert daemon.show.said[0] == "importing the prices of 2011-06-02 to 2013-03-01"
    assert "in all" in daemon.show.said[-1]
    assert daemon.show.measured[0] == (0, 12)
    assert daemon.show.measured[-1] == (12, 12)
    job = daemon.floors[0].jobs.get(1)
    assert job is not None
    assert (job.source, job.first, job.last) == ("demo", date(2012, 6, 1), date(2012, 6, 8))


def test_what_is_stored_is_not_made_again(daemon: Daemon) -> None:
    assert run(daemon)
    assert run(daemon)
    assert daemon.floors[0].jobs.get(2) is None
    assert daemon.show.boards[0] == daemon.show.boards[1]


def test_a_demo_that_waits_in_the_queue_is_followed(daemon: Daemon) -> None:
    floor = daemon.floors[0]
    import_missing(floor, floor.arena.first_session, floor.arena.last_session, NOW)
    assert demo._job(floor) == demo._job(floor) == 1
    assert run(daemon)
    assert floor.jobs.get(2) is None


def test_a_demo_that_fails_says_where_to_look(daemon: Daemon) -> None:
    floor = daemon.floors[0]
    import_missing(floor, floor.arena.first_session, floor.arena.last_session, NOW)
    later = floor.arena.calendar.between(date(2012, 6, 11), date(2012, 6, 12))
    list(walk(floor, Plan("random", later, Origin("run-0", "run-0"), may_start=True)))
    assert not run(daemon)
    assert "the demo's job 1 is partial: see `aitrader jobs show 1`" in daemon.show.said


def test_a_leaderboard_that_never_comes_is_a_sentence(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(daemon)
    publish(daemon.floors[0].engine, "us", "0.0", [], "run-9")
    daemon.idle = True
    monkeypatch.setattr(demo, "PUBLISHING", 0.0)
    with pytest.raises(AitraderError, match=r"not published within 0 s: see home/logs/daemon\.log"):
        run(daemon)
