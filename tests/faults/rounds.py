"""A round: one job, and what is killed while it is at work."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from random import Random

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from aitrader_core.domain.errors import AitraderError
from aitrader_core.runner.board import is_published
from aitrader_core.runner.requests import submit
from aitrader_core.storage.job import DetailStatus, Job, JobStatus
from aitrader_core.storage.schema import model_days
from tests.faults.installation import Installation
from tests.faults.processes import Kind, Process, kill, processes_of

POLL = 0.1  # seconds
STUCK = 200.0  # seconds without a fault in which a job must have ended: Dagster itself gives a
# run that does not start 120, and looks every 30
PATIENT_RESTARTS = 2  # of a stuck `up`, before the campaign gives up

TARGETS = {
    "run": ("run",),
    "code-server": ("code server",),
    "daemon": ("daemon",),
    "postgres": ("postmaster", "backend", "all of postgres"),
    "everything": ("everything",),
}
_POSTGRES = {Kind.POSTMASTER, Kind.BACKEND, Kind.POSTGRES}


class GaveUp(AitraderError):  # noqa: N818 - says what is so, as MissingBar does
    """A job did not end, whatever a user might do."""


@dataclass
class Fault:
    number: int
    group: str  # of --only
    target: str
    share: float  # of the undisturbed running time: the moment
    seed: int
    phase: str = ""
    at: float = 0.0  # seconds after the job was submitted, or after the fault before it
    killed: int = 0
    before: int = 0
    after: int = 0
    struck: float = 0.0  # monotonic
    restarted: list[str] = field(default_factory=list)
    whole_after: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.number:3}  {self.seed:<9} {self.target:<15} {self.at:5.1f} s  {self.phase:<22} "
            f"{self.killed:3} killed, then {', '.join(self.restarted) or 'nothing':<12} "
            f"{self.whole_after:5.1f} s  {self.before:4} -> {self.after}"
        )


@dataclass(frozen=True)
class Pace:
    """How long an undisturbed job takes: until its first run, and to the leaderboard."""

    to_run: float
    whole: float

    def moment(self, fault: Fault) -> float:
        """A run can be killed once there is one: its share is of the time from then on."""
        return fault.share * (self.whole - (self.to_run if fault.target == "run" else 0.0))


@dataclass
class Moments:
    """When a fault is due: counted from the job's submission, or from the fault before it."""

    pace: Pace
    since: float = field(default_factory=time.monotonic)
    run_seen: float | None = None

    @property
    def waited(self) -> float:
        return time.monotonic() - self.since

    def see(self, runs: list[Process]) -> None:
        if runs and self.run_seen is None:
            self.run_seen = time.monotonic()

    def has_come(self, fault: Fault) -> bool:
        begin = self.run_seen if fault.target == "run" else self.since
        return begin is not None and time.monotonic() >= begin + self.pace.moment(fault)


@dataclass(frozen=True)
class Look:
    """What can be seen from outside; `job` is None while the database does not answer."""

    job: Job | None = None
    done: int = 0
    rolled: bool = False  # every model-day has its final state
    published: bool = False

    @property
    def phase(self) -> str:
        if self.job is None:
            return "no database"
        if self.job.status is JobStatus.PENDING:
            return "queued"
        if self.job.status.is_final:
            return "published" if self.published else f"{self.job.status}, publishing"
        if self.rolled:
            return "rolling up"
        return f"working, {self.done} done" if self.done else "starting"


class Round:
    """One job over `sessions` for all models, whole in the end."""

    def __init__(self, place: Installation, sessions: Sequence[date]) -> None:
        self._place, self.sessions = place, sessions
        self._floor = place.floor
        self.jobs: list[int] = []
        self.struck: list[Fault] = []
        self.stuck = 0

    @property
    def size(self) -> int:
        return len(self.sessions) * len(self._floor.arena.models)

    def measure(self) -> Pace:
        """Undisturbed."""
        began, to_run = time.monotonic(), 0.0
        while not self._place.is_serving():
            self._give_up_after(began)
            time.sleep(POLL)
        self._submit()
        began = time.monotonic()
        while not (look := self._look()).published:
            if not to_run and _alive(self._place, Kind.RUN):
                to_run = time.monotonic() - began
            self._give_up_after(began)
            time.sleep(POLL)
        if look.job is None or look.job.status is not JobStatus.COMPLETED:
            raise GaveUp(f"undisturbed, the job ended as {look.phase}")
        return Pace(to_run, time.monotonic() - began)

    def play(self, faults: list[Fault], pace: Pace) -> list[Fault]:
        """Strike at their moments until the job is whole; the faults that found no run to kill."""
        pending, moments = list(faults), Moments(pace)
        self._submit()
        while True:
            if self._place.bring_back():
                self._note("up by hand")
            look, runs = self._look(), _alive(self._place, Kind.RUN)
            moments.see(runs)
            if pending and moments.has_come(pending[0]) and self._strike(pending[0], look, moments):
                pending.pop(0)
                moments = Moments(pace)
            elif self._is_whole(look):
                over = look.published and not runs
                if not pending or (over and pending[0].target == "run"):
                    return pending
            elif moments.waited > STUCK:
                self._unstick()
                moments = Moments(pace)
            time.sleep(POLL)

    def _strike(self, fault: Fault, look: Look, moments: Moments) -> bool:
        at = moments.waited
        victims = list(_victims(self._place, fault))
        if not victims:
            return False
        fault.phase, fault.before, fault.at = look.phase, look.done, at
        fault.struck = time.monotonic()
        fault.killed = kill(victims)
        self.struck.append(fault)
        print(f"{fault.number:3}  {fault.target} at {at:.1f} s: {look.phase}", flush=True)
        return fault.killed > 0

    def _is_whole(self, look: Look) -> bool:
        """Note when it is; a job that ended otherwise is submitted again, as a user would."""
        if look.job is None or not look.job.status.is_final:
            return False
        if look.job.status is not JobStatus.COMPLETED:
            if self._submit():
                self._note(f"job again ({look.job.status})")
            return False
        for fault in self.struck:
            if not fault.whole_after:
                fault.whole_after = max(time.monotonic() - fault.struck, 0.1)
                fault.after = look.done
        return True

    def _unstick(self) -> None:
        """As a user would who waits in vain: stop it, and start it again."""
        self.stuck += 1
        if self.stuck > PATIENT_RESTARTS:
            raise GaveUp(f"job {self.jobs[-1]} does not end")
        self._place.stop()
        self._note("up STUCK")

    def _give_up_after(self, began: float) -> None:
        if time.monotonic() - began > STUCK or not self._place.is_up():
            raise GaveUp(f"the undisturbed job does not end: {self._place.said()}")

    def _note(self, what: str) -> None:
        """With the latest fault, whose doing it is most likely."""
        if self.struck and what not in self.struck[-1].restarted:
            self.struck[-1].restarted.append(what)

    def _submit(self) -> bool:
        """False while the database does not answer."""
        first, last = str(self.sessions[0]), str(self.sessions[-1])
        with suppress(OperationalError):
            models = list(self._floor.arena.models)
            self.jobs.append(submit(self._floor, first, last, models, source="campaign"))
            return True
        return False

    def _look(self) -> Look:
        if not self.jobs:
            self._submit()
            return Look()
        stored = select(func.count()).where(
            model_days.c.session.between(self.sessions[0], self.sessions[-1])
        )
        try:
            job, counts = (
                self._floor.jobs.get(self.jobs[-1]),
                self._floor.jobs.counts(self.jobs[-1]),
            )
            left = counts[DetailStatus.PENDING] + counts[DetailStatus.RUNNING]
            with self._floor.engine.connect() as connection:
                done = connection.scalar(stored) or 0
            final = job is not None and job.status.is_final
            return Look(job, done, not left, final and is_published(self._floor))
        except OperationalError:
            return Look()


def _alive(place: Installation, kind: Kind) -> list[Process]:
    return [process for process in processes_of(place.home) if process.kind is kind]


def _victims(place: Installation, fault: Fault) -> Iterator[Process]:
    """Everything at once begins with the guard, whose work it is to stop the others."""
    running, choice = processes_of(place.home), Random(fault.seed)
    match fault.target:
        case "everything":
            yield from sorted(running, key=lambda p: p.kind is not Kind.GUARD)
        case "all of postgres":
            yield from (p for p in running if p.kind in _POSTGRES)
        case target:
            found = [p for p in running if p.kind == target]
            if found:
                yield choice.choice(sorted(found, key=lambda p: p.pid))
