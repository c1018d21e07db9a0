"""Dagster's own storage, on pooled connections to the database that the settings name."""

from collections.abc import Mapping
from typing import Any

from dagster import Field
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

from aitrader_core.runner.settings import load_settings, urls

_STATEMENT_TIMEOUT = 120_000  # milliseconds
_RECYCLE = 3_600  # seconds
_OVERFLOW = 20  # connections beside the one that is kept


class PooledPostgresStorage(DagsterPostgresStorage):
    """Keeps a connection open where dagster-postgres opens two for each event.

    The URL is derived from AITRADER_DATABASE_URL like every other one, so dagster.yaml has none.
    """

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        for storage in (self._run_storage, self._event_log_storage, self._schedule_storage):
            storage.optimize_for_webserver(_STATEMENT_TIMEOUT, _RECYCLE, _OVERFLOW)

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
