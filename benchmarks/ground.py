"""A floor to measure on: the us arena on an embedded server of its own, as the product sets it."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.premises import ready_database
from aitrader_core.runner.settings import Settings, project_root
from aitrader_core.storage.database import engine_for
from aitrader_core.storage.urls import DatabaseUrls

MODELS = ("mean_reversion", "momentum", "random")  # neighbours among the partitions
YEAR = 252  # sessions
FIRST = date(2006, 1, 3)


@dataclass(frozen=True)
class Ground:
    """`folder` is AITRADER_HOME, and gone afterwards."""

    floor: Floor
    urls: DatabaseUrls
    folder: Path

    @property
    def config_dir(self) -> Path:
        return project_root() / "configs"

    @property
    def environment(self) -> dict[str, str]:
        """Of a process of Dagster, as `aitrader up` gives it."""
        return {
            **os.environ,
            "DAGSTER_HOME": str(project_root()),
            "DAGSTER_DISABLE_TELEMETRY": "yes",
            "AITRADER_DATABASE_URL": self.urls.libpq,
            "AITRADER_HOME": str(self.folder),
            "AITRADER_CONFIG_DIR": str(self.config_dir),
        }

    def spans(self, length: int) -> Iterator[Sequence[date]]:
        """One stretch of `length` sessions after the other."""
        sessions = self.floor.arena.calendar.between(FIRST, self.floor.arena.last_session)
        for start in range(0, len(sessions) - length + 1, length):
            yield sessions[start : start + length]


@contextmanager
def ground() -> Iterator[Ground]:
    """All bundled prices and nothing else; the server stops when the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="aitrader-benchmark-", dir="/tmp"))
    folder.chmod(0o755)  # the server may run as nobody
    settings = Settings(home=folder, database_url=None, config_dir=project_root() / "configs")
    try:
        with ready_database(settings) as urls:
            arena = load_arena(settings.config_dir, "us")
            floor = Floor(arena, engine_for(urls.engine))
            import_missing(floor, arena.first_session, arena.last_session, datetime.now(UTC))
            floor.register_models()
            yield Ground(floor, urls, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
