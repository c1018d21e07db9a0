"""Sessions that others recorded run through Dagster, and give what an independent replay gives."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import Engine, create_engine, text

from aitrader_core.domain.model_day import Mark, ModelDay
from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.report import leaderboard
from aitrader_core.runner.verify import verify
from aitrader_core.storage.audit import chain_faults, ledger_faults
from aitrader_core.storage.breaks import breaks
from aitrader_core.storage.urls import DatabaseUrls
from tests.conftest import NOW
from tests.dagster.world import World, build
from tests.recordings import RECORDINGS, SHARED, Recordings, needs_recordings

pytestmark = needs_recordings

RELATIVE = 1e-6


@dataclass(frozen=True)
class Traded:
    """A run over every recording of an arena, in both modes, that has ended well."""

    recordings: Recordings
    world: World
    read: dict[str, list[ModelDay]] = field(default_factory=dict)

    @property
    def floor(self) -> Floor:
        return self.world.floor

    def days(self, model: str) -> list[ModelDay]:
        """Read once: nothing is stored any more."""
        if model not in self.read:
            store, market = self.floor.model_days, self.floor.arena.market
            found = (store.get(market, model, s) for s in store.sessions(market, model))
            self.read[model] = [day for day in found if day]
        return self.read[model]

    def curve(self, model: str) -> dict[str, Mark]:
        """By session, or by session and time."""
        return {
            str(day.session) if mark.at == time(0) else f"{day.session} {mark.at}": mark
            for day in self.days(model)
            for mark in day.marks
        }

    def breaks(self, model: str) -> list[tuple[str, str]]:
        market, engine = self.floor.arena.market, self.floor.engine
        return [(row["kind"], row["reason"]) for row in breaks(engine, market, [model])]


@pytest.fixture(params=RECORDINGS)
def traded(
    request: pytest.FixtureRequest,
    database: DatabaseUrls,
    config_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Traded]:
    name: str = request.param
    recordings = RECORDINGS[name]
    for shipped in (config_dir / "arenas").iterdir():
        shipped.unlink()
    recordings.write(config_dir, name)
    monkeypatch.setenv("AITRADER_DATABASE_URL", database.libpq)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(config_dir))
    engine = create_engine(database.engine)
    with dg.DagsterInstance.ephemeral() as instance:
        yield _trade(recordings, Floor(load_arena(config_dir, name), engine), config_dir, instance)
    engine.dispose()


def _trade(
    recordings: Recordings, floor: Floor, config_dir: Path, instance: dg.DagsterInstance
) -> Traded:
    arena = floor.arena
    import_missing(floor, arena.first_session, arena.last_session, NOW)
    world = build(floor, config_dir, instance)
    first, *_, last = arena.models
    run = world.run_block(first, last, recordings.first, recordings.last)
    assert run.success
    return Traded(recordings, world)


def test_recorded_sessions_are_models_like_any_other(traded: Traded) -> None:
    floor, recordings = traded.floor, traded.recordings
    assert {s.model for s in leaderboard(floor)} == set(floor.arena.models)
    for model in floor.arena.models:
        assert traded.world.materialized(model) == [str(s) for s in floor.arena.sessions]
    assert ledger_faults(floor.engine, floor.arena.market) == []
    assert chain_faults(floor.engine, floor.arena.market) == []
    assert all(not found.differences for found in verify(floor, list(floor.arena.models)))
    if recordings.expected:
        expected = json.loads((SHARED / "expected" / f"{recordings.expected}.json").read_text())
        assert set(expected) == set(recordings.models)
        for model, figures in expected.items():
            _equals_the_replay(traded, model, figures)
    for model in recordings.models:
        _ends_where_the_recording_ends(traded, model)
    CASES[floor.arena.market](traded)


def _equals_the_replay(traded: Traded, model: str, expected: dict[str, Any]) -> None:
    """Every number of it. Its returns and drawdowns count from the first close on."""
    marks = traded.curve(model)
    assert list(marks)[: len(expected["curve"])] == [p["session"] for p in expected["curve"]]
    for point in expected["curve"]:
        mark = marks[point["session"]]
        assert float(mark.value_open) == pytest.approx(point["value_open"], rel=RELATIVE)
        assert (mark.value_close is None) == (point["value_close"] is None)
        if mark.value_close is not None:
            assert float(mark.value_close) == pytest.approx(point["value_close"], rel=RELATIVE)
    days = traded.days(model)
    assert float(days[-1].closing.cash) == pytest.approx(expected["final_cash"], rel=RELATIVE)
    assert float(days[-1].marks[-1].value_open) == pytest.approx(
        expected["final_value_open"], rel=RELATIVE
    )
    closes = {s: float(m.value_close) for s, m in marks.items() if m.value_close is not None}
    last = expected["last_session_with_close"]
    assert list(closes)[-1] == last
    assert closes[last] == pytest.approx(expected["final_value_close"], rel=RELATIVE)
    values = list(closes.values())
    assert values[-1] / values[0] - 1 == pytest.approx(
        expected["cumulative_return_close"], abs=1e-6
    )
    falls = [value / max(values[: n + 1]) - 1 for n, value in enumerate(values)]
    assert min(falls) == pytest.approx(expected["max_drawdown_close"], abs=1e-6)
    _counts(traded, model, expected)


def _counts(traded: Traded, model: str, expected: dict[str, Any]) -> None:
    wishes = [outcome.order for day in traded.days(model) for outcome in day.blotter]
    assert sum(wish.side == "buy" for wish in wishes) == expected["buys"]
    assert sum(wish.side == "sell" for wish in wishes) == expected["sells"]
    assert sum(wish.quantity == 0 for wish in wishes) == expected["zero_quantity_trades"]
    kinds = [(kind, reason) for kind, reason in traded.breaks(model)]
    early = [r for kind, r in kinds if kind == "refused" and "from the next one on" in r]
    assert len(early) == expected["t_plus_1_breaches"]
    rolled = {r for kind, r in kinds if kind == "corrected" and "rolled back" in r}
    assert len(rolled) == expected["trade_mismatches"]


def _ends_where_the_recording_ends(traded: Traded, model: str) -> None:
    lines = traded.recordings.positions[model].read_text().splitlines()
    recorded = {s: Decimal(str(q)) for s, q in json.loads(lines[-1])["positions"].items() if q}
    closing = traded.days(model)[-1].closing
    assert float(closing.cash) == pytest.approx(float(recorded.pop("CASH")), rel=RELATIVE)
    assert closing.positions == recorded


def _same_when_enforced(traded: Traded, models: tuple[str, ...]) -> None:
    """Where a recording broke no rule, both modes are one."""
    for model in models:
        assert traded.curve(f"{model}@enforced") == traded.curve(model)
        assert not [kind for kind, _ in traded.breaks(model) if kind == "corrected"]


def _nasdaq(traded: Traded) -> None:
    _same_when_enforced(traded, traded.recordings.models)
    (zero,) = traded.breaks("MiniMax-M2")
    assert zero == ("refused", "quantity 0 is not a positive number")
    with (SHARED / "expected" / "published_us_leaderboard.csv").open() as file:
        for row in csv.DictReader(file):
            close = traded.curve(row["model"])[row["session"]].value_close
            assert close is not None
            published = float(row["published_return_pct"])
            assert 100 * (float(close) / 10_000 - 1) == pytest.approx(published, abs=0.01)


def _nasdaq_hourly(traded: Traded) -> None:
    """Its recorder took the daily opens for those of the bars: each difference is told."""
    found = traded.breaks("qwen3-max")
    assert len(found) == 20
    assert found[0] == (
        "corrected",
        "position.jsonl:7: cash -12.8: traded at 189.6, which is not the open, 189.28",
    )
    reported = traded.breaks("qwen3-max@enforced")
    assert {kind for kind, _ in reported} == {"reported"}
    assert len(reported) == 20


def _sse(traded: Traded) -> None:
    _same_when_enforced(traded, traded.recordings.models)


def _sse_hourly(traded: Traded) -> None:
    model = "claude-3.7-sonnet-astock-hour"
    kinds = [kind for kind, _ in traded.breaks(model)]
    assert (kinds.count("refused"), kinds.count("corrected")) == (28, 28)
    enforced = traded.breaks(f"{model}@enforced")
    early = [r for kind, r in enforced if kind == "refused" and "from the next one on" in r]
    assert len(early) >= 10
    marks = _rows(traded.floor.engine, "select count(*) from marks")
    assert marks == [(3 * 120,)]  # the baseline's, too


def _coins(traded: Traded) -> None:
    found = traded.breaks("claude-3.7-sonnet")
    assert {kind for kind, _ in found} == {"corrected"}
    assert sum("rounded" in reason for _, reason in found) == 11
    assert any("BTC-USDT +0.01, ETH-USDT +0.1, LINK-USDT -20" in reason for _, reason in found)
    reported = traded.breaks("claude-3.7-sonnet@enforced")
    assert {kind for kind, _ in reported} == {"reported"}
    assert len(reported) == 13


CASES = {
    "nasdaq": _nasdaq,
    "nasdaq_hourly": _nasdaq_hourly,
    "sse": _sse,
    "sse_hourly": _sse_hourly,
    "coins": _coins,
}


def _rows(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]
