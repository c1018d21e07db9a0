"""How jobs get into the queue from Dagster: a job for GraphQL and the UI, and a daily schedule."""

import dagster as dg

from aitrader_core.domain.errors import AitraderError
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.catch_up import due
from aitrader_core.runner.floor import Floor, open_floor
from aitrader_core.runner.requests import submit_due
from aitrader_core.runner.settings import load_settings
from aitrader_dagster.lib.partitions import open_weekdays
from aitrader_dagster.lib.resources import TradingFloors

ENQUEUED_TAG = "aitrader/enqueued"  # the job's id, for whoever launched the run


class EnqueueConfig(dg.Config):
    """A range of sessions x models. Without `models`, all of the arena's.

    Without `start`, each goes on from its own last session, to the latest one with prices.
    `max_dollars` and `max_tokens` are what its models may spend together.
    """

    market: str = "us"
    start: str | None = None
    end: str | None = None
    models: list[str] | None = None
    replace_existing: bool = False
    fresh: bool = False
    max_dollars: float | None = None
    max_tokens: int | None = None
    source: str = "graphql"


@dg.op
def enqueue(context: dg.OpExecutionContext, config: EnqueueConfig) -> int | None:
    """Check a request and queue it; the id of the job it becomes, None when nothing is due."""
    try:
        job_id = _queued(open_floor(load_settings(), config.market), config)
    except AitraderError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    if job_id is None:
        context.log.info("every model is up to date")
    else:
        context.instance.add_run_tags(context.run.run_id, {ENQUEUED_TAG: str(job_id)})
        context.log.info(f"job {job_id} is queued")
    return job_id


def _queued(floor: Floor, config: EnqueueConfig) -> int | None:
    models = list(floor.arena.models) if config.models is None else config.models
    return submit_due(
        floor,
        config.start,
        config.end,
        models,
        source=config.source,
        replace_existing=config.replace_existing,
        fresh=config.fresh,
        max_dollars=config.max_dollars,
        max_tokens=config.max_tokens,
    )


@dg.job(description="Queues a simulation: what other systems launch over GraphQL.")
def enqueue_simulation() -> None:
    enqueue()


def daily_schedule(arena: Arena) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{arena.market}_daily",
        cron_schedule=f"30 17 * * {open_weekdays(arena.calendar.weekmask)}",
        execution_timezone=arena.calendar.timezone,
        target=enqueue_simulation,
        description="Each model from its last session to the latest one with prices.",
    )
    def daily(
        context: dg.ScheduleEvaluationContext, floors: TradingFloors
    ) -> dg.RunRequest | dg.SkipReason:
        latest, starts = due(floors.open(arena.market))
        if latest is None:
            return dg.SkipReason("there are no prices yet")
        if not starts:
            return dg.SkipReason("every model is up to date")
        config = EnqueueConfig(market=arena.market, end=str(latest), source="schedule")
        return dg.RunRequest(
            run_key=f"{context.scheduled_execution_time:%Y-%m-%d} {latest}",
            run_config=dg.RunConfig(ops={"enqueue": config}),
        )

    return daily
