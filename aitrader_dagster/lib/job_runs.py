"""The runs of a job: a few models each, over the job's range of sessions."""

from collections.abc import Iterator, Sequence

import dagster as dg

from aitrader_core.storage.job import Job
from aitrader_dagster.lib.dashboard import PAGE_TAG, Dashboard
from aitrader_dagster.lib.partitions import MarketPartitions

JOB_TAG = "aitrader/job"
MODELS_TAG = "aitrader/models"
ATTEMPT_TAG = "aitrader/attempt"

# A run's process takes two seconds before its first model-day, so models share one; with more
# of them a killed run would hold up more models, and a job would keep fewer cores busy.
MODELS_PER_RUN = 4


def first_requests(
    instance: dg.DagsterInstance, job: Job, models: Sequence[str], partitions: MarketPartitions
) -> list[dg.RunRequest]:
    """The runs to launch for models of a job that have none yet."""
    order = instance.get_dynamic_partitions(partitions.models.name or "")
    return [request(job, block, attempt=1) for block in _blocks(models, order)]


def request(job: Job, models: Sequence[str], attempt: int) -> dg.RunRequest:
    """A run over `models`, which must be neighbours among the partitions."""
    return dg.RunRequest(
        run_key=f"job-{job.id}-{models[0]}-{attempt}",
        tags={
            JOB_TAG: str(job.id),
            MODELS_TAG: ",".join(models),
            ATTEMPT_TAG: str(attempt),
            "dagster/asset_partition_range_start": f"{job.first}|{models[0]}",
            "dagster/asset_partition_range_end": f"{job.last}|{models[-1]}",
        },
    )


def with_page(asked: dg.RunRequest, dashboard: Dashboard) -> dg.RunRequest:
    """The same, tagged with the page of its job."""
    page = dashboard.job(int(asked.tags[JOB_TAG]))
    return dg.RunRequest(run_key=asked.run_key, tags={**asked.tags, PAGE_TAG: page})


def latest_runs(instance: dg.DagsterInstance, job: Job) -> list[dg.DagsterRun]:
    """Of each block of models its newest run."""
    latest: dict[str, dg.DagsterRun] = {}
    for run in instance.get_runs(dg.RunsFilter(tags={JOB_TAG: str(job.id)})):  # newest first
        latest.setdefault(run.tags[MODELS_TAG], run)
    return list(latest.values())


def models_of(run: dg.DagsterRun) -> list[str]:
    return run.tags[MODELS_TAG].split(",")


def attempt_of(run: dg.DagsterRun) -> int:
    return int(run.tags[ATTEMPT_TAG])


def _blocks(models: Sequence[str], order: Sequence[str]) -> Iterator[list[str]]:
    """Neighbours in `order`, a few at a time: a range of partitions can't leave one out."""
    block: list[str] = []
    for model in order:
        if block and (model not in models or len(block) == MODELS_PER_RUN):
            yield block
            block = []
        if model in models:
            block.append(model)
    if block:
        yield block
