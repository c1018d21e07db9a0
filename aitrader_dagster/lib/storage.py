"""Dagster's own storage, on pooled connections to the database that the settings name."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from dagster import DagsterEventType, EventLogEntry, Field
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage

from aitrader_core.runner.settings import load_settings, urls

_STATEMENT_TIMEOUT = 120_000  # milliseconds
_RECYCLE = 3_600  # seconds
_OVERFLOW = 20  # connections beside the one that is kept
_BATCH = "1000"  # events of one kind that are written together, where Dagster offers them so


class BatchingEventLogStorage(PostgresEventLogStorage):
    """Writes the planned partitions of a run with one statement, not four for each of them.

    A materialization goes the same way, as a batch of one: without the NOTIFY that nobody listens
    to any more.
    """

    def store_event(self, event: EventLogEntry) -> None:
        kind = event.dagster_event.event_type if event.dagster_event else None
        if kind is DagsterEventType.ASSET_MATERIALIZATION:
            super().store_event_batch([event])
        else:
            super().store_event(event)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        kinds = {
            (e.get_dagster_event().event_type, e.get_dagster_event().asset_key) for e in events
        }
        planned = DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        if len(kinds) > 1 or next(iter(kinds))[0] is not planned:
            super().store_event_batch(events)
            return
        insert = self.prepare_insert_event_batch(events)
        with self._connect() as connection:
            rows = connection.execute(insert.returning(SqlEventLogStorageTable.c.id))
            ids = [int(row[0]) for row in rows]
        with self.index_transaction() as connection:
            self._store_asset_event_tags(connection, events, ids)
            self._store_asset_event(connection, events[-1], ids[-1])


class PooledPostgresStorage(DagsterPostgresStorage):
    """Keeps a connection open where dagster-postgres opens two for each event.

    The URL is derived from AITRADER_DATABASE_URL like every other one, so dagster.yaml has none.
    """

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        self._event_log_storage = BatchingEventLogStorage(postgres_url)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage.optimize_for_webserver(_STATEMENT_TIMEOUT, _RECYCLE, _OVERFLOW)
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", _BATCH)

    @classmethod
    def config_type(cls) -> dict[str, Field]:
        return {}

    @classmethod
    def from_config_value(
        cls,
        inst_data: ConfigurableClassData | None,
        config_value: Mapping[str, Any],  # noqa: ARG003 - there is nothing to configure
    ) -> "PooledPostgresStorage":
        return cls(urls(load_settings()).dagster, inst_data)
