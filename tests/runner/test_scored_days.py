"""Model-days of a pattern model with a network: configured, stored, made again, tried out."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.backtests import swept, trials
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.live_desk import pattern_trader
from aitrader_core.runner.live_rehearsal import rehearse
from aitrader_core.runner.lookahead import lookahead_faults
from aitrader_core.runner.replaying import replay
from aitrader_core.runner.suggestions import scan
from aitrader_core.runner.verify import verify
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.backtest import BacktestRequest
from aitrader_core.storage.store import Origin
from aitrader_core.storage.suggestions import Suggestions
from tests.conftest import NOW
from tests.patterns.scoring import TREND, add_network, trend
from tests.small import Small
from tests.ticking import DAYS, ticking


def scored(config_dir: Path, **changes: object) -> None:
    """The arena's pattern model with a network, beside the one without."""
    folder = config_dir / "models" / "ticking"
    told = yaml.safe_load((folder / "pattern.yaml").read_text())
    (folder / "scored.yaml").write_text(yaml.safe_dump({**told, "score": TREND, **changes}))


@pytest.fixture
def floor(small: Small, tmp_path: Path) -> Floor:
    ticking(small.config_dir, small.engine, tmp_path / "home")
    add_network(small.config_dir, trend())
    scored(small.config_dir)
    opened = ticking(
        small.config_dir, small.engine, tmp_path / "home", models=["pattern", "scored"]
    )
    import_missing(opened, DAYS[0], DAYS[-1], NOW)
    return opened


def walked(floor: Floor, model: str) -> Iterator[ModelDay]:
    for step in walk(floor, Plan(model, DAYS, Origin("r", "run"), may_start=True)):
        assert isinstance(step, Made), step
        yield step.day


def test_a_scored_day_is_stored_made_again_and_tried_out(small: Small, floor: Floor) -> None:
    days, unscored = list(walked(floor, "scored")), list(walked(floor, "pattern"))
    said = [entry.text for day in days for entry in day.transcript]
    assert sum(f", {TREND} " in text for text in said) > 10
    assert [day.blotter for day in days] != [day.blotter for day in unscored]
    made_of = days[0].manifest.agent
    assert (made_of["score"], made_of["network"]) == (TREND, f"{TREND} {trend().digest[:16]}")
    assert unscored[0].manifest.agent.keys() == {"patterns", "score", "ticks", "trading"}

    for verified in verify(floor, ["scored"]):
        assert (verified.days, verified.differences) == (2, ())
    for replayed in replay(floor, ["scored"]):
        assert (replayed.days, replayed.differences) == (2, ())
    made_now = floor.trader("scored").made_of
    assert {**made_of, **made_now} == made_of  # or the look ahead would pass over the day
    assert lookahead_faults(floor, 2, "seed") == []

    grid: dict[str, list[object]] = {"score": ["none", TREND], "strategy.model_weight": [0, 1]}
    request = BacktestRequest("ticking", "scored", DAYS[0], DAYS[-1], grid)
    found = [trial for trial, _ in trials(swept(floor, small.config_dir, request))]
    assert [trial.reason for trial in found] == [None] * 4
    curves = [trial.equity for trial in found]
    assert curves[0] == curves[1] == curves[2] == curve(unscored)
    assert curves[3] == curve(days) != curves[0]

    live = pattern_trader(floor.arena, "scored", floor.connections("scored"))
    assert rehearse(floor.arena, "scored", live) > 0

    looked = Suggestions(floor.engine).get(scan(floor, "scored", DAYS[0]))
    assert looked is not None
    assert looked.scan.reason is None
    assert f", {TREND} " in looked.scan.remark


def curve(days: list[ModelDay]) -> list[list[str]]:
    return [[day.session.isoformat(), f"{day.marks[-1].value_close:f}"] for day in days]


@pytest.mark.usefixtures("floor")
def test_the_network_is_part_of_what_decides(small: Small) -> None:
    def hashes() -> tuple[str, str]:
        arena = load_arena(small.config_dir, "ticking")
        return arena.model("pattern").config_hash, arena.model("scored").config_hash

    before = hashes()
    add_network(small.config_dir, trend(gain=0.5))
    after = hashes()
    assert (after[0], after[1] == before[1]) == (before[0], False)
    scored(small.config_dir, score="none")
    again = load_arena(small.config_dir, "ticking")
    assert again.model("scored").agent == again.model("pattern").agent
    scored(small.config_dir, score="gone")
    with pytest.raises(
        ConfigError, match=r"scored.yaml: network: there is no .*gone.onnx; .*trend"
    ):
        load_arena(small.config_dir, "ticking")
