"""The real daemon and webserver: jobs and backfills side by side, killed runs, cancelled jobs."""

import os
import shutil
import signal
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.requests import submit
from aitrader_core.runner.settings import project_root
from aitrader_core.runner.verify import verify
from aitrader_core.storage.job import DetailStatus, JobStatus
from aitrader_core.storage.schema import model_days
from aitrader_core.storage.urls import DatabaseUrls
from tests.dagster.server import Server, serving, wait_for
from tests.dagster.world import add_models, sessions

pytestmark = pytest.mark.daemon


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, module_floor: Floor) -> Iterator[Server]:
    """One aitrader for the module, with the models `flaky` and `slow` beside the usual ones."""
    folder = tmp_path_factory.mktemp("served")
    config_dir = Path(shutil.copytree(project_root() / "configs", folder / "configs"))
    add_models(config_dir)
    urls = DatabaseUrls(module_floor.engine.url.render_as_string(hide_password=False))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        floor = Floor(load_arena(config_dir, "us"), module_floor.engine)
        with serving(floor, urls, config_dir, folder) as server:
            yield server


def test_jobs_and_a_backfill_go_one_after_the_other(server: Server) -> None:
    """From the command line, over GraphQL and from the UI's mutation, all at the same time."""
    floor = server.floor
    models = ["momentum", "equal_weight", "random"]
    june = sessions(floor, "2012-06-01", "2012-06-29")
    first = submit(floor, "2012-06-01", "2012-06-29", models, source="test")
    backfill = server.backfill(june[:2], ["flaky", "mean_reversion"])
    enqueued = server.enqueue(start="2012-07-02", end="2012-07-13", models=models)
    second = int({tag["key"]: tag["value"] for tag in enqueued["tags"]}["aitrader/enqueued"])
    refused = server.enqueue(start="2012-06-01", end="2012-06-05", models=["momentun"])
    wait_for(lambda: server.job(second).status.is_final and server.job(first).status.is_final)
    wait_for(lambda: server.backfill_status(backfill).startswith("COMPLETED"))

    assert server.job(first).status is JobStatus.COMPLETED
    assert server.job(second).status is JobStatus.COMPLETED
    assert server.backfill_status(backfill) == "COMPLETED_SUCCESS"
    assert refused["status"] == "FAILURE"
    (message,) = [e["error"]["message"] for e in refused["eventConnection"]["events"] if e]
    assert "did you mean momentum?" in message
    assert server.job(second).source == "graphql"
    spans = _spans(floor)
    assert set(spans) == {f"job-{first}", f"job-{second}", f"backfill-{backfill}"}
    assert all(before[1] < after[0] for before, after in pairwise(sorted(spans.values())))
    july = sessions(floor, "2012-06-01", "2012-07-13")
    for model in models:
        assert list(floor.model_days.sessions("us", model)) == list(july)
    for model in ("flaky", "mean_reversion"):
        assert list(floor.model_days.sessions("us", model)) == list(june[:2])
    told = [str(d) for found in verify(floor, list(floor.arena.models)) for d in found.differences]
    assert told == []


def test_a_killed_run_goes_on_and_a_canceled_job_stops(server: Server) -> None:
    floor = server.floor
    job_id = submit(floor, "2012-06-01", "2012-06-21", ["slow"], source="test")
    wait_for(lambda: floor.jobs.counts(job_id)[DetailStatus.COMPLETED] > 2)
    os.kill(int((server.config_dir.parent / "pid").read_text()), signal.SIGKILL)
    wait_for(lambda: server.job(job_id).status.is_final)

    assert server.job(job_id).status is JobStatus.COMPLETED
    june = list(sessions(floor, "2012-06-01", "2012-06-21"))
    assert list(floor.model_days.sessions("us", "slow")) == june
    assert {d.attempt for d in floor.jobs.details(job_id)} == {1, 2}
    with floor.engine.connect() as connection:
        made = select(func.count()).where(model_days.c.model == "slow")
        assert connection.scalar(made) == len(june)

    canceled = submit(floor, "2012-06-22", "2012-12-31", ["slow"], source="test")
    wait_for(lambda: floor.jobs.counts(canceled)[DetailStatus.COMPLETED] > 2)
    floor.jobs.cancel(canceled)
    wait_for(lambda: server.job(canceled).status.is_final)
    assert server.job(canceled).status is JobStatus.CANCELED
    done = floor.jobs.counts(canceled)[DetailStatus.COMPLETED]
    assert len(floor.model_days.sessions("us", "slow")) == len(june) + done


def _spans(floor: Floor) -> dict[str, tuple[datetime, datetime]]:
    """When each request stored its first and its last model-day."""
    times = defaultdict(list)
    with floor.engine.connect() as connection:
        for row in connection.execute(select(model_days.c.request, model_days.c.stored_at)):
            times[row.request].append(row.stored_at)
    return {request: (min(at), max(at)) for request, at in times.items()}
