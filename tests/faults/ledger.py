"""What is stored, against what an undisturbed run stores: rows that are lost, doubled or other."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, Table, select, text
from sqlalchemy.dialects.postgresql import JSONB

from aitrader_core.storage.audit import chain_faults, ledger_faults
from aitrader_core.storage.schema import (
    adjustments,
    fills,
    holdings,
    model_days,
    orders,
    transcripts,
)

# Of a model-day's row: when and by whom it was stored, which no two runs have in common.
_INCIDENTAL = {"id", "previous_id", "request", "run_id", "stored_at", "sealed_by"}
_CHILDREN = (orders, fills, adjustments, holdings, transcripts)
Row = tuple[object, ...]

_SELF = {
    "superseded or made again": """
        select model, session, revision from model_days
         where superseded_at is not null or revision <> 1""",
    "stored by a job that does not say so": """
        select d.model, d.session, d.request from model_days d
         where not exists (select 1 from job_details j
                            where 'job-' || j.job_id = d.request and j.model = d.model
                              and j.session = d.session and j.status = 'completed'
                              and j.run_id = d.run_id)""",
    "completed more than once, or completed and not stored": """
        select j.model, j.session, count(*), count(d.id) from job_details j
          left join model_days d on d.model = j.model and d.session = j.session
               and d.request = 'job-' || j.job_id
         where j.status = 'completed'
         group by j.model, j.session having count(*) <> 1 or count(d.id) <> 1""",
    "without a final state": """
        select job_id, model, session, status from job_details
         where status in ('pending', 'running')""",
    "a job without an end": """
        select id, status from jobs where status in ('pending', 'running')""",
}


def own_faults(engine: Engine, market: str) -> Iterator[str]:
    """What a ledger of which nothing was asked to be made again can't have, whatever it holds."""
    yield from ledger_faults(engine, market)
    yield from chain_faults(engine, market)
    with engine.connect() as connection:
        for fault, query in _SELF.items():
            for row in connection.execute(text(query)):
                yield f"{fault}: {', '.join(map(str, row))}"


def differences(ours: Engine, undisturbed: Engine) -> Iterator[str]:
    """Row by row, table by table."""
    for table, query in _queries():
        mine, theirs = _rows(ours, query), _rows(undisturbed, query)
        for row in (theirs - mine).elements():
            yield f"{table.name}: lost {row}"
        for row in (mine - theirs).elements():
            yield f"{table.name}: {'doubled' if row in theirs else 'other'} {row}"


def row_counts(engine: Engine) -> dict[str, int]:
    return {table.name: _rows(engine, query).total() for table, query in _queries()}


def _queries() -> Iterator[tuple[Table, Select[Any]]]:
    before = model_days.alias("before")
    days = [c for c in model_days.c if c.name not in _INCIDENTAL]
    chain = model_days.outerjoin(before, model_days.c.previous_id == before.c.id)
    yield model_days, select(*days, before.c.session.label("after")).select_from(chain)
    for table in _CHILDREN:
        of_day = [model_days.c[name] for name in ("market", "model", "session", "revision")]
        columns: list[ColumnElement[Any]] = [c for c in table.c if c.name != "model_day_id"]
        yield table, select(*of_day, *columns).join(table, table.c.model_day_id == model_days.c.id)


def _rows(engine: Engine, query: Select[Any]) -> Counter[Row]:
    documents = [isinstance(column.type, JSONB) for column in query.selected_columns]
    with engine.connect() as connection:
        return Counter(
            tuple(
                json.dumps(value, sort_keys=True) if document else value
                for value, document in zip(row, documents, strict=True)
            )
            for row in connection.execute(query)
        )
