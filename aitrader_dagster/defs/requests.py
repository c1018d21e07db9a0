"""How jobs get into the queue from Dagster: a job for GraphQL and the UI, and a daily schedule."""

from collections.abc import Iterator

import dagster as dg

from aitrader_core.domain.errors import AitraderError
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.catch_up import due
from aitrader_core.runner.floor import open_floor
from aitrader_core.runner.requests import submit
from aitrader_core.runner.settings import load_settings
from aitrader_dagster.lib.partitions import open_weekdays
from aitrader_dagster.lib.resources import TradingFloors

ENQUEUED_TAG = "aitrader/enqueued"  # the job's id, for whoever launched the run


class EnqueueConfig(dg.Config):
    """A range of sessions x models. Without `models`, all of the arena's.

    `max_dollars` and `max_tokens` are what its models may spend together.
    """

    market: str = "us"
    start: str
    end: str
    models: list[str] | None = None
    replace_existing: bool = False
    fresh: bool = False
    max_dollars: float | None = None
    max_tokens: int | None = None
    source: str = "graphql"


@dg.op
def enqueue(context: dg.OpExecutionContext, config: EnqueueConfig) -> int:
    """Check a request and queue it; the id of the job it becomes."""
    try:
        floor = open_floor(load_settings(), config.market)
        job_id = submit(
            floor,
            config.start,
            config.end,
            list(floor.arena.models) if config.models is None else config.models,
            source=config.source,
            replace_existing=config.replace_existing,
            fresh=config.fresh,
            max_dollars=config.max_dollars,
            max_tokens=config.max_tokens,
        )
    except AitraderError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    context.instance.add_run_tags(context.run.run_id, {ENQUEUED_TAG: str(job_id)})
    context.log.info(f"job {job_id} is queued")
    return job_id


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
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        latest, starts = due(floors.open(arena.market))
        if latest is None or not starts:
            yield dg.SkipReason(
                "there are no prices yet" if latest is None else "every model is up to date"
            )
        for start, models in starts.items():
            config = EnqueueConfig(
                market=arena.market,
                start=start.isoformat(),
                end=str(latest),
                models=models,
                source="schedule",
            )
            yield dg.RunRequest(
                run_key=f"{context.scheduled_execution_time:%Y-%m-%d} {start} {latest}",
                run_config=dg.RunConfig(ops={"enqueue": config}),
            )

    return daily
