"""The demo: every model of the arena over some months, up to its leaderboard."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aitrader_core.domain.errors import AitraderError
from aitrader_core.runner.board import is_published, standing_rows
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.requests import submit
from aitrader_core.runner.settings import Settings
from aitrader_core.serve.following import follow
from aitrader_core.serve.imports import unpriced_of
from aitrader_core.serve.lock import holder, only_one
from aitrader_core.serve.show import Show
from aitrader_core.serve.signals import Signals
from aitrader_core.serve.supervisor import Server, serving
from aitrader_core.storage.equity import last_sessions
from aitrader_core.storage.job import Job, JobStatus

PUBLISHING = 120.0  # seconds in which the leaderboard must follow the job


@dataclass
class Watch:
    """How long each phase took."""

    began: float = field(default_factory=time.monotonic)
    phases: list[str] = field(default_factory=list)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.phases.append(f"{name} {time.monotonic() - began:.1f} s")

    def __str__(self) -> str:
        return f"{', '.join(self.phases)}; {time.monotonic() - self.began:.1f} s in all"


def demo_once(settings: Settings, show: Show) -> bool:
    """Run the demo, by the aitrader that is up if there is one; whether all of it completed."""
    with Signals() as signals:
        watch = Watch()
        if up := holder(settings.home):
            show.say(f"{up}: it runs the demo")
            with serving(settings, signals, show, joined=True) as server:
                return run_demo(server, watch)
        with only_one(settings.home), serving(settings, signals, show) as server:
            server.start_daemon()
            return run_demo(server, watch)


def run_demo(server: Server, watch: Watch | None = None) -> bool:
    """Each arena's demo, to its leaderboard; nothing is made again that is stored."""
    watch = watch or Watch()
    floors = [floor for floor in server.floors if floor.arena.demo]
    done = [_run_one(server, floor, watch) for floor in floors]
    while not server.imports.are_done:
        server.pause()
    for floor in floors:
        server.show.leaderboard(standing_rows(floor))
    server.show.say(str(watch))
    return all(done)


def _run_one(server: Server, floor: Floor, watch: Watch) -> bool:
    completed = True
    if not _is_stored(floor):
        with watch.phase("prices"):
            _import_prices(server, floor)
        with watch.phase("simulation"):
            completed = _simulate(server, floor)
    with watch.phase("leaderboard"):
        _await_leaderboard(server, floor)
    return completed


def _is_stored(floor: Floor) -> bool:
    market, sessions = floor.arena.market, set(floor.arena.demo_sessions)
    return all(
        sessions <= set(floor.model_days.sessions(market, model)) for model in floor.arena.models
    )


def _import_prices(server: Server, floor: Floor) -> None:
    arena = floor.arena
    needed, _ = unpriced_of(floor)
    if needed:
        server.show.say(f"importing the prices of {needed[0]} to {needed[-1]}")
        server.imports.add(arena.market, arena.calendar, needed)
    while not server.imports.are_done and unpriced_of(floor)[0]:
        server.pause()  # they are stored before Dagster has written down each partition


def _simulate(server: Server, floor: Floor) -> bool:
    job_id = _job(floor)
    with server.show.meter() as meter:
        job = follow(floor.jobs, job_id, meter, server.pause)
    if job.status != JobStatus.COMPLETED:
        server.show.say(
            f"the demo's job {job_id} is {job.status.value}: see `aitrader jobs show {job_id}`"
        )
    return job.status == JobStatus.COMPLETED


def _job(floor: Floor) -> int:
    """The demo's job: the one that is in the queue, or a new one."""
    arena = floor.arena
    queued = [job for job in floor.jobs.latest(limit=100) if _is_open_demo(job, arena.market)]
    if queued:
        return queued[-1].id
    first, *_, last = map(str, arena.demo_sessions)
    return submit(floor, first, last, list(arena.models), source="demo")


def _is_open_demo(job: Job, market: str) -> bool:
    return job.market == market and job.source == "demo" and not job.status.is_final


def _await_leaderboard(server: Server, floor: Floor) -> None:
    deadline = time.monotonic() + PUBLISHING
    while last_sessions(floor.engine, floor.arena.market) and not is_published(floor):
        server.pause()
        if time.monotonic() > deadline:
            raise AitraderError(
                f"the leaderboard was not published within {PUBLISHING:.0f} s: "
                f"see {server.home / 'logs' / 'daemon.log'}"
            )
