"""A session of an arena among those that are stored, and who is missing from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, text

_NEIGHBOURS = text("""
select (select max(session) from model_days
         where market = :market and superseded_at is null and session < :session) as previous,
       (select min(session) from model_days
         where market = :market and superseded_at is null and session > :session) as next
""")
_FAILED = text("""
select distinct on (f.model) f.model, f.reason from failed_days f
 where f.market = :market and f.session = :session
   and not exists (select from model_days d
                    where (d.market, d.model, d.session) = (f.market, f.model, f.session)
                      and d.superseded_at is null)
 order by f.model, f.id desc
""")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The nearest sessions that any model has stored."""

    previous: date | None
    next: date | None


def neighbours(engine: Engine, market: str, session: date) -> Neighbours:
    with engine.connect() as connection:
        asked = {"market": market, "session": session}
        return Neighbours(*connection.execute(_NEIGHBOURS, asked).one())


def failed_on(engine: Engine, market: str, session: date) -> Mapping[str, str]:
    """Why, by model, of those that failed on a session and have not made it since."""
    with engine.connect() as connection:
        rows = connection.execute(_FAILED, {"market": market, "session": session})
        return {row.model: row.reason for row in rows}
