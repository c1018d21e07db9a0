"""The model-days that are stored, and the rows that they become."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from psycopg import Connection, sql
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.runner.model_day import run_model_day
from aitrader_core.simulation.venue import SimulatedVenue
from aitrader_core.storage.schema import metadata
from benchmarks.ground import MODELS, Ground

PARENT, KEY = "model_days", "model_day_id"

Row = tuple[object, ...]


@dataclass(frozen=True)
class Rows:
    """Of one table: `columns` as they are in the database, `by_day` its rows in order of days."""

    table: str
    columns: tuple[str, ...]
    by_day: list[list[Row]]


def simulate(here: Ground, span: Sequence[date]) -> list[ModelDay]:
    """Every model over `span`, in memory."""
    arena, found = here.floor.arena, list[ModelDay]()
    tape = here.floor.tape(span[0], span[-1])
    for model in MODELS:
        venue = SimulatedVenue(tape, arena.costs, span[0])
        trader, opening = arena.trader(model), Opening.with_cash(arena.initial_cash)
        for _ in span:
            found.append(run_model_day(trader, venue, opening))
            opening = found[-1].as_opening
    return found


def of_market(days: Sequence[ModelDay], market: str) -> list[ModelDay]:
    """The same days where nothing is stored yet."""
    return [replace(day, market=market) for day in days]


def tables() -> list[str]:
    """The model-day's own table and those of its children."""
    return [PARENT, *(table.name for table in metadata.sorted_tables if KEY in table.c)]


def stored_rows(connection: Connection, market: str) -> list[Rows]:
    """What is in every table for the model-days of `market`."""
    query = sql.SQL("select id from model_days where market = %s order by id")
    ids = [int(row[0]) for row in connection.execute(query, [market])]
    return [_rows(connection, table, ids) for table in tables()]


def shifted(rows: Sequence[Rows], market: str, by: int) -> list[Rows]:
    """The same rows as days of another market, with other ids."""
    return [
        replace(of, by_day=[[_shift(of, row, market, by) for row in day] for day in of.by_day])
        for of in rows
    ]


def _shift(of: Rows, row: Row, market: str, by: int) -> Row:
    def moved(column: str, value: object) -> object:
        if column == "market":
            return market
        if column in ("id", "previous_id", KEY) and isinstance(value, int):
            return value + by
        return value

    return tuple(moved(c, v) for c, v in zip(of.columns, row, strict=True))


def _rows(connection: Connection, table: str, ids: Sequence[int]) -> Rows:
    key = "id" if table == PARENT else KEY
    query = sql.SQL("select * from {} where {} = any(%s) order by {}").format(
        sql.Identifier(table), sql.Identifier(key), sql.Identifier(key)
    )
    cursor = connection.cursor(row_factory=tuple_row)
    cursor.execute(query, [list(ids)])
    names = [column.name for column in cursor.description or ()]
    kept = [at for at, name in enumerate(names) if name != "sealed_by"]  # by the transaction
    columns = tuple(names[at] for at in kept)
    at_key = columns.index(key)
    by_day: dict[object, list[Row]] = {day: [] for day in ids}
    for found in cursor:
        row = tuple(_storable(found[at]) for at in kept)
        by_day[row[at_key]].append(row)
    return Rows(table, columns, list(by_day.values()))


def _storable(value: object) -> object:
    return Jsonb(value) if isinstance(value, dict | list) else value
