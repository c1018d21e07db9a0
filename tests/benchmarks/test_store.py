"""The bare loops store what the store stores."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls
from benchmarks.ground import Ground
from benchmarks.store import bare
from benchmarks.store.days import Rows, of_market, shifted, simulate, stored_rows, tables

Store = Callable[[psycopg.Connection, str, Sequence[Rows]], None]
ORIGIN = Origin("test", "test")


@pytest.fixture
def here(floor: Floor, priced_database: DatabaseUrls, tmp_path: Path) -> Ground:
    return Ground(floor, priced_database, tmp_path)


@pytest.fixture
def connection(here: Ground) -> Iterator[psycopg.Connection]:
    with psycopg.connect(here.urls.libpq, autocommit=True) as opened:
        yield opened


@pytest.fixture
def days(here: Ground) -> list[ModelDay]:
    return simulate(here, next(here.spans(5)))


@pytest.fixture
def rows(here: Ground, connection: psycopg.Connection, days: list[ModelDay]) -> list[Rows]:
    for day in of_market(days, "first"):
        here.floor.model_days.put(day, ORIGIN)
    return stored_rows(connection, "first")


def comparable(rows: list[Rows]) -> list[list[list[str]]]:
    return [[[str(row) for row in day] for day in of.by_day] for of in rows]


def test_every_table_of_a_model_day_is_among_the_rows(rows: list[Rows]) -> None:
    assert [of.table for of in rows] == tables()
    by_table = {of.table: sum(map(len, of.by_day)) for of in rows}
    assert by_table["model_days"] == by_table["transcripts"] == 15
    assert by_table["orders"] >= by_table["fills"] > 10
    assert all(len(of.by_day) == 15 for of in rows)


@pytest.mark.parametrize("store", [bare.insert, bare.copy], ids=["insert", "copy"])
def test_what_is_stored_by_hand_passes_the_ledger_s_guards(
    here: Ground,
    connection: psycopg.Connection,
    rows: list[Rows],
    days: list[ModelDay],
    store: Store,
) -> None:
    moved = shifted(rows, "second", by=1_000)
    store(connection, bare.GUARDED, moved)
    assert comparable(stored_rows(connection, "second")) == comparable(moved)
    last = of_market(days, "second")[-1]
    assert here.floor.model_days.get("second", last.model, last.session) == last


def test_the_guards_are_on(connection: psycopg.Connection, rows: list[Rows]) -> None:
    without_fills = [of for of in shifted(rows, "second", by=1_000) if of.table != "fills"]
    with pytest.raises(psycopg.IntegrityError, match="does not balance"):
        bare.copy(connection, bare.GUARDED, without_fills)


def test_bare_tables_take_the_same_rows_again_and_again(
    connection: psycopg.Connection, rows: list[Rows]
) -> None:
    bare.make_bare_tables(connection, tables())
    for store in (bare.insert, bare.copy):
        store(connection, bare.BARE, rows)
    found = connection.execute("select count(*) from bare.model_days").fetchone()
    assert found == (30,)
