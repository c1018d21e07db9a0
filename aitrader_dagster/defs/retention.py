"""The purge as a job, and its nightly schedule."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from aitrader_core.domain.errors import AitraderError
from aitrader_core.runner.retention import Purged, RetentionConfig, purge
from aitrader_core.runner.settings import load_settings, urls
from aitrader_core.storage.database import engine_for


class PurgeConfig(dg.Config):
    """What `aitrader purge` is asked: `results` also for the days of models that trade no more."""

    older_than_days: int
    results: bool = False
    dry_run: bool = False


@dg.op
def purge_old(context: dg.OpExecutionContext, config: PurgeConfig) -> None:
    """Delete what is older than so many days and what nothing that stays needs."""
    if config.older_than_days < 1:
        raise dg.Failure("older_than_days: give a number above 0", allow_retries=False)
    age = timedelta(days=config.older_than_days)
    engine = engine_for(urls(load_settings()).engine)
    try:
        found = purge(
            engine, age, datetime.now(UTC), dry_run=config.dry_run, results=config.results
        )
    except AitraderError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    for line in _lines(found):
        context.log.info(line)
    rows = {table: gone.rows for table, gone in found.tables.items() if gone.rows}
    context.add_output_metadata({"rows": found.total.rows, "bytes": found.total.bytes, **rows})


@dg.job(description="Deletes old jobs, superseded days, and the log of old runs.")
def purge_old_rows() -> None:
    purge_old()


def retention_schedule(config: RetentionConfig) -> dg.ScheduleDefinition:
    """As configs/retention.yaml says; off until it is turned on, like the others."""
    asked = PurgeConfig(older_than_days=config.older_than_days, results=config.results)
    return dg.ScheduleDefinition(
        name="retention",
        cron_schedule="0 3 * * *",
        execution_timezone="UTC",
        job=purge_old_rows,
        run_config=dg.RunConfig(ops={"purge_old": asked}),
        description=f"Deletes what is older than {config.older_than_days} days.",
    )


def _lines(found: Purged) -> list[str]:
    did = "would go" if found.dry_run else "went"
    tables = [f"{gone.rows:,} of {name}" for name, gone in found.tables.items() if gone.rows]
    went = f"older than {found.cutoff:%Y-%m-%d %H:%M} UTC, {did}: {', '.join(tables) or 'nothing'}"
    return [went, *(f"{model} has nothing stored now" for model in found.models), *found.kept]
