"""What became of a job's model-days, in few rows however many they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, text

# Not filtered by state for its own sake: a job of a hundred models x ten years is read once.
_REASONS = text("""
select status, reason, model, count(*) as days, min(session) as first, max(session) as last
  from job_details
 where job_id = :job_id and status in ('failed', 'skipped', 'canceled')
 group by status, reason, model order by status, model, first limit :count
""")
_RUNS = text("""
select run_id, array_agg(distinct model order by model) as models, max(attempt) as attempt,
       count(*) as days
  from job_details where job_id = :job_id and run_id is not null
 group by run_id order by min(session), min(model)
""")


@dataclass(frozen=True, slots=True)
class Reason:
    """Sessions of one model that were not made, for one reason, `first` to `last`."""

    status: str
    reason: str | None
    model: str
    days: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Run:
    """A run of Dagster, and the models of the job whose sessions it has brought to an end."""

    run_id: str
    models: Sequence[str]
    attempt: int
    days: int


def reasons(engine: Engine, job_id: int, count: int = 200) -> list[Reason]:
    with engine.connect() as connection:
        rows = connection.execute(_REASONS, {"job_id": job_id, "count": count})
        return [Reason(*row) for row in rows]


def runs(engine: Engine, job_id: int) -> list[Run]:
    with engine.connect() as connection:
        return [Run(*row) for row in connection.execute(_RUNS, {"job_id": job_id})]
