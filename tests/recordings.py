"""Real market data and recorded sessions, beside the project and never in it."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from aitrader_core.runner.settings import project_root

SHARED = project_root().parent / "shared" / "data"
US_DAILY = SHARED / "us_daily" / "merged.jsonl"
US_HOURLY = SHARED / "us_hourly" / "merged.jsonl"
CN_DAILY = SHARED / "cn_daily" / "merged.jsonl"
CN_HOURLY = SHARED / "cn_hourly" / "merged_hourly.jsonl"
CRYPTO = SHARED / "crypto" / "crypto_merged.jsonl"

needs_recordings = pytest.mark.skipif(
    not SHARED.is_dir(), reason="needs the recordings of ../shared/data, which are not there"
)


@dataclass(frozen=True)
class Recordings:
    """An arena of recorded sessions: its market, its prices, and who was recorded.

    `expected` names the file in expected/ with what an independent replay makes of them.
    """

    market: str
    prices: Path
    models: tuple[str, ...]
    first: str
    last: str
    cash: int
    bars: str = "daily"
    expected: str | None = None

    @property
    def positions(self) -> dict[str, Path]:
        folder = self.prices.parent / "agent_data"
        return {model: folder / model / "position" / "position.jsonl" for model in self.models}

    @property
    def symbols(self) -> list[str]:
        lines = self.prices.read_text().splitlines()
        return sorted(json.loads(line)["Meta Data"]["2. Symbol"] for line in lines)

    def write(self, config_dir: Path, name: str) -> None:
        """An arena of this name in which every recording takes part in both modes."""
        models = ["buy_and_hold"]
        folder = config_dir / "models" / name
        folder.mkdir()
        for model, file in self.positions.items():
            for suffix, mode in (("", "as_recorded"), ("@enforced", "enforced")):
                spec = {"kind": "recorded", "file": str(file), "mode": mode}
                (folder / f"{model}{suffix}.yaml").write_text(yaml.safe_dump(spec))
                models.append(f"{model}{suffix}")
        arena = {
            "market": self.market,
            "bars": self.bars,
            "prices": {"kind": "file", "path": str(self.prices)},
            "symbols": self.symbols,
            "first_session": self.first,
            "last_session": self.last,
            "initial_cash": self.cash,
            "costs": "free",
            "history": 20,
            "models": models,
        }
        (config_dir / "arenas" / f"{name}.yaml").write_text(yaml.safe_dump(arena))


RECORDINGS = {
    "nasdaq": Recordings(
        market="us",
        prices=US_DAILY,
        models=("MiniMax-M2", "gpt-5", "qwen3-max"),
        first="2025-10-01",
        last="2025-10-29",
        cash=10_000,
        expected="us_daily",
    ),
    "nasdaq_hourly": Recordings(
        market="us",
        prices=US_HOURLY,
        models=("qwen3-max",),
        first="2025-10-01",
        last="2025-11-10",
        cash=10_000,
        bars="intraday",
    ),
    "sse": Recordings(
        market="cn",
        prices=CN_DAILY,
        models=("MiniMax-M2", "qwen3-max"),
        first="2025-10-09",
        last="2025-11-19",
        cash=100_000,
        expected="cn_daily",
    ),
    "sse_hourly": Recordings(
        market="cn",
        prices=CN_HOURLY,
        models=("claude-3.7-sonnet-astock-hour",),
        first="2025-10-09",
        last="2025-11-19",
        cash=100_000,
        bars="intraday",
        expected="cn_hourly",
    ),
    "coins": Recordings(
        market="crypto",
        prices=CRYPTO,
        models=("claude-3.7-sonnet",),
        first="2025-11-01",
        last="2025-11-15",
        cash=50_000,
        expected="crypto",
    ),
}
