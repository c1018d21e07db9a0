"""The ledger that is read: made once by the product's own walk, and kept for the next run."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import click
import yaml

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.board import made
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.premises import ready_database
from aitrader_core.runner.settings import Settings, project_root
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.database import engine_for
from aitrader_core.storage.leaderboards import publish
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls

FIRST = date(2002, 1, 2)
_KEPT = project_root() / ".aitrader" / "benchmarks"


@dataclass(frozen=True, slots=True)
class Size:
    models: int
    sessions: int

    def __str__(self) -> str:
        return f"{self.models}x{self.sessions}"


@dataclass(frozen=True, slots=True)
class Ledger:
    """A us arena whose models all traded all of `sessions`."""

    floor: Floor
    urls: DatabaseUrls
    settings: Settings
    sessions: tuple[date, ...]

    @property
    def models(self) -> list[str]:
        return list(self.floor.arena.models)


@contextmanager
def ledger(size: Size) -> Iterator[Ledger]:
    """As it was kept from an earlier run, or made now; a part that was made is thrown away."""
    folder = _KEPT / str(size)
    stamp = folder / "complete"
    if not stamp.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _configure(folder / "configs", size.models)
    settings = Settings(home=folder, database_url=None, config_dir=folder / "configs")
    with ready_database(settings) as urls:
        arena = load_arena(settings.config_dir, "us")
        floor = Floor(arena, engine_for(urls.engine))
        sessions = arena.calendar.between(FIRST, arena.last_session)[: size.sessions]
        if not stamp.exists():
            _make(floor, sessions)
            stamp.touch()
        yield Ledger(floor, urls, settings, sessions)


def _configure(to: Path, models: int) -> None:
    shutil.copytree(project_root() / "configs", to)
    others = [a for a in (to / "arenas").iterdir() if a.stem != "us"]
    for file in (*(to / "models").glob("*.yaml"), *others):
        file.unlink()
    names = [f"trader{number:03}" for number in range(1, models + 1)]
    for seed, name in enumerate(names):
        spec = {"kind": "benchmarks.results.trader:FourOrders", "seed": seed}
        (to / "models" / f"{name}.yaml").write_text(yaml.safe_dump(spec))
    path = to / "arenas" / "us.yaml"
    arena = yaml.safe_load(path.read_text()) | {"models": names, "demo": None}
    path.write_text(yaml.safe_dump(arena))


def _make(floor: Floor, sessions: tuple[date, ...]) -> None:
    arena = floor.arena
    import_missing(floor, arena.first_session, arena.last_session, datetime.now(UTC))
    floor.register_models()
    for number, model in enumerate(arena.models, 1):
        if number % 10 == 1:
            click.echo(f"  making {model} of {len(arena.models)} ...", err=True)
        plan = Plan(model, sessions, Origin("benchmark", "benchmark"), fresh=True)
        steps = list(walk(floor, plan))
        if not all(isinstance(step, Made) for step in steps):
            raise RuntimeError(f"{model}: {steps[-1]}")
    click.echo("  judging them ...", err=True)
    board = made(floor)
    publish(floor.engine, board.market, board.as_of, board.rows, "benchmark", board.judgement)
    with floor.engine.connect() as connection:
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        autocommit.exec_driver_sql("vacuum analyze")
