"""A run of every kind of model that decides by itself, and its manifest."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from aitrader_core.exchange.run_exporting import Exported, export
from aitrader_core.exchange.run_manifest import Asked
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.settings import project_root
from aitrader_core.runner.walk import Made
from tests.agents.recordings import line
from tests.conftest import _copy
from tests.runner.scripted_days import MODEL, PRICES, scripted_arena, simulate
from tests.small import Small

RECORDING = (
    line("2012-06-01", 1000),
    line("2012-06-04", 855, ("buy", "AAA", 5), {"AAA": 5}),
    line("2012-06-06", 900, ("sell", "AAA", 2), {"AAA": 3}),
)
MODELS = [MODEL, "random", "random@2", "gpt"]


@dataclass(frozen=True)
class Traded:
    """Seven sessions of a language model, a rule, its repeat and a recording."""

    small: Small
    folder: Path

    def export(self, name: str = "run.zip", *, with_prices: bool = True) -> tuple[Path, Exported]:
        path = self.folder / name
        asked = Asked(MODELS)
        floor, configs = self.small.floor, self.small.config_dir
        return path, export(floor, configs, asked, {}, path, with_prices=with_prices)


@pytest.fixture(scope="session")
def traded(
    postgres_url: str, _migrated: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Traded]:
    folder = tmp_path_factory.mktemp("traded")
    configs = Path(shutil.copytree(project_root() / "configs", folder / "configs"))
    with _copy(postgres_url, _migrated) as urls:
        engine = create_engine(urls.engine)
        small = Small(configs, engine)
        file = small.file("position.jsonl", *RECORDING)
        small.model("gpt", kind="recorded", file=file.name, mode="as_recorded")
        small.model("random", kind="random", repeats=2)
        scripted_arena(small, models=[MODEL, "random", "gpt", "buy_and_hold"], costs="us_retail")
        small.priced(PRICES)
        actions = small.actions("AAA,2012-06-07,cash_dividend,0.5", "BBB,2012-06-08,split,1.1")
        import_files(small.floor, None, actions)
        for model in MODELS:
            assert {type(step) for step in simulate(small.floor, model)} == {Made}
        yield Traded(small, folder)
        engine.dispose()


@pytest.fixture(scope="session")
def run_file(traded: Traded) -> Path:
    """Its manifest, prices and all."""
    path, _ = traded.export()
    return path


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Another machine: no database, no configuration, no keys."""
    for name in [name for name in os.environ if "AITRADER" in name or "KEY" in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AITRADER_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("AITRADER_HOME", str(tmp_path / "home"))
    return tmp_path
