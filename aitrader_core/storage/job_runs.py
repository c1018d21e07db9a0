"""What became of a job's model-days, in few rows however many they are."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, text

_TALLIES = text("""
select model, run_id, attempt, status, count(*) as days, sum(seconds) as seconds
  from job_details where job_id = :job_id
 group by model, run_id, attempt, status order by model, attempt, run_id, status
""")
_REASONS = text("""
select status, reason, model, count(*) as days, min(session) as first, max(session) as last
  from job_details
 where job_id = :job_id and status in ('failed', 'skipped', 'canceled')
 group by status, reason, model order by status, model, first limit :count
""")


@dataclass(frozen=True, slots=True)
class Tally:
    """Sessions of one model in one state, by the run that brought them there, if any did."""

    model: str
    run_id: str | None
    attempt: int
    status: str
    days: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Reason:
    """Sessions of one model that were not made, for one reason, `first` to `last`."""

    status: str
    reason: str | None
    model: str
    days: int
    first: date
    last: date


def tallies(engine: Engine, job_id: int) -> list[Tally]:
    """All of a job's model-days, by model; counted once for everything that is told of them."""
    with engine.connect() as connection:
        return [Tally(*row) for row in connection.execute(_TALLIES, {"job_id": job_id})]


def reasons(engine: Engine, job_id: int, count: int = 200) -> list[Reason]:
    with engine.connect() as connection:
        rows = connection.execute(_REASONS, {"job_id": job_id, "count": count})
        return [Reason(*row) for row in rows]
