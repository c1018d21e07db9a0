"""Patterns on bars beside other models, over recorded markets: one ledger, one leaderboard."""

import json
from pathlib import Path

import pytest
import yaml

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.board import board_now
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.lookahead import lookahead_faults
from aitrader_core.runner.replaying import replay
from aitrader_core.runner.verify import verify
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from tests.recordings import RECORDINGS, needs_recordings
from tests.small import Small

pytestmark = needs_recordings
MODELS = ["buy_and_hold", "momentum", "pattern"]
FEW = 4  # symbols


def few_symbols(name: str, folder: Path) -> tuple[Path, list[str]]:
    """A file of the recording's first symbols, and their names."""
    found = RECORDINGS[name]
    lines = found.prices.read_text().splitlines()
    told = {json.loads(line)["Meta Data"]["2. Symbol"]: line for line in lines}
    chosen = sorted(told)[:FEW]
    file = folder / found.prices.name
    file.write_text("".join(f"{told[symbol]}\n" for symbol in chosen))
    return file, chosen


@pytest.mark.parametrize("name", ["nasdaq_hourly", "coins"])
def test_patterns_trade_beside_other_models(small: Small, tmp_path: Path, name: str) -> None:
    found, (prices, symbols) = RECORDINGS[name], few_symbols(name, tmp_path)
    arena = {
        "market": found.market,
        "bars": found.bars,
        "prices": "file",
        "symbols": symbols,
        "first_session": found.first,
        "last_session": found.last,
        "initial_cash": found.cash,
        "costs": "us_retail",
        "history": 150,
        "models": MODELS,
    }
    (small.config_dir / "arenas" / "recorded.yaml").write_text(yaml.safe_dump(arena))
    floor = Floor(load_arena(small.config_dir, "recorded"), small.engine)
    import_files(floor, prices, None)
    sessions = floor.arena.calendar.between(floor.arena.first_session, floor.arena.last_session)
    fills = {}
    for model in MODELS:
        days = [
            step.day
            for step in walk(floor, Plan(model, sessions, Origin(model, "run"), may_start=True))
            if isinstance(step, Made)
        ]
        assert len(days) == len(sessions)
        fills[model] = sum(len(day.fills) for day in days)
    assert min(fills.values()) > 1
    for verified in verify(floor, MODELS):
        assert (verified.days, verified.differences) == (len(sessions), ())
    for replayed in replay(floor, MODELS):
        assert (replayed.days, replayed.differences) == (len(sessions), ())
    assert lookahead_faults(floor, 2, "seed") == []
    assert {row["model"]: row["fills"] for row in board_now(floor).rows} == fills
