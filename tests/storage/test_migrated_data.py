"""What an older version stored is there after a migration, and can be gone on from."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.exc import IntegrityError

from aitrader_core.agents.rules import BuyAndHold
from aitrader_core.domain.market import DAILY, Bar
from aitrader_core.domain.model_day import Mark
from aitrader_core.domain.portfolio import Adjustment, AdjustmentKind
from aitrader_core.storage.audit import chain_faults, ledger_faults
from aitrader_core.storage.migrate import downgrade, upgrade
from aitrader_core.storage.postgres import PostgresStore
from aitrader_core.storage.prices import PriceStore
from aitrader_core.storage.store import Origin, Stored
from aitrader_core.storage.urls import DatabaseUrls
from tests.simulation.tapes import A, bar, run_days, tape_of, weekdays

D = Decimal
DAYS = weekdays(3)
DAY = (
    "insert into model_days (market, model, session, revision, previous_id, opening_cash, bought,"
    " sold, commission, corporate_cash, closing_cash, value_open, value_close, profit,"
    " daily_return, start_value, peak_value, cumulative_return, max_drawdown, ending, fill_count,"
    " refusal_count, manifest, request, run_id) values ('test', 'old', "
)
MANIFEST = """'{"code": "0.1", "config": "c", "prices": "vendor v1"}', 'job-1', 'run-1')"""
# Ten shares are bought; then half a dollar is paid on each, and there are twice as many.
FILLED = (
    "insert into vintages (market, source, label) values ('test', 'vendor', 'v1')",
    "insert into bars values ('test', '2024-01-01', 'AAA', 1, 10, 12, 9, 10.5, 1000)",
    f"{DAY} '2024-01-01', 1, null, 1000, 100, 0, 1, 0, 899, 1000, 1004, 4, 0.004, 1000, 1004,"
    f" 0.004, 0, 'done', 1, 0, {MANIFEST}",
    "insert into orders values (1, 1, 'AAA', 'buy', 10, 'filled')",
    "insert into fills values (1, 1, 'AAA', 'buy', 10, 10, 100, 1)",
    "insert into holdings values (1, 'AAA', 10)",
    "insert into transcripts values (1, '[]')",
    f"{DAY} '2024-01-02', 1, 1, 899, 0, 0, 0, 5, 904, 1008, null, 4, 0.003984, 1000, 1008, 0.008,"
    f" 0, 'done', 0, 0, {MANIFEST}",
    "insert into adjustments values (2, 'AAA', 'split', 10, 0)",
    "insert into adjustments values (2, 'AAA', 'cash_dividend', 0, 5)",
    "insert into holdings values (2, 'AAA', 20)",
    "insert into transcripts values (2, '[]')",
)
TABLES = ("vintages", "bars", "model_days", "orders", "fills", "adjustments", "holdings")


@pytest.fixture
def engine(database: DatabaseUrls) -> Iterator[Engine]:
    """A database that version 0001 filled, upgraded."""
    engine = create_engine(database.engine, poolclass=NullPool)
    downgrade(engine)
    upgrade(engine, "0001")
    with engine.begin() as connection:
        for statement in FILLED:
            connection.execute(text(statement.replace(":", "\\:")))
    upgrade(engine)
    yield engine
    engine.dispose()


def content(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    with engine.connect() as connection:
        return {
            table: [
                dict(row)
                for row in connection.execute(
                    text(f"select * from {table} order by 1, 2, 3")
                ).mappings()
            ]
            for table in TABLES
        }


def test_model_days_have_their_value_and_adjustments_their_numbers(engine: Engine) -> None:
    found = content(engine)
    days = [(d["value"], d["adjustment_cash"], d["correction_count"]) for d in found["model_days"]]
    assert days == [(1004, 0, 0), (1008, 5, 0)]
    assert [
        (a["number"], a["kind"], a["bar_time"], a["after_order"], a["reason"])
        for a in found["adjustments"]
    ] == [(1, "cash_dividend", DAILY, 0, None), (2, "split", DAILY, 0, None)]


def test_what_was_stored_is_read(engine: Engine) -> None:
    store = PostgresStore(engine)
    first, second = (store.get("test", "old", day) for day in DAYS[:2])
    assert first is not None
    assert second is not None
    assert first.marks == (Mark(DAILY, D(1000), D(1004), 1),)
    assert second.marks == (Mark(DAILY, D(1008), None, 0),)
    assert second.opening == first.as_opening
    assert second.adjustments == (
        Adjustment(A, AdjustmentKind.CASH_DIVIDEND, D(0), D(5)),
        Adjustment(A, AdjustmentKind.SPLIT, D(10), D(0)),
    )
    loaded = PriceStore(engine, "test", "vendor").load([A], DAYS[0], DAYS[0])
    assert loaded.bars == [Bar(A, DAYS[0], D(10), D(12), D(9), D("10.5"), D(1000))]
    assert (ledger_faults(engine, "test"), chain_faults(engine, "test")) == ([], [])


def test_it_is_gone_on_from(engine: Engine) -> None:
    store = PostgresStore(engine)
    opening = store.opening_after("test", "old", DAYS[1])
    (day,) = run_days(BuyAndHold(), tape_of({A: "5 5 5/6"}), DAYS[2], 1, opening=opening)
    day = replace(day, model="old")
    assert store.put(day, Origin("job-2", "run-2")) == Stored(1, 0)
    assert store.get("test", "old", DAYS[2]) == day
    assert day.profit == 904 + 20 * 6 - 1008


def test_the_guards_are_on_what_was_there(engine: Engine) -> None:
    with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="append-only"):
            connection.execute(text("update adjustments set cash_change = 6"))
        connection.rollback()


def test_down_again_loses_what_has_no_place_and_nothing_else(engine: Engine) -> None:
    before = content(engine)
    PriceStore(engine, "test", "vendor").save(
        "v1", [replace(bar(A, DAYS[1], "10", "11"), at=time(hour)) for hour in (10, 11)], []
    )
    downgrade(engine, "0001")
    old = content(engine)
    assert [set(row) & {"bar_time", "value", "number"} for row in old["adjustments"]] == [set()] * 2
    for table in TABLES:
        assert len(old[table]) == len(before[table])
    upgrade(engine)
    assert content(engine) == before
