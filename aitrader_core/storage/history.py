"""Stored model-days in bulk: one query for each table, however many days."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import BigInteger, Connection, Engine, RowMapping, Table, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.domain.trail import first_broken
from aitrader_core.storage import rows
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

Children = Mapping[int, Sequence[RowMapping]]


@dataclass(frozen=True, slots=True)
class Record:
    """A live model-day, with the figures of its row and what its rows say against each other."""

    day: ModelDay
    figures: RowMapping
    contradictions: tuple[str, ...]


def records(
    engine: Engine,
    market: str,
    model: str,
    first: date = date.min,
    last: date = date.max,
    request: str | None = None,
    *,
    with_transcripts: bool = False,
) -> list[Record]:
    """The stored sessions of a model that are not superseded, oldest first; of one request only.

    Their transcripts are left out unless asked for.
    """
    query = (
        select(model_days)
        .where(
            model_days.c.market == market,
            model_days.c.model == model,
            model_days.c.superseded_at.is_(None),
            model_days.c.session.between(first, last),
        )
        .order_by(model_days.c.session)
    )
    if request is not None:
        query = query.where(model_days.c.request == request)
    with engine.connect() as connection:
        found = connection.execute(query).mappings().all()
        reader = _Reader(connection, found, with_transcripts=with_transcripts)
        return [Record(reader.day(row), row, tuple(reader.contradictions(row))) for row in found]


def models_of(engine: Engine, market: str, request: str) -> list[str]:
    """Those with a stored session that was made for `request`, in alphabetical order."""
    query = (
        select(model_days.c.model)
        .distinct()
        .where(
            model_days.c.market == market,
            model_days.c.request == request,
            model_days.c.superseded_at.is_(None),
        )
        .order_by(model_days.c.model)
    )
    with engine.connect() as connection:
        return list(connection.scalars(query))


def load_days(connection: Connection, found: Sequence[RowMapping]) -> list[ModelDay]:
    """The model-days of some rows of model_days, whole."""
    reader = _Reader(connection, found, with_transcripts=True)
    return [reader.day(row) for row in found]


class _Reader:
    """The child rows of some model-days, and the closes that they open with."""

    def __init__(
        self, connection: Connection, found: Sequence[RowMapping], *, with_transcripts: bool
    ) -> None:
        ids = [row["id"] for row in found]
        self._closes = {row["id"]: row for row in found}
        absent = {row["previous_id"] for row in found} - {None} - set(ids)
        self._closes |= {row["id"]: row for row in _days(connection, sorted(absent))}
        self._orders = _children(connection, orders, ids)
        self._fills = _children(connection, fills, ids)
        self._adjustments = _children(connection, adjustments, ids)
        self._marks = _children(connection, marks, ids)
        self._holdings = _children(connection, holdings, sorted(self._closes))
        self._events = _children(connection, order_events, ids)
        self._transcripts = _children(connection, transcripts, ids) if with_transcripts else {}

    def day(self, row: RowMapping) -> ModelDay:
        day_id = row["id"]
        wished = self._orders.get(day_id, ())
        filled = {fill["number"]: fill for fill in self._fills.get(day_id, ())}
        entries = [e for t in self._transcripts.get(day_id, ()) for e in t["entries"]]
        return rows.model_day_of(
            row,
            self._opening(row),
            [rows.outcome_of(o, filled.get(o["number"])) for o in wished],
            rows.marks_of(row, self._marks.get(day_id, ()), wished),
            self._adjustments.get(day_id, ()),
            self._holdings.get(day_id, ()),
            entries,
            self._events.get(day_id, ()),
        )

    def contradictions(self, row: RowMapping) -> Iterator[str]:
        """What the database's own guards would have refused: somebody went round them."""
        previous = self._closes.get(row["previous_id"])
        if row["previous_id"] is not None and previous is None:
            yield "the model-day that it follows is not there"
        if previous is not None and previous["superseded_at"] is not None:
            yield f"it follows a close of {previous['session']} that was superseded"
        if broken := first_broken(rows.trail_of(self._events.get(row["id"], ()))):
            yield f"the trail of its orders is not what was written, from entry {broken} on"
        wished = {o["number"]: o for o in self._orders.get(row["id"], ())}
        filled = {f["number"]: f for f in self._fills.get(row["id"], ())}
        for number in sorted(wished.keys() | filled.keys()):
            yield from mismatch(number, wished.get(number), filled.get(number))

    def _opening(self, row: RowMapping) -> Opening:
        previous = self._closes.get(row["previous_id"])
        if previous is None:
            return Opening.with_cash(row["start_value"])
        return rows.opening_of(previous, self._holdings.get(previous["id"], ()))


def mismatch(number: int, order: RowMapping | None, fill: RowMapping | None) -> Iterator[str]:
    """What an order's rows say against each other."""
    if order is None:
        yield f"fill {number} has no order"
    elif (order["outcome"] == "filled") != (fill is not None):
        yield f"order {number} is {order['outcome']}, and has {'a' if fill else 'no'} fill"
    elif fill is not None:
        for part in ("symbol", "side", "quantity"):
            if fill[part] != order[part]:
                yield f"order {number} asks for {part} {order[part]}, its fill has {fill[part]}"


def _days(connection: Connection, ids: list[int]) -> Sequence[RowMapping]:
    return (
        connection.execute(select(model_days).where(_among(model_days.c.id, ids))).mappings().all()
    )


def _children(connection: Connection, table: Table, ids: list[int]) -> Children:
    query = select(table).where(_among(table.c.model_day_id, ids)).order_by(*table.primary_key)
    found: defaultdict[int, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["model_day_id"]].append(row)
    return found


def _among(column: Any, ids: list[int]) -> Any:
    """One parameter for any number of them."""
    return column == any_(literal(ids, ARRAY(BigInteger)))
