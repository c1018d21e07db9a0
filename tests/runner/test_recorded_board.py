"""The leaderboard of recorded sessions: as its recorders published it, and by another path."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.board import made
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.report import curves
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls
from tests.conftest import NOW
from tests.recordings import RECORDINGS, SHARED, needs_recordings
from tests.runner.retold import equals_another_path

pytestmark = needs_recordings


@pytest.fixture
def traded(
    request: pytest.FixtureRequest, database: DatabaseUrls, config_dir: Path
) -> Iterator[Floor]:
    """Language models as they were recorded, their mistakes not made good, and buy-and-hold."""
    name: str = request.param
    RECORDINGS[name].write(config_dir, name)
    engine = create_engine(database.engine)
    floor = Floor(load_arena(config_dir, name), engine)
    import_missing(floor, floor.arena.first_session, floor.arena.last_session, NOW)
    for model in ("buy_and_hold", *(f"{m}@enforced" for m in RECORDINGS[name].models)):
        steps = list(walk(floor, Plan(model, floor.arena.sessions, Origin("test", "test"))))
        assert {type(step) for step in steps} == {Made}
    yield floor
    engine.dispose()


@pytest.mark.parametrize("traded", ["nasdaq", "sse", "coins"], indirect=True)
def test_every_figure_is_that_of_another_path_and_as_it_was_published(traded: Floor) -> None:
    """Of stocks, of lots that settle a day later, of fractions of coins that trade every day."""
    board = made(traded)
    assert len(board.rows) == 1 + len(RECORDINGS[traded.arena.market].models)
    equals_another_path(traded, board, "buy_and_hold")
    if traded.arena.market == "nasdaq":
        _is_the_published_one(traded)


def _is_the_published_one(traded: Floor) -> None:
    published: dict[str, dict[str, float]] = {}
    with (SHARED / "expected" / "published_us_leaderboard.csv").open() as file:
        for line in csv.DictReader(file):
            of_session = published.setdefault(line["session"], {})
            of_session[f"{line['model']}@enforced"] = float(line["published_return_pct"])
    assert len(published) == 5
    drawn = curves(traded)
    for session, returns in published.items():
        until = {m: [p for p in curve if str(p.session) <= session] for m, curve in drawn.items()}
        rows = {row["model"]: row for row in made(traded, until).rows}
        for model, percent in returns.items():
            assert 100 * rows[model]["total_return"] == pytest.approx(percent, abs=0.01)
        order = sorted(returns, key=lambda model: -returns[model])
        assert [model for model in rows if model in returns] == order
