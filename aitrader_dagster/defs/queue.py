"""The queue: one job simulates at a time, until each of its model-days has its state."""

import json
import time
from collections.abc import Iterable

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.job import Job
from aitrader_dagster.lib.job_runs import (
    attempt_of,
    first_requests,
    latest_runs,
    models_of,
    request,
    with_page,
)
from aitrader_dagster.lib.partitions import DATE, MODEL, MarketPartitions
from aitrader_dagster.lib.resources import TradingFloors

MOST_ATTEMPTS = 3  # of a run whose process was lost; a model that fails is not tried again
GONE_FOR = 10.0  # seconds that a started run may be without a sign of life
# Seconds that a run may be starting: as long as Dagster waits for a code server to start it. That
# this one is younger than the run says nothing: the daemon takes a new one every minute.
STARTING_FOR = 60.0

_AT_WORK = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_BACKFILLING = [
    BulkActionStatus.REQUESTED,
    BulkActionStatus.CANCELING,
    BulkActionStatus.FAILING,
]


def simulate_job(arena: Arena) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        f"{arena.market}_simulate",
        selection=dg.AssetSelection.assets([arena.market, "model_day"]).without_checks(),
        description="Simulates model-days; the queue starts it, a run for a few models of a job.",
    )


def queue_sensor(
    arena: Arena, partitions: MarketPartitions, job: UnresolvedAssetJobDefinition
) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"{arena.market}_queue",
        job=job,
        minimum_interval_seconds=2,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def queue(context: dg.SensorEvaluationContext, floors: TradingFloors) -> dg.SensorResult:
        """Starts the oldest pending job when nobody simulates, and rolls finished ones up."""
        opened = floors.open(arena.market)
        watched = bury_the_dead(context.instance, opened, json.loads(context.cursor or "{}"))
        requests, said = tend(context.instance, opened, partitions)
        return dg.SensorResult(
            run_requests=[with_page(asked, floors.dashboard) for asked in requests],
            skip_reason=None if requests else dg.SkipReason(said),
            cursor=json.dumps(watched),
        )

    return queue


def tend(
    instance: dg.DagsterInstance, floor: Floor, partitions: MarketPartitions
) -> tuple[list[dg.RunRequest], str]:
    """One look at the queue: the runs to launch, and what to say when there are none.

    It may be cut off anywhere and repeated: a job's state is in the database, its runs in
    Dagster, and a run that was launched before has the same key.
    """
    market = floor.arena.market
    job = floor.jobs.running(market)
    if job is not None:
        requests, active = _continue(instance, floor, job, partitions)
        if requests or active:
            return requests, f"job {job.id} is running"
        report_untold(instance, floor, job)
        floor.jobs.finish(job.id)
    job = floor.jobs.next_pending(market)
    if job is None:
        return [], "no job is pending"
    if backfill := backfill_in_flight(instance, market):
        return [], f"job {job.id} waits for backfill {backfill}"
    if not floor.turns.is_free(market):
        return [], f"job {job.id} waits for a run that is simulating"
    instance.add_dynamic_partitions(partitions.models.name or "", job.models)
    if not floor.jobs.start(job.id):
        return [], f"job {job.id} was canceled just now"
    return first_requests(instance, job, job.models, partitions), ""


def report_untold(instance: dg.DagsterInstance, floor: Floor, job: Job) -> None:
    """Materializations that a run of `job` was killed before it could tell of, though it stored."""
    if all(run.status == dg.DagsterRunStatus.SUCCESS for run in latest_runs(instance, job)):
        return
    key = dg.AssetKey([floor.arena.market, "model_day"])
    told = instance.get_materialized_partitions(key)
    for model in job.models:
        for session in floor.model_days.sessions(floor.arena.market, model, job.request):
            partition = dg.MultiPartitionKey({DATE: session.isoformat(), MODEL: model})
            if partition not in told:
                instance.report_runless_asset_event(
                    dg.AssetMaterialization(key, partition=partition, metadata={"job": job.id})
                )


def bury_the_dead(
    instance: dg.DagsterInstance, floor: Floor, seen: dict[str, float]
) -> dict[str, float]:
    """Report runs whose process is gone, which Dagster itself does not notice.

    A run at work holds a named connection to the database. One that is without it on two looks,
    some seconds apart, is dead: one that has begun, or has been starting for too long. Returns the
    runs to look at again, with the time of the first look.
    """
    now = time.time()
    ids = {r.dagster_run.run_id for r in _runs_at_work(instance, floor.arena.market)}
    silent = ids - floor.turns.alive(ids)
    first_seen = {run_id: seen.get(run_id, now) for run_id in silent}
    for run_id in [r for r, since in first_seen.items() if now - since >= GONE_FOR]:
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            instance.report_run_failed(
                run,
                "The process of this run is gone. What it stored stands: its job goes on by "
                "itself; a backfill's run goes on when it is re-executed.",
            )
        del first_seen[run_id]
    return first_seen


def _runs_at_work(instance: dg.DagsterInstance, market: str) -> list[dg.RunRecord]:
    """Runs that import, simulate or publish, launched by a sensor, the UI or a backfill."""
    return [
        record
        for record in instance.get_run_records(dg.RunsFilter(statuses=_AT_WORK))
        if _gives_signs(record.dagster_run, market)
        and (record.start_time or _starts_too_long(instance, record.dagster_run.run_id))
    ]


def _gives_signs(run: dg.DagsterRun, market: str) -> bool:
    """By its job; a run that the UI or a backfill made of assets has a selection instead."""
    if run.asset_selection is None:
        return run.job_name in (f"{market}_simulate", f"{market}_publish")
    keys = {dg.AssetKey([market, name]) for name in ("bars", "model_day", "leaderboard")}
    return bool(keys & run.asset_selection)


def _starts_too_long(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Whether whoever was starting this run is gone, most likely."""
    launched = instance.get_run_stats(run_id).launch_time
    return launched is not None and time.time() - launched > STARTING_FOR


def _continue(
    instance: dg.DagsterInstance, floor: Floor, job: Job, partitions: MarketPartitions
) -> tuple[list[dg.RunRequest], bool]:
    """Runs still to launch for a running job, and whether any is still at work."""
    requests, active = [], False
    runs = latest_runs(instance, job)
    for run in runs:
        if run.status == dg.DagsterRunStatus.NOT_STARTED:  # created, and then the tick was cut off
            requests.append(request(job, models_of(run), attempt_of(run)))
        elif not run.is_finished:
            active = True
            if job.cancel_requested and run.status == dg.DagsterRunStatus.QUEUED:
                instance.run_coordinator.cancel_run(run.run_id)
        elif _is_lost(floor, job, run):
            requests.append(request(job, models_of(run), attempt_of(run) + 1))
    launched = {model for run in runs for model in models_of(run)}
    missing = [model for model in job.models if model not in launched]
    requests += first_requests(instance, job, missing, partitions)
    return ([] if job.cancel_requested else requests), active


def _is_lost(floor: Floor, job: Job, run: dg.DagsterRun) -> bool:
    """Whether a finished run left sessions without a state, and may be tried again.

    One that somebody terminated is left alone.
    """
    return (
        run.status != dg.DagsterRunStatus.CANCELED
        and attempt_of(run) < MOST_ATTEMPTS
        and any(floor.jobs.unfinished(job.id, model) for model in models_of(run))
    )


def backfill_in_flight(instance: dg.DagsterInstance, market: str) -> str | None:
    """The id of a backfill of this market's model-days that has not ended."""
    key = dg.AssetKey([market, "model_day"])
    found: Iterable[dg.PartitionBackfill] = instance.get_backfills(
        filters=BulkActionsFilter(statuses=_BACKFILLING)
    )
    return next((b.backfill_id for b in found if key in (b.asset_selection or ())), None)
