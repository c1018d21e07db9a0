"""The same rows by psycopg alone: a transaction for each day, or COPY in chunks."""

from collections.abc import Sequence

from psycopg import Connection, sql

from benchmarks.store.days import Rows

BARE, GUARDED = "bare", "public"  # schemas: no index, key or trigger; and the product's own
CHUNK = 250  # model-days


def make_bare_tables(connection: Connection, tables: Sequence[str]) -> None:
    connection.execute("create schema bare")
    for table in tables:
        name = sql.Identifier(table)
        like = sql.SQL("create table bare.{} (like public.{} including defaults)")
        connection.execute(like.format(name, name))


def insert(connection: Connection, schema: str, rows: Sequence[Rows]) -> None:
    """One transaction for each model-day, one statement for each of its tables."""
    statements = [_insert(schema, of) for of in rows]
    for day in range(len(rows[0].by_day)):
        with connection.transaction(), connection.cursor() as cursor:
            for of, statement in zip(rows, statements, strict=True):
                if found := of.by_day[day]:
                    cursor.executemany(statement, found)


def copy(connection: Connection, schema: str, rows: Sequence[Rows]) -> None:
    """One transaction for each CHUNK of model-days, one COPY for each of their tables."""
    for start in range(0, len(rows[0].by_day), CHUNK):
        with connection.transaction(), connection.cursor() as cursor:
            for of in rows:
                with cursor.copy(_copy(schema, of)) as target:
                    for day in of.by_day[start : start + CHUNK]:
                        for row in day:
                            target.write_row(row)


def _insert(schema: str, of: Rows) -> sql.Composed:
    marks = sql.SQL(", ").join(sql.Placeholder() * len(of.columns))
    return sql.SQL("insert into {} values ({})").format(_target(schema, of), marks)


def _copy(schema: str, of: Rows) -> sql.Composed:
    return sql.SQL("copy {} from stdin").format(_target(schema, of))


def _target(schema: str, of: Rows) -> sql.Composed:
    columns = sql.SQL(", ").join(map(sql.Identifier, of.columns))
    return sql.SQL("{} ({})").format(sql.Identifier(schema, of.table), columns)
