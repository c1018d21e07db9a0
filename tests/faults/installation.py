"""An aitrader of the campaign's own: its home, its configuration, its `up`."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from sqlalchemy import create_engine

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.settings import project_root
from aitrader_core.storage.embedded import embedded_server, embedded_url
from aitrader_core.storage.migrate import upgrade
from aitrader_core.storage.urls import DatabaseUrls
from tests.faults.paced import MODELS, PACE
from tests.faults.processes import kill, left_over

STOPPING = 30.0  # seconds
BARE = {k: v for k, v in os.environ.items() if not k.startswith("AITRADER_")}


@dataclass
class Installation:
    """`home` must be open to all: the server may run as nobody."""

    folder: Path
    pace: float
    port: int
    ended: list[str] = field(default_factory=list)  # what `up` said whenever it ended by itself

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.out = self.folder / "up.out"
        self.config_dir = Path(shutil.copytree(project_root() / "configs", self.folder / "configs"))
        for name, content in MODELS.items():
            (self.config_dir / "models" / f"{name}.yaml").write_text(content)
        arena = self.config_dir / "arenas" / "us.yaml"
        models = "models:\n" + "".join(f"  - {name}\n" for name in MODELS) + "demo:"
        arena.write_text(re.sub(r"models:.*?demo:", models, arena.read_text(), flags=re.S))

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @cached_property
    def floor(self) -> Floor:
        return self.floor_on(DatabaseUrls(embedded_url(self.data)))

    def floor_on(self, urls: DatabaseUrls) -> Floor:
        engine = create_engine(urls.engine, pool_pre_ping=True)
        return Floor(load_arena(self.config_dir, "us"), engine)

    def prepare(self) -> None:
        """All prices stored, so that nothing but the campaign's jobs goes on."""
        with embedded_server(self.data):
            stock(self.floor)
            self.floor.engine.dispose()

    def start(self) -> None:
        environment = {
            **BARE,
            "AITRADER_HOME": str(self.home),
            "AITRADER_CONFIG_DIR": str(self.config_dir),
            PACE: str(self.pace),
        }
        command = [self.program, "up", "--dagster-port", str(self.port)]
        with self.out.open("a") as output:
            self._up = subprocess.Popen(
                command, env=environment, cwd=project_root(), stdout=output, stderr=output
            )

    def is_serving(self) -> bool:
        """Whether the UI has answered since the last start."""
        return "the Dagster UI is at" in self.said()

    @property
    def program(self) -> str:
        return str(Path(sys.executable).with_name("aitrader"))

    def is_up(self) -> bool:
        return self._up.poll() is None

    def bring_back(self) -> bool:
        """What a user does when `up` has ended: start it again. False when there is no need."""
        if self.is_up():
            return False
        if self._up.returncode != -signal.SIGKILL:  # which is our own doing
            self.ended.append(self.said())
            time.sleep(1)  # nobody is faster
        self.start()
        return True

    def said(self) -> str:
        """The last sentence of `up`."""
        lines = [line for line in self.out.read_text().splitlines() if line.strip()]
        return lines[-1] if lines else "nothing"

    def stop(self) -> int:
        """Its exit status after SIGTERM."""
        self._up.terminate()
        return self._up.wait(STOPPING)

    def verify(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, "verify"],
            env={
                **BARE,
                "AITRADER_HOME": str(self.home),
                "AITRADER_CONFIG_DIR": str(self.config_dir),
            },
            cwd=project_root(),
            capture_output=True,
            text=True,
            check=False,
        )

    def clear(self) -> None:
        """Nothing of it runs any more, however the campaign went."""
        kill(left_over(self.home, patience=0))


def stock(floor: Floor) -> None:
    """The schema, the models and every price."""
    upgrade(floor.engine)
    floor.register_models()
    import_missing(floor, floor.arena.first_session, floor.arena.last_session, datetime.now(UTC))


def span(sessions: tuple[date, ...], number: int, length: int) -> tuple[date, ...]:
    """The sessions of the round with this number, the first is 0."""
    return sessions[number * length : (number + 1) * length]
