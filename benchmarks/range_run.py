"""Model-days a second through Dagster into Postgres, in one run over a range of partitions."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import psycopg

from aitrader_core.runner.settings import project_root
from aitrader_core.runner.walk import Broken, Plan, walk
from aitrader_core.storage.store import Origin
from benchmarks.ground import MODELS, YEAR, Ground, ground
from benchmarks.line import Line, rate
from benchmarks.timing import Contestant, take_turns

NAME = "dagster"
AIM = 500
PARTITIONS = """
import sys
from dagster import DagsterInstance
with DagsterInstance.get() as instance:
    instance.add_dynamic_partitions("us_models", sys.argv[1:])
"""
_LAST_RUN = "select status, end_time - start_time from runs order by id desc limit 1"


def run(*, quick: bool) -> list[Line]:
    """Three models x 252 sessions of the us arena; each repeat goes on where the last ended."""
    length, repeats = (21, 1) if quick else (YEAR, 3)
    with ground() as here:
        _prepare(here)
        spans = here.spans(length)
        timed = take_turns(
            {
                "dagster": Contestant(lambda: _through_dagster(here, next(spans)), repeats),
                "walk": Contestant(lambda: _without(here, next(spans)), repeats),
            }
        )
    days = length * len(MODELS)
    inside, bare = timed["dagster"].results, timed["walk"].seconds
    return [
        rate(NAME, "range run, from its start to its end", days, inside, aim=AIM),
        rate(NAME, "the same with the start of its process", days, timed["dagster"].seconds),
        rate(NAME, "the same days walked without Dagster", days, bare, ours=inside),
    ]


def _through_dagster(here: Ground, span: Sequence[date]) -> Callable[[], float]:
    """Returns the seconds of the run as Dagster has noted them."""
    tags = {
        "dagster/asset_partition_range_start": f"{span[0]}|{MODELS[0]}",
        "dagster/asset_partition_range_end": f"{span[-1]}|{MODELS[-1]}",
    }
    program = str(Path(sys.executable).with_name("dagster"))
    what = ("-m", "aitrader_dagster.definitions", "-j", "us_simulate", "--tags", json.dumps(tags))

    def execute() -> float:
        _process(here, program, "job", "execute", *what)
        _check(here, span)
        return _seconds_of_last_run(here)

    return execute


def _without(here: Ground, span: Sequence[date]) -> Callable[[], float]:
    """What the run does for each day, less Dagster."""
    origin = Origin(f"run-{span[0]}", "benchmark")

    def execute() -> float:
        for model in MODELS:
            for step in walk(here.floor, Plan(model, tuple(span), origin, may_start=True)):
                if isinstance(step, Broken):
                    raise RuntimeError(step.reason)
        return 0.0

    return execute


def _prepare(here: Ground) -> None:
    """Dagster's tables and the models' partitions are there before the clock runs."""
    _process(here, sys.executable, "-c", PARTITIONS, *MODELS)


def _process(here: Ground, *command: str) -> None:
    """A process of Dagster's; RuntimeError with its last words."""
    done = subprocess.run(
        command,
        env=here.environment,
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr[-2_000:]}")


def _check(here: Ground, span: Sequence[date]) -> None:
    for model in MODELS:
        if not set(span) <= set(here.floor.model_days.sessions("us", model)):
            raise RuntimeError(f"{model} was not stored from {span[0]} to {span[-1]}")


def _seconds_of_last_run(here: Ground) -> float:
    with psycopg.connect(here.urls.dagster_libpq) as connection:
        row = connection.execute(_LAST_RUN).fetchone()
    if row is None or row[0] != "SUCCESS":
        raise RuntimeError(f"the run of Dagster ended with {row}")
    return float(row[1])
