"""What surrounds one model-day: its revisions, the sessions next to it, who asked for it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Engine, text


@dataclass(frozen=True, slots=True)
class Revision:
    """One making of a model-day; `superseded_by` is the request that made way for another."""

    revision: int
    request: str
    run_id: str
    stored_at: datetime
    value: Decimal
    ending: str
    superseded_at: datetime | None
    superseded_by: str | None


@dataclass(frozen=True, slots=True)
class Around:
    """The nearest sessions of a model that are stored or failed, and the ends of what is stored."""

    previous: date | None
    next: date | None
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A job's row for one model-day."""

    job_id: int
    status: str
    reason: str | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A making of a model-day that failed; its transcript is read apart."""

    id: int
    reason: str
    request: str
    run_id: str
    failed_at: datetime


# A superseded row carries the time of the transaction that stored what superseded it.
_REVISIONS = text("""
select d.revision, d.request, d.run_id, d.stored_at, d.value, d.ending, d.superseded_at,
       (select n.request from model_days n
         where (n.market, n.model) = (d.market, d.model) and n.stored_at = d.superseded_at
         order by n.session limit 1) as superseded_by
  from model_days d
 where (d.market, d.model, d.session) = (:market, :model, :session)
 order by d.revision desc
""")
_AROUND = text("""
select greatest((select max(session) from model_days
                  where (market, model) = (:market, :model) and superseded_at is null
                    and session < :session),
                (select max(session) from failed_days
                  where (market, model) = (:market, :model) and session < :session)) as previous,
       least((select min(session) from model_days
               where (market, model) = (:market, :model) and superseded_at is null
                 and session > :session),
             (select min(session) from failed_days
               where (market, model) = (:market, :model) and session > :session)) as next,
       (select min(session) from model_days
         where (market, model) = (:market, :model) and superseded_at is null) as first,
       (select max(session) from model_days
         where (market, model) = (:market, :model) and superseded_at is null) as last
""")
_ASKED = text("""
select j.id as job_id, a.status, a.reason, a.run_id
  from (select id from jobs where market = :market and :session between first_session
                and last_session and :model = any(models) order by id desc limit 20) j
  join job_details a on (a.job_id, a.model, a.session) = (j.id, :model, :session)
 order by j.id desc
""")
_ATTEMPTS = text("""
select id, reason, request, run_id, failed_at from failed_days
 where (market, model, session) = (:market, :model, :session)
 order by id desc
""")


def revisions(engine: Engine, market: str, model: str, session: date) -> list[Revision]:
    """Newest first; the live one, if there is one, has no `superseded_at`."""
    asked = {"market": market, "model": model, "session": session}
    with engine.connect() as connection:
        return [Revision(*row) for row in connection.execute(_REVISIONS, asked)]


def around(engine: Engine, market: str, model: str, session: date) -> Around:
    asked = {"market": market, "model": model, "session": session}
    with engine.connect() as connection:
        return Around(*connection.execute(_AROUND, asked).one())


def asked_for(engine: Engine, market: str, model: str, session: date) -> list[Asked]:
    """By the latest jobs, newest first."""
    asked = {"market": market, "model": model, "session": session}
    with engine.connect() as connection:
        return [Asked(*row) for row in connection.execute(_ASKED, asked)]


def attempts(engine: Engine, market: str, model: str, session: date) -> list[Attempt]:
    """Those that failed, the latest first."""
    asked = {"market": market, "model": model, "session": session}
    with engine.connect() as connection:
        return [Attempt(*row) for row in connection.execute(_ATTEMPTS, asked)]
