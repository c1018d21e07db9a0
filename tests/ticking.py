"""An arena of ticks: two days of a restless price in CSV, as a user would bring them."""

from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import yaml
from sqlalchemy import Engine

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor

DAYS = (date(2024, 8, 8), date(2024, 8, 9))
BTC = "BTC-USDT"


def trades(session: date, count: int = 4000, seed: int = 7) -> str:
    """One day's file: a trade every two seconds or so."""
    lot, price = Random(f"{seed} {session}"), 60_000.0
    at = datetime(session.year, session.month, session.day, tzinfo=UTC).timestamp() * 1000
    lines = ["ts,symbol,price,volume"]
    for number in range(count):
        drift = 6 if number // 400 % 2 else -6
        price = round(price + lot.gauss(drift, 15), 1)
        at += lot.randint(1, 4000)
        lines.append(f"{at:.0f},{BTC},{price},{lot.randint(1, 400) / 1000}")
    return "\n".join(lines) + "\n"


def ticking(config_dir: Path, engine: Engine, home: Path, **changes: object) -> Floor:
    """The arena `ticking` beside the others of `config_dir`, with its files, on this database."""
    folder = config_dir.parent / "ticks"
    folder.mkdir(exist_ok=True)
    for session in DAYS:
        (folder / f"trades_{session:%Y%m%d}.csv").write_text(trades(session))
    arena = {
        "market": "crypto",
        "prices": {"kind": "ticks", "folder": str(folder), "format": "csv"},
        "ticks": {"kind": "csv", "folder": str(folder)},
        "venue": {"latency_ms": 5, "taker_fee": 0.0004},
        "symbols": [BTC],
        "first_session": DAYS[0],
        "last_session": DAYS[-1],
        "initial_cash": 100_000,
        "costs": "free",
        "history": 5,
        "models": ["buy_and_hold", "pattern"],
    }
    (config_dir / "arenas" / "ticking.yaml").write_text(yaml.safe_dump({**arena, **changes}))
    models = config_dir / "models" / "ticking"
    models.mkdir(exist_ok=True)
    pattern = {
        "kind": "pattern",
        "patterns": {"threshold": 0.3, "warmup": 100, "cooldown": 60},
        "strategy": {"entry": 0.3, "risk": 0.001, "fee_margin": 0.002},
        "limits": {"price_collar": 0.01},
    }
    (models / "pattern.yaml").write_text(yaml.safe_dump(pattern))
    return Floor(load_arena(config_dir, "ticking"), engine, home)
