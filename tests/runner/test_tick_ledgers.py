"""Whatever is configured, the ledger takes a day of ticks, and tells a trader who saw ahead."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import yaml

from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.signals import Located, Signal
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.patterns.session import trade_ticks
from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.lookahead import lookahead_faults
from aitrader_core.runner.replaying import replay
from aitrader_core.runner.verify import verify
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.ticks import TRADE
from aitrader_core.storage.store import Origin
from tests.conftest import NOW
from tests.market.ticks.streams import written
from tests.small import Small

DAYS = (date(2024, 8, 8), date(2024, 8, 9))
COUNT = 900
AHEAD = 10  # trades
PATTERNS = {
    "fast": 5, "slow": 20, "bar": 5, "volume_span": 20, "volatility_span": 20, "warmup": 30,
    "cooldown": 1, "threshold": 0.3,
}  # fmt: skip


def recorded(session: date) -> list[str]:
    """Trades and quotes of two symbols, one a thousand times as dear as the other."""
    lot, begins = Random(str(session)), datetime(*session.timetuple()[:3], tzinfo=UTC).timestamp()
    price, lines, at = {"BIG": 60_000.0, "TINY": 0.0371}, [], int(begins) * 1000
    for number in range(1, COUNT):
        name = lot.choice(list(price))
        last = price[name] = price[name] * (1 + lot.gauss(0.0003 * (-1) ** (number // 90), 0.001))
        at += lot.randint(1, 900)
        size, told = lot.choice([0.001, 0.5, 40]), {"s": name, "E": at, "T": at}
        half = last * 0.0001
        event: dict[str, Any] = {
            **told, "e": "bookTicker", "u": number, "b": f"{last - half:.6f}", "B": f"{size}",
            "a": f"{last + half:.6f}", "A": f"{lot.choice([0.002, 1, 90])}",
        }  # fmt: skip
        if number % 2:
            event = {**told, "e": "trade", "t": number, "p": f"{last:.6f}", "q": f"{size}"}
            event["m"] = lot.random() < 0.5
        lines.append(f"{at}000000 {json.dumps({'stream': 'some', 'data': event})}")
    return lines


def configured(lot: Random) -> dict[str, Any]:
    """A model at random."""
    strategy = {
        "entry": 0.3,
        "risk": lot.choice([0.0002, 0.02]),
        "max_share": lot.choice([0.3, 1]),
        "exits": lot.choice(["all", "confidence"]),
        "orders": lot.choice(["market", "limit"]),
        "limit_from": lot.choice(["last", "best"]),
        "offset": lot.choice([0, 0.0002, -0.0001]),
        "fee_margin": lot.choice([0, 0.002]),
    }
    limits = lot.choice([{}, {"max_orders": 1, "rate_window_ms": 9000}, {"max_daily_loss": 1e-6}])
    return {"kind": "pattern", "patterns": PATTERNS, "strategy": strategy, "limits": limits}


def opened(small: Small, home: Path, specs: dict[str, dict[str, Any]], **changes: Any) -> Floor:
    source = home.parent / "recorded"
    source.mkdir()
    for session in DAYS:
        written(source / f"{session:%Y%m%d}.gz", recorded(session))
    arena = {
        "market": "crypto",
        "prices": {"kind": "ticks", "folder": str(source)},
        "ticks": {"kind": "binance", "folder": str(source)},
        "symbols": ["BIG", "TINY"],
        "first_session": DAYS[0],
        "last_session": DAYS[-1],
        "initial_cash": 1000,
        "costs": "free",
        "history": 5,
        "models": [*specs, "buy_and_hold"],
    }
    (small.config_dir / "arenas" / "two.yaml").write_text(yaml.safe_dump({**arena, **changes}))
    folder = small.config_dir / "models" / "two"
    folder.mkdir()
    for name, spec in specs.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(spec))
    floor = Floor(load_arena(small.config_dir, "two"), small.engine, home)
    import_missing(floor, DAYS[0], DAYS[-1], NOW)
    return floor


def walked(floor: Floor, model: str) -> Iterator[ModelDay]:
    for step in walk(floor, Plan(model, DAYS, Origin(model, "run"), may_start=True)):
        assert isinstance(step, Made), step
        yield step.day


@pytest.mark.parametrize("seed", range(2))
def test_the_ledger_takes_whatever_a_model_of_ticks_does(
    small: Small, tmp_path: Path, seed: int
) -> None:
    lot = Random(seed)
    venue = {
        "latency_ms": lot.choice([0, 5, 3000]),
        "maker_fee": lot.choice([0, 0.00017]),
        "taker_fee": lot.choice([0, 0.01]),
        "displayed_only": bool(seed % 2),
    }
    specs = {f"m{number}": configured(lot) for number in range(3)}
    cash = (7, 100_000)[seed]
    floor = opened(small, tmp_path / "home", specs, venue=venue, initial_cash=cash)
    days = [day for model in floor.arena.models for day in walked(floor, model)]
    assert sum(len(day.fills) for day in days) > 20
    for day in days:
        assert min((day.closing.cash, *day.closing.positions.values())) >= 0
        if day.session == DAYS[1]:
            first = next(d for d in days if (d.model, d.session) == (day.model, DAYS[0]))
            assert day.opening.portfolio == first.closing
    assert any(d.closing.positions for d in days if d.session == DAYS[0] and d.trail)
    for verified in verify(floor, list(floor.arena.models)):
        assert (verified.days, verified.differences) == (2, ())
    for replayed in replay(floor, list(floor.arena.models)):
        assert (replayed.days, replayed.differences) == (2, ())
    assert lookahead_faults(floor, 1, "seed") == []


@dataclass(frozen=True)
class Prophet(PatternTrader):
    """Buys before the price rises, and sells before it falls."""

    def trade(self, desk: Desk) -> Ending:
        assert desk.feed is not None
        ticks = next(desk.feed.chunks())
        trades = np.flatnonzero((ticks.kind == TRADE) & (ticks.symbol == 0)).tolist()[::AHEAD]
        seen = []
        for number, (now, later) in enumerate(pairwise(trades), 1):
            tick = ticks.at(now)
            score = 1.0 if ticks.price[later] > tick.price else -1.0
            found = number, ticks.symbols[0], tick.received, tick.price, score, tick.price / 50
            seen.append(Located(now, Signal(*found)))
        desk.feed = replace(desk.feed, signals=seen)
        return trade_ticks(self, desk)


def test_who_sees_later_ticks_is_found_out(small: Small, tmp_path: Path) -> None:
    floor = opened(small, tmp_path / "home", {"prophet": {"kind": f"{__name__}:Prophet"}})
    assert sum(len(day.fills) for day in walked(floor, "prophet")) > 5
    faults = lookahead_faults(floor, 2, "seed")
    assert faults
    assert "prophet on 2024-08-0" in faults[0]
    assert "decides otherwise when the prices after it are others, from" in faults[0]
