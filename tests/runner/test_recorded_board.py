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
def traded(database: DatabaseUrls, config_dir: Path) -> Iterator[Floor]:
    """The Nasdaq 100: three language models as they were recorded, and buy-and-hold."""
    RECORDINGS["nasdaq"].write(config_dir, "nasdaq")
    engine = create_engine(database.engine)
    floor = Floor(load_arena(config_dir, "nasdaq"), engine)
    import_missing(floor, floor.arena.first_session, floor.arena.last_session, NOW)
    for model in ("buy_and_hold", *RECORDINGS["nasdaq"].models):
        steps = list(walk(floor, Plan(model, floor.arena.sessions, Origin("test", "test"))))
        assert {type(step) for step in steps} == {Made}
    yield floor
    engine.dispose()


def test_it_is_the_published_one_and_that_of_another_path(traded: Floor) -> None:
    board = made(traded)
    assert [row["sessions"] for row in board.rows] == [21] * 4
    equals_another_path(traded, board, "buy_and_hold")
    published: dict[str, dict[str, float]] = {}
    with (SHARED / "expected" / "published_us_leaderboard.csv").open() as file:
        for line in csv.DictReader(file):
            of_session = published.setdefault(line["session"], {})
            of_session[line["model"]] = float(line["published_return_pct"])
    assert len(published) == 5
    drawn = curves(traded)
    for session, returns in published.items():
        until = {m: [p for p in curve if str(p.session) <= session] for m, curve in drawn.items()}
        rows = {row["model"]: row for row in made(traded, until).rows}
        for model, percent in returns.items():
            assert 100 * rows[model]["total_return"] == pytest.approx(percent, abs=0.01)
        order = sorted(returns, key=lambda model: -returns[model])
        assert [model for model in rows if model in returns] == order
