"""What a user at the UI waits for: a backfill of model-days, and a job's first model-day."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from time import perf_counter

from sqlalchemy import func, select

from aitrader_core.runner.board import is_published
from aitrader_core.runner.requests import submit
from aitrader_core.storage.job import DetailStatus
from aitrader_core.storage.schema import model_days
from benchmarks.ground import MODELS, YEAR, Ground, ground
from benchmarks.line import Line, duration
from tests.dagster.server import ENQUEUE, Server, serving, wait_for

NAME = "backfill"
AIM, TRIGGER_AIM = 45, 6
JOB_MODEL, JOB_SESSIONS = "buy_and_hold", 5
_LOOK, _LOOK_BY_API = 0.02, 0.25  # seconds between two looks at the database, or by GraphQL
_LONGEST = 600.0


@dataclass(frozen=True)
class Backfilled:
    """Seconds from the mutation on."""

    first_stored: float
    all_stored: float
    completed: float


def run(*, quick: bool) -> list[Line]:
    """`aitrader up` with nothing to do; requests of three models, one after the other."""
    length, backfills, jobs = (21, 1, 1) if quick else (YEAR, 2, 5)
    with ground() as here, _up(here) as server:
        spans = here.spans(JOB_SESSIONS)
        _queue(server, next(spans), _submitted)  # the first one waits for the daemon to come up
        submitted = [_queue(server, next(spans), _submitted) for _ in range(jobs)]
        enqueued = [_queue(server, next(spans), _enqueued) for _ in range(jobs)]
        years = here.spans(length)
        filled = [_backfill(server, next(years)) for _ in range(backfills)]
    what = f"3 models x {length} sessions"
    return [
        duration(NAME, f"{what}, until COMPLETED", [f.completed for f in filled], aim=AIM),
        duration(NAME, "the same until all are stored", [f.all_stored for f in filled]),
        duration(NAME, "the same until the first is stored", [f.first_stored for f in filled]),
        duration(NAME, "job submitted until it simulates", submitted, aim=TRIGGER_AIM),
        duration(NAME, "job by GraphQL until it simulates", enqueued),
    ]


@contextmanager
def _up(here: Ground) -> Iterator[Server]:
    with serving(here.floor, here.urls, here.config_dir, here.folder) as server:
        yield server


def _backfill(server: Server, span: Sequence[date]) -> Backfilled:
    """Launched by the mutation of the launch dialog."""
    _settle(server)
    began = perf_counter()
    backfill = server.backfill(span, MODELS)
    request, wanted = f"backfill-{backfill}", len(span) * len(MODELS)
    first = _when(lambda: _stored(server, request) > 0, began)
    stored = _when(lambda: _stored(server, request) == wanted, began)
    ended = partial(_has_ended, server, backfill)
    return Backfilled(first, stored, _when(ended, began, look=_LOOK_BY_API))


def _has_ended(server: Server, backfill: str) -> bool:
    status = server.backfill_status(backfill)
    if status in ("FAILED", "CANCELED", "COMPLETED_FAILED"):
        raise RuntimeError(f"the backfill ended as {status}")
    return status == "COMPLETED_SUCCESS"


def _queue(server: Server, span: Sequence[date], trigger: Callable[..., int]) -> float:
    """Seconds from the trigger until a run simulates the job; then it is let end."""
    _settle(server)
    began = perf_counter()
    job_id = trigger(server, span)
    simulates = _when(lambda: _at_work(server, job_id), began)
    wait_for(lambda: server.job(job_id).status.is_final)
    return simulates


def _submitted(server: Server, span: Sequence[date]) -> int:
    """As `aitrader jobs submit` does, less the start of its process."""
    first, last = str(span[0]), str(span[-1])
    return submit(server.floor, first, last, [JOB_MODEL], source="benchmark")


def _enqueued(server: Server, span: Sequence[date]) -> int:
    """By a run of the job that other systems launch, which has to start before it can queue."""
    before = _newest_job(server)
    asked = {"start": str(span[0]), "end": str(span[-1]), "models": [JOB_MODEL]}
    server.graphql(ENQUEUE, config={"ops": {"enqueue": {"config": asked}}})
    _when(lambda: _newest_job(server) != before, perf_counter())
    return _newest_job(server)


def _settle(server: Server) -> None:
    """Until the leaderboard that follows what was stored is published."""
    if _stored(server):
        wait_for(lambda: is_published(server.floor))


def _at_work(server: Server, job_id: int) -> bool:
    counts = server.floor.jobs.counts(job_id)
    return counts[DetailStatus.RUNNING] + counts[DetailStatus.COMPLETED] > 0


def _newest_job(server: Server) -> int:
    newest = server.floor.jobs.latest(limit=1)
    return newest[0].id if newest else 0


def _stored(server: Server, request: str | None = None) -> int:
    query = select(func.count()).select_from(model_days)
    if request is not None:
        query = query.where(model_days.c.request == request)
    with server.floor.engine.connect() as connection:
        return connection.scalar(query) or 0


def _when(is_so: Callable[[], bool], began: float, look: float = _LOOK) -> float:
    """Seconds since `began` when it is so; RuntimeError if it does not come about."""
    while not is_so():
        time.sleep(look)
        if perf_counter() - began > _LONGEST:
            raise RuntimeError(f"nothing happened within {_LONGEST:.0f} s")
    return perf_counter() - began
