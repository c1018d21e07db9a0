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


def _put(connection: Connection, day: ModelDay, origin: Origin) -> Stored:
    previous = _previous_id(connection, day)
    superseded = _supersede(connection, day)
    revisions = select(func.coalesce(func.max(model_days.c.revision), 0) + 1).where(
        model_days.c.market == day.market,
        model_days.c.model == day.model,
        model_days.c.session == day.session,
    )
    day_id, revision = connection.execute(
        insert(model_days)
        .values(
            **rows.day_row(day),
            previous_id=previous,
            revision=revisions.scalar_subquery(),
            request=origin.request,
            run_id=origin.run_id,
        )
        .returning(model_days.c.id, model_days.c.revision)
    ).one()
    entries = [{"entries": rows.entries_json(day.transcript)}]
    for table, children in (
        (orders, rows.order_rows(day)),
        (fills, rows.fill_rows(day)),
        (adjustments, rows.adjustment_rows(day)),
        (holdings, rows.holding_rows(day)),
        (transcripts, entries),
    ):
        if children:
            connection.execute(insert(table), [{"model_day_id": day_id, **c} for c in children])
    return Stored(revision, superseded)


def _previous_id(connection: Connection, day: ModelDay) -> int | None:
    if day.opening.after is None:
        return None
    previous = _live_row(connection, day.market, day.model, day.opening.after)
    if previous is None:
        raise LedgerError(
            f"{day.market}/{day.model} of {day.session} opens with the close of "
            f"{day.opening.after}, which is not stored"
        )
    return int(previous["id"])


def _supersede(connection: Connection, day: ModelDay) -> int:
    condition = [model_days.c.market == day.market, model_days.c.model == day.model, _LIVE]
    if day.opening.after is not None:
        condition.append(model_days.c.session >= day.session)
    done = connection.execute(update(model_days).where(*condition).values(superseded_at=func.now()))
    return done.rowcount


def _close(connection: Connection, row: RowMapping) -> Opening:
    return rows.opening_of(row, _children(connection, holdings, row["id"]))


def _children(connection: Connection, table: Table, day_id: int) -> Sequence[RowMapping]:
    query = select(table).where(table.c.model_day_id == day_id).order_by(*table.primary_key)
    return connection.execute(query).mappings().all()
