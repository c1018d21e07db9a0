"""Model-days in Postgres."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, cast

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    Select,
    Table,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError

from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.storage import rows
from aitrader_core.storage.history import load_days
from aitrader_core.storage.jobs import complete_details
from aitrader_core.storage.schema import (
    adjustments,
    fills,
    holdings,
    marks,
    model_days,
    order_events,
    orders,
    transcripts,
)
from aitrader_core.storage.store import Draft, Origin, Stored

_LIVE = model_days.c.superseded_at.is_(None)
_COPIED = (model_days, orders, fills, adjustments, marks, holdings, order_events, transcripts)
_LOCK = text("select pg_advisory_lock(hashtextextended(:name, 0))")
_UNLOCK = text("select pg_advisory_unlock(hashtextextended(:name, 0))")


class PostgresStore:
    """The ModelDayStore of the arena."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def lock(self, market: str, model: str) -> Iterator[None]:
        name = {"name": f"model {market}/{model}"}
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as held:
            held.execute(_LOCK, name)
            try:
                yield
            finally:
                held.execute(_UNLOCK, name)

    def sessions(self, market: str, model: str, request: str | None = None) -> Sequence[date]:
        query = _of(market, model, model_days.c.session).order_by(model_days.c.session)
        if request is not None:
            query = query.where(model_days.c.request == request)
        with self._engine.connect() as connection:
            return connection.scalars(query).all()

    def opening_after(self, market: str, model: str, session: date) -> Opening | None:
        with self._engine.connect() as connection:
            row = _live_row(connection, market, model, session)
            return None if row is None else _close(connection, row)

    def put(self, day: ModelDay, origin: Origin, seconds: float = 0.0) -> Stored:
        return self.put_all([Draft(day, seconds)], origin)[0]

    def put_all(self, drafts: Sequence[Draft], origin: Origin) -> Sequence[Stored]:
        first = drafts[0].day
        try:
            with self._engine.begin() as connection:
                stored = _put(connection, [draft.day for draft in drafts], origin)
                if origin.job_id is not None:
                    complete_details(connection, origin, drafts)
                return stored
        except IntegrityError as error:
            raise LedgerError(
                f"{first.market}/{first.model} of {first.session} was not stored: "
                f"{str(error.orig).splitlines()[0]}"
            ) from error

    def get(self, market: str, model: str, session: date) -> ModelDay | None:
        with self._engine.connect() as connection:
            row = _live_row(connection, market, model, session)
            return None if row is None else load_days(connection, [row])[0]


def _of(market: str, model: str, *columns: Any) -> Select[Any]:
    return select(*columns).where(model_days.c.market == market, model_days.c.model == model, _LIVE)


def _live_row(
    connection: Connection, market: str, model: str, session: date | None
) -> RowMapping | None:
    query = _of(market, model, model_days).where(model_days.c.session == session)
    return connection.execute(query).mappings().first()


# What a new day supersedes, the close that it follows, and its own id and revision: all at once,
# since each question to the server costs as much as a row.
_MAKE_ROOM = text("""
    with previous as (
        select id from model_days
         where (market, model, session) = (:market, :model, cast(:after as date))
           and superseded_at is null),
    gone as (
        update model_days set superseded_at = now()
         where (market, model) = (:market, :model) and superseded_at is null
           and (cast(:after as date) is null or session >= cast(:first as date))
        returning id)
    select nextval(pg_get_serial_sequence('model_days', 'id')) as id,
           1 + coalesce((select max(revision) from model_days d
                          where (d.market, d.model, d.session)
                                = (:market, :model, asked.session)), 0) as revision,
           (select id from previous) as previous_id,
           (select count(*) from gone) as superseded
      from unnest(cast(:sessions as date[])) with ordinality as asked (session, position)
     order by position
""")


def _put(connection: Connection, days: Sequence[ModelDay], origin: Origin) -> list[Stored]:
    first = days[0]
    asked = {
        "market": first.market,
        "model": first.model,
        "after": first.opening.after,
        "first": first.session,
        "sessions": [day.session for day in days],
    }
    room = connection.execute(_MAKE_ROOM, asked).all()
    previous = room[0].previous_id
    if previous is None and first.opening.after is not None:
        raise LedgerError(
            f"{first.market}/{first.model} of {first.session} opens with the close of "
            f"{first.opening.after}, which is not stored"
        )
    made = {"request": origin.request, "run_id": origin.run_id}
    drafts: dict[Table, list[Mapping[str, object]]] = {table: [] for table in _COPIED}
    for day, place in zip(days, room, strict=True):
        row = {"id": place.id, "revision": place.revision, "previous_id": previous}
        drafts[model_days].append({**row, **rows.day_row(day), **made})
        for table, children in rows.child_rows(day).items():
            drafts[table] += [{"model_day_id": place.id, **child} for child in children]
        previous = place.id
    for table, found in drafts.items():
        if found:
            _copy(connection, table, found)
    return [Stored(p.revision, 0 if at else p.superseded) for at, p in enumerate(room)]


def _copy(connection: Connection, table: Table, found: Sequence[Mapping[str, object]]) -> None:
    """By COPY, which is the fastest way in; all rows have the columns of the first."""
    columns = list(found[0])
    driver = cast(psycopg.Connection, connection.connection.driver_connection)
    command = SQL("copy {} ({}) from stdin").format(
        Identifier(table.name), SQL(", ").join(map(Identifier, columns))
    )
    try:
        with driver.cursor() as cursor, cursor.copy(command) as copy:
            for row in found:
                copy.write_row([_plain(row[column]) for column in columns])
    except psycopg.Error as error:  # as everybody else's are
        raise DBAPIError.instance(f"copy {table.name}", None, error, psycopg.Error) from error


def _plain(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _close(connection: Connection, row: RowMapping) -> Opening:
    return rows.opening_of(row, _children(connection, holdings, row["id"]))


def _children(connection: Connection, table: Table, day_id: int) -> Sequence[RowMapping]:
    query = select(table).where(table.c.model_day_id == day_id).order_by(*table.primary_key)
    return connection.execute(query).mappings().all()
