"""Model-days in Postgres."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    RowMapping,
    Select,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.storage import rows
from aitrader_core.storage.history import load_days
from aitrader_core.storage.jobs import complete_detail
from aitrader_core.storage.schema import (
    adjustments,
    fills,
    holdings,
    marks,
    model_days,
    orders,
    transcripts,
)
from aitrader_core.storage.store import Origin, Stored

_LIVE = model_days.c.superseded_at.is_(None)
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
        try:
            with self._engine.begin() as connection:
                stored = _put(connection, day, origin)
                if origin.job_id is not None:
                    complete_detail(connection, origin, day.model, day.session, seconds)
                return stored
        except IntegrityError as error:
            raise LedgerError(
                f"{day.market}/{day.model} of {day.session} was not stored: "
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


# Built once: building a statement costs more than running it.
_KEY = (model_days.c.market == bindparam("of_market")) & (
    model_days.c.model == bindparam("of_model")
)
_FIND = select(model_days.c.id).where(_KEY, _LIVE, model_days.c.session == bindparam("of_session"))
_SUPERSEDE_ALL = update(model_days).where(_KEY, _LIVE).values(superseded_at=func.now())
_SUPERSEDE = _SUPERSEDE_ALL.where(model_days.c.session >= bindparam("from_session"))
_INSERT = (
    insert(model_days)
    .values(
        revision=select(func.coalesce(func.max(model_days.c.revision), 0) + 1)
        .where(_KEY, model_days.c.session == bindparam("of_session"))
        .scalar_subquery()
    )
    .returning(model_days.c.id, model_days.c.revision)
)
_INSERT_CHILDREN = {
    table: insert(table) for table in (orders, fills, adjustments, marks, holdings, transcripts)
}


def _put(connection: Connection, day: ModelDay, origin: Origin) -> Stored:
    key = {"of_market": day.market, "of_model": day.model}
    previous = None
    if day.opening.after is None:
        superseded = connection.execute(_SUPERSEDE_ALL, key).rowcount
    else:
        previous = connection.scalar(_FIND, {**key, "of_session": day.opening.after})
        if previous is None:
            raise LedgerError(
                f"{day.market}/{day.model} of {day.session} opens with the close of "
                f"{day.opening.after}, which is not stored"
            )
        superseded = connection.execute(_SUPERSEDE, {**key, "from_session": day.session}).rowcount
    row = {
        **key,
        "of_session": day.session,
        **rows.day_row(day),
        "previous_id": previous,
        "request": origin.request,
        "run_id": origin.run_id,
    }
    day_id, revision = connection.execute(_INSERT, row).one()
    for table, children in (
        (orders, rows.order_rows(day)),
        (fills, rows.fill_rows(day)),
        (adjustments, rows.adjustment_rows(day)),
        (marks, rows.mark_rows(day)),
        (holdings, rows.holding_rows(day)),
        (transcripts, [{"entries": rows.entries_json(day.transcript)}]),
    ):
        if children:
            of_day = [{"model_day_id": day_id, **child} for child in children]
            connection.execute(_INSERT_CHILDREN[table], of_day)
    return Stored(revision, superseded)


def _close(connection: Connection, row: RowMapping) -> Opening:
    return rows.opening_of(row, _children(connection, holdings, row["id"]))


def _children(connection: Connection, table: Table, day_id: int) -> Sequence[RowMapping]:
    query = select(table).where(table.c.model_day_id == day_id).order_by(*table.primary_key)
    return connection.execute(query).mappings().all()
