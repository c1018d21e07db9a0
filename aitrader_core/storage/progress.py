"""How far jobs have come, for those who look: one query each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine, TextClause, text

from aitrader_core.storage.columns import dicts
from aitrader_core.storage.database import for_reading
from aitrader_core.storage.job import DetailStatus, JobStatus

_COUNTS = ",\n".join(
    f"count(*) filter (where status = '{status}') as {status}" for status in DetailStatus
)
_JOB = f"""
select j.id as job_id, j.market, j.status, j.first_session, j.last_session, j.models,
       j.replace_existing, j.fresh, j.max_dollars::float8, j.max_tokens, j.source,
       j.cancel_requested, j.created_at, j.started_at, j.finished_at,
       extract(epoch from now() - j.started_at)::float8 as elapsed, c.*
  from jobs j
 cross join lateral (select count(*) as model_days, {_COUNTS}
                       from job_details where job_id = j.id) c
"""
_ONE = text(f"{_JOB} where j.id = :job_id")
_NEWEST = text(f"""{_JOB}
 where (cast(:market as text) is null or j.market = :market)
   and (cast(:status as text) is null or j.status = :status)
   and j.id < :before
 order by j.id desc limit :count""")
_ACTIVE = text(f"""{_JOB}
 where j.status in ('pending', 'running') and (cast(:market as text) is null or j.market = :market)
 order by j.id""")
_AHEAD = text("""
select count(*) from jobs j join jobs mine on mine.market = j.market
 where mine.id = :job_id and j.id < mine.id and j.status in ('pending', 'running')""")
_MODELS = text(f"""
select model, count(*) as model_days, {_COUNTS}, sum(seconds) as seconds
  from job_details where job_id = :job_id group by model order by model""")
_DETAILS = text("""
select model, session, status, reason, attempt, run_id, seconds from job_details
 where job_id = :job_id and (cast(:status as text) is null or status = :status)
   and (model, session) > (:model, cast(:session as date))
 order by model, session limit :count""")


Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Behind:
    """A model-day of a job that a page begins behind; the default is before all."""

    model: str = ""
    session: date = date.min


def job(engine: Engine, job_id: int) -> Row | None:
    """With its model-days counted by state, and the seconds since it started."""
    found = _read(engine, _ONE, {"job_id": job_id})
    return found[0] if found else None


def newest(
    engine: Engine, market: str | None, status: JobStatus | None, before: int, count: int
) -> list[Row]:
    """Jobs of lower ids than `before`, newest first."""
    asked = {"market": market, "status": status, "before": before, "count": count}
    return _read(engine, _NEWEST, asked)


def active(engine: Engine, market: str | None = None) -> list[Row]:
    """Jobs that are pending or running, oldest first."""
    return _read(engine, _ACTIVE, {"market": market})


def ahead(engine: Engine, job_id: int) -> int:
    """How many active jobs of its market come before it."""
    return int(_read(engine, _AHEAD, {"job_id": job_id})[0]["count"])


def by_model(engine: Engine, job_id: int) -> list[Row]:
    return _read(engine, _MODELS, {"job_id": job_id})


def details(
    engine: Engine, job_id: int, status: DetailStatus | None, behind: Behind, count: int
) -> list[Row]:
    """Model-days by model, then session."""
    place = {"model": behind.model, "session": behind.session}
    return _read(engine, _DETAILS, {"job_id": job_id, "status": status, "count": count, **place})


def _read(engine: Engine, query: TextClause, asked: Mapping[str, object]) -> list[Row]:
    with for_reading(engine).connect() as connection:
        return dicts(connection.execute(query, asked))
