"""Model-days stored durably a second: one transaction each, and in chunks."""

from collections.abc import Callable
from contextlib import closing
from itertools import count, groupby
from typing import Any

import psycopg
from psycopg import Connection

from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.walk import LONGEST
from aitrader_core.storage.store import Draft, Origin
from benchmarks.ground import YEAR, Ground, ground
from benchmarks.line import Line, rate
from benchmarks.store import bare
from benchmarks.store.days import Rows, of_market, shifted, simulate, stored_rows, tables
from benchmarks.timing import Contestant, take_turns

NAME = "store"
AIM, CHUNKED_AIM = 300, 5_000
PUT, PUT_ALL = "PostgresStore.put, a transaction each", "PostgresStore.put_all"
ONE, GUARDED_ONE = "psycopg, a transaction each, bare tables", "the same, the product's tables"
COPY, GUARDED_COPY = (
    f"COPY of {bare.CHUNK} days each, bare tables",
    "the same copied, the product's tables",
)
FAR = 1_000_000  # ids of one repeat after those of another


def run(*, quick: bool) -> list[Line]:
    """Three models x 252 sessions that end up in every table as the product leaves them."""
    length, repeats = (21, 1) if quick else (YEAR, 3)
    with ground() as here, closing(_connect(here)) as connection:
        days = simulate(here, next(here.spans(length)))
        contestants = _contestants(here, connection, days)
        timed = take_turns({name: Contestant(c, repeats) for name, c in contestants.items()})
        note = _durability(connection)
    lines = [rate(NAME, PUT, len(days), timed[PUT].seconds, aim=AIM, note=note)]
    for name in (ONE, GUARDED_ONE):
        lines.append(rate(NAME, name, len(days), timed[name].seconds, ours=timed[PUT].seconds))
    chunked = timed[PUT_ALL].seconds
    lines.append(rate(NAME, PUT_ALL, len(days), chunked, aim=CHUNKED_AIM))
    for name in (COPY, GUARDED_COPY):
        lines.append(rate(NAME, name, len(days), timed[name].seconds, ours=chunked))
    return lines


def _connect(here: Ground) -> Connection:
    """Every transaction is one that we open."""
    return psycopg.connect(here.urls.libpq, autocommit=True)


def _contestants(
    here: Ground, connection: Connection, days: list[ModelDay]
) -> dict[str, Callable[[], Callable[[], None]]]:
    rows = _rows(here, connection, days)
    numbers = count(1)

    def guarded(store: Any) -> Callable[[], Callable[[], None]]:
        def prepare() -> Callable[[], None]:
            number = next(numbers)
            fresh = shifted(rows, f"copy{number}", by=number * FAR)
            return lambda: store(connection, bare.GUARDED, fresh)

        return prepare

    return {
        PUT: lambda: _put(here, of_market(days, f"put{next(numbers)}")),
        ONE: lambda: lambda: bare.insert(connection, bare.BARE, rows),
        GUARDED_ONE: guarded(bare.insert),
        COPY: lambda: lambda: bare.copy(connection, bare.BARE, rows),
        GUARDED_COPY: guarded(bare.copy),
        PUT_ALL: lambda: _put_all(here, of_market(days, f"all{next(numbers)}")),
    }


def _rows(here: Ground, connection: Connection, days: list[ModelDay]) -> list[Rows]:
    """What the product makes of `days`, told by the database; and bare tables for it."""
    _put(here, of_market(days, "first"))()
    with connection.transaction():
        bare.make_bare_tables(connection, tables())
        return stored_rows(connection, "first")


def _put(here: Ground, days: list[ModelDay]) -> Callable[[], None]:
    store, origin = here.floor.model_days, Origin("benchmark", "benchmark")

    def put() -> None:
        for day in days:
            store.put(day, origin)

    return put


def _put_all(here: Ground, days: list[ModelDay]) -> Callable[[], None]:
    """In chunks as a walk makes them, each of one model."""
    store, origin = here.floor.model_days, Origin("benchmark", "benchmark")
    chunks = [
        [Draft(day) for day in of_model[at : at + LONGEST]]
        for of_model in (list(found) for _, found in groupby(days, lambda day: day.model))
        for at in range(0, len(of_model), LONGEST)
    ]

    def put() -> None:
        for chunk in chunks:
            store.put_all(chunk, origin)

    return put


def _durability(connection: Connection) -> str:
    """As the database has it while it is measured."""
    names = ("fsync", "synchronous_commit")
    values = [connection.execute(f"show {name}".encode()).fetchone() for name in names]
    return ", ".join(f"{n} {v[0]}" for n, v in zip(names, values, strict=True) if v)
