"""Two operators ask for the same at the same moment."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import text

from aitrader_core.runner.requests import submit
from aitrader_core.runner.settings import project_root
from aitrader_core.storage.job import DetailStatus, JobStatus
from aitrader_dagster.defs.queue import tend
from aitrader_dagster.lib.job_runs import JOB_TAG, MODELS_TAG
from aitrader_dagster.lib.partitions import market_partitions
from tests.dagster.world import World, sessions

FIRST, LAST, MODELS = "2012-06-01", "2012-06-08", ["momentum", "random"]
STORED_BEFORE = "it was stored before; replace_existing makes it again"


def in_threads(world: World) -> list[int]:
    barrier = Barrier(2)

    def operator(name: str) -> int:
        barrier.wait()
        return submit(world.floor, FIRST, LAST, MODELS, source=name)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(operator, ["one", "other"]))


def on_the_command_line(world: World) -> list[int]:
    known = {job.id for job in world.floor.jobs.latest()}
    words = ("jobs", "submit", "--start", FIRST, "--end", LAST, "--models", ",".join(MODELS))
    aitrader = str(Path(sys.executable).with_name("aitrader"))
    agents = str(Path(os.environ["AITRADER_CONFIG_DIR"]).parent)
    operators = [
        subprocess.Popen(
            [aitrader, *words], env={**os.environ, "PYTHONPATH": agents}, cwd=project_root()
        )
        for _ in range(2)
    ]
    assert [operator.wait(60) for operator in operators] == [0, 0]
    return sorted({job.id for job in world.floor.jobs.latest()} - known)


@pytest.mark.parametrize("ask", [in_threads, on_the_command_line])
def test_both_get_a_job_and_each_day_is_made_once(
    world: World, ask: Callable[[World], list[int]]
) -> None:
    first, second = sorted(ask(world))
    _simulate(world, first, waiting=second)
    made = _stored(world)
    _simulate(world, second)

    june = sessions(world.floor, FIRST, LAST)
    assert made == Counter({(model, day, f"job-{first}"): 1 for model in MODELS for day in june})
    assert _stored(world) == made
    assert {d.status for d in world.floor.jobs.details(first)} == {DetailStatus.COMPLETED}
    found = {(d.status, d.reason) for d in world.floor.jobs.details(second)}
    assert found == {(DetailStatus.SKIPPED, STORED_BEFORE)}
    ended = [world.floor.jobs.get(job) for job in (first, second)]
    assert [job.status for job in ended if job] == [JobStatus.COMPLETED, JobStatus.COMPLETED]


def _simulate(world: World, job: int, waiting: int | None = None) -> None:
    """What the queue asks for, and nothing of another job meanwhile."""
    partitions = market_partitions(world.floor.arena)
    requests, _ = tend(world.instance, world.floor, partitions)
    assert {request.tags[JOB_TAG] for request in requests} == {str(job)}
    for request in requests:
        if waiting is not None:
            found = world.floor.jobs.get(waiting)
            assert found
            assert found.status is JobStatus.PENDING
        block = request.tags[MODELS_TAG].split(",")
        assert world.run_range(block[0], FIRST, LAST, dict(request.tags)).success


def _stored(world: World) -> Counter[tuple[object, ...]]:
    with world.floor.engine.connect() as connection:
        rows = connection.execute(text("select model, session, request from model_days"))
        return Counter(tuple(row) for row in rows)
