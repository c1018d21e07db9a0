"""The supervisor: database, Dagster's daemon and its webserver, together and until a signal."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aitrader_core.domain.errors import AitraderError
from aitrader_core.inference.installed import refuse_two_runtimes
from aitrader_core.runner.arena import Arena, load_arenas
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.premises import ready_database
from aitrader_core.runner.settings import Settings, embedded_data, project_root
from aitrader_core.serve.children import Child, Household, household
from aitrader_core.serve.imports import Imports
from aitrader_core.serve.lock import announce, holder
from aitrader_core.serve.show import Show
from aitrader_core.serve.signals import Signals
from aitrader_core.serve.site import HOST, Site, address
from aitrader_core.storage.database import engine_for
from aitrader_core.storage.embedded import revive
from aitrader_core.storage.urls import DatabaseUrls

_POLL = 0.25  # seconds
_DATABASE_POLL = 2.0  # seconds: a look at it is a connection
_WORKSPACE = ("-w", "workspace.yaml")


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the two webservers listen."""

    dashboard: int
    dagster: int


@dataclass
class Server:
    """What runs while we serve, and how we wait: for signals, with an eye on the children."""

    floors: list[Floor]
    family: Household
    signals: Signals
    show: Show
    home: Path
    joined: bool = False  # somebody else's daemon does the work
    data: Path | None = None  # of the embedded server, if it is used
    sites: list[Site] = field(default_factory=list)
    servers: list[Child] = field(default_factory=list)
    imports: Imports = field(init=False)

    def __post_init__(self) -> None:
        self.imports = Imports(self._program)
        self._database_seen = time.monotonic()

    def pause(self, seconds: float = _POLL) -> None:
        """Stopped after a signal, ChildFailed when something of ours is lost."""
        self.signals.sleep(seconds)
        self._keep_database()
        self.family.check(self.servers, self.show.say)
        self.imports.look()
        for site in self.sites:
            site.look()
        if self.joined and holder(self.home) is None:
            raise AitraderError("the aitrader that was up has stopped: run this again")

    def start_daemon(self) -> None:
        self.servers.append(self._program("daemon", "dagster-daemon", "run", *_WORKSPACE))

    def start_webservers(self, ports: Ports) -> None:
        """Dagster's and ours, each knowing where the other is."""
        where = ("-h", HOST, "-p", str(ports.dagster))
        dagster = self._program("webserver", "dagster-webserver", *where, *_WORKSPACE)
        web = ("-m", "aitrader_core.web", "--port", str(ports.dashboard))
        dashboard = self._program("web", "python", *web, "--dagster", address(ports.dagster))
        self.servers += [dagster, dashboard]
        say = self.show.say
        self.sites += [
            Site("the dashboard", dashboard, ports.dashboard, "/openapi.json", say),
            Site("the Dagster UI", dagster, ports.dagster, "/server_info", say),
        ]
        announce(self.home, address(ports.dashboard))

    def _keep_database(self) -> None:
        """Nobody else would start the embedded server again: Dagster waits for it, and on."""
        if self.data is None or time.monotonic() - self._database_seen < _DATABASE_POLL:
            return
        if revive(self.data):
            self.show.say("PostgreSQL had ended; it is started again")
        self._database_seen = time.monotonic()

    def _program(self, name: str, program: str, *arguments: str) -> Child:
        return self.family.start(name, str(Path(sys.executable).parent / program), *arguments)


@contextmanager
def serving(
    settings: Settings,
    signals: Signals,
    show: Show,
    *,
    joined: bool = False,
    dashboard: str | None = None,
) -> Iterator[Server]:
    """The database and the floors of all arenas, with nothing started yet."""
    arenas = load_arenas(settings.config_dir)
    refuse_two_runtimes()
    with ready_database(settings) as urls:
        floors = [_floor(arena, urls, settings.home) for arena in arenas.values()]
        data = embedded_data(settings) if settings.database_url is None else None
        env = _environment(settings, urls, dashboard or settings.dashboard_url)
        with household(settings.home / "logs", data, env, project_root(), signals) as family:
            yield Server(floors, family, signals, show, settings.home, joined, data)


def _floor(arena: Arena, urls: DatabaseUrls, home: Path) -> Floor:
    floor = Floor(arena, engine_for(urls.engine), home)
    floor.register_models()
    return floor


def _environment(settings: Settings, urls: DatabaseUrls, dashboard: str) -> dict[str, str]:
    # A code server that is short of processors takes more than Dagster's minute to start a run,
    # which then counts as failed; how long it may take to stop stays as it is.
    patience = {"DAGSTER_GRPC_TIMEOUT_SECONDS": "300", "DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD": "60"}
    return {
        **patience,
        **os.environ,
        "DAGSTER_HOME": str(project_root()),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "AITRADER_DATABASE_URL": urls.libpq,
        "AITRADER_HOME": str(settings.home),
        "AITRADER_CONFIG_DIR": str(settings.config_dir),
        "AITRADER_DASHBOARD_URL": dashboard,
    }
