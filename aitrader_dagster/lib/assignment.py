"""What a run is to do: whose request it belongs to, and which sessions of which models."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import dagster as dg

from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Plan
from aitrader_core.storage.store import Origin
from aitrader_dagster.lib.job_runs import ATTEMPT_TAG, JOB_TAG
from aitrader_dagster.lib.partitions import MarketPartitions

BACKFILL_TAG = "dagster/backfill"

Targets = dict[str, set[date]]  # sessions by model


@dataclass(frozen=True)
class Assignment:
    """`plans` walk each model up to the run's last own session; `own` is what it reports on."""

    origin: Origin
    plans: tuple[Plan, ...]
    own: Targets


def assignment_of(
    context: dg.AssetExecutionContext, floor: Floor, partitions: MarketPartitions
) -> Assignment:
    """From the run's tags, its partitions, and the target of the backfill it belongs to.

    Dagster launches a backfill's runs together and in any order. So each walks its models through
    the whole target up to its own last session; what another run has stored is only reported.
    """
    own = _targets((str(key) for key in context.partition_keys), partitions)
    tags = _tags(context)
    if job_id := tags.get(JOB_TAG):
        return _of_job(context, floor, int(job_id), own)
    backfill = tags.get(BACKFILL_TAG)
    first_run = context.run.root_run_id or context.run.run_id
    request = f"backfill-{backfill}" if backfill else f"run-{first_run}"
    origin = Origin(request, context.run.run_id)
    target = (_backfill_target(context, backfill, partitions) if backfill else None) or own
    plans = tuple(
        Plan(
            model,
            tuple(sorted(s for s in target[model] if s <= max(sessions))),
            origin,
            may_start=len(target[model]) > 1,
        )
        for model, sessions in sorted(own.items())
    )
    return Assignment(origin, plans, own)


def _of_job(
    context: dg.AssetExecutionContext, floor: Floor, job_id: int, own: Targets
) -> Assignment:
    job = floor.jobs.get(job_id)
    if job is None:
        raise dg.Failure(f"job {job_id} is not in the database", allow_retries=False)
    asked = floor.jobs.sessions(job.id)  # a range of partitions may have more than that
    own = {model: sessions & asked.get(model, set()) for model, sessions in own.items()}
    attempt = int(_tags(context).get(ATTEMPT_TAG, "1"))
    origin = Origin(job.request, context.run.run_id, job.id, attempt)
    plans = tuple(
        Plan(
            model,
            tuple(sorted(sessions)),
            origin,
            replace=job.replace_existing or job.fresh,
            may_start=True,
            fresh=job.fresh,
        )
        for model, sessions in sorted(own.items())
        if sessions
    )
    return Assignment(origin, plans, own)


def _tags(context: dg.AssetExecutionContext) -> dict[str, str]:
    """A run that is re-executed belongs to the request of the first one."""
    root_id = context.run.root_run_id
    root = context.instance.get_run_by_id(root_id) if root_id else None
    return {**(root.tags if root else {}), **context.run.tags}


def _backfill_target(
    context: dg.AssetExecutionContext, backfill: str, partitions: MarketPartitions
) -> Targets | None:
    """All that a backfill of assets is to make; None for a backfill of a job, which has no such."""
    found = context.instance.get_backfill(backfill)
    data = found.asset_backfill_data if found else None
    if data is None:
        return None
    subset = data.target_subset.get_partitions_subset(context.asset_key)
    return _targets(subset.get_partition_keys(), partitions)


def _targets(keys: Iterable[str], partitions: MarketPartitions) -> Targets:
    targets: Targets = defaultdict(set)
    for key in keys:
        session, model = partitions.split(key)
        targets[model].add(date.fromisoformat(session))
    return targets
