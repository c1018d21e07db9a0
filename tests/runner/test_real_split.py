"""A split as it really came: ORLY, 15 for 1 on 2025-06-10, in prices that are not adjusted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from aitrader_core.domain.errors import JobError
from aitrader_core.domain.market import Symbol
from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_files, import_missing
from aitrader_core.runner.requests import submit
from aitrader_core.runner.walk import Broken, Made, Plan, Step, walk
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls
from tests.conftest import NOW
from tests.recordings import RECORDINGS, needs_recordings

pytestmark = needs_recordings

ORLY = Symbol("ORLY")
BEFORE, SPLIT, AFTER = date(2025, 6, 9), date(2025, 6, 10), date(2025, 6, 11)
JUMP = "ORLY opened at 90.00 on 2025-06-10, where its previous close and corporate actions lead to "


@pytest.fixture
def floor(database: DatabaseUrls, config_dir: Path) -> Iterator[Floor]:
    """The Nasdaq 100 from the session before the split on, whose prices came without it."""
    arena = replace(RECORDINGS["nasdaq"], models=(), first=str(BEFORE), cash=1_000_000)
    arena.write(config_dir, "nasdaq")
    engine = create_engine(database.engine)
    opened = Floor(load_arena(config_dir, "nasdaq"), engine)
    import_missing(opened, BEFORE, opened.arena.last_session, NOW)
    yield opened
    engine.dispose()


def traded(floor: Floor) -> list[Step]:
    plan = Plan("buy_and_hold", (BEFORE, SPLIT, AFTER), Origin("test", "test"), may_start=True)
    return list(walk(floor, plan))


def test_without_its_action_nobody_trades_on_it(floor: Floor) -> None:
    (jump,) = floor.suspects(BEFORE, floor.arena.last_session)
    assert str(jump).startswith(JUMP)
    with pytest.raises(JobError, match="ORLY opened at 90.00 on 2025-06-10"):
        submit(floor, str(BEFORE), str(AFTER), ["buy_and_hold"], source="test")
    made, broken = traded(floor)
    assert isinstance(made, Made)
    assert isinstance(broken, Broken)
    assert broken.reason.startswith(JUMP)
    assert "--actions FILE" in broken.reason


def test_with_its_action_the_shares_are_fifteen_times_as_many(floor: Floor, tmp_path: Path) -> None:
    actions = tmp_path / "actions.csv"
    actions.write_text("symbol,ex_date,kind,value\nORLY,2025-06-10,split,15\n")
    assert import_files(floor, None, actions).jumps == ()
    before, split, after = (s.day for s in traded(floor) if isinstance(s, Made))
    held = before.closing.held(ORLY)
    assert held > 0
    assert split.closing.held(ORLY) == after.closing.held(ORLY) == 15 * held
    (adjustment,) = split.adjustments
    assert (adjustment.symbol, adjustment.quantity_change) == (ORLY, 14 * held)
    assert abs(split.value_open / before.value - 1) < Decimal("0.02")  # not a fifteenth of it gone
