"""What Dagster's own database says of a run, by SQL: core never imports Dagster."""

from psycopg.errors import UndefinedTable

from aitrader_core.domain.errors import StorageError
from aitrader_core.storage.databases import connect
from aitrader_core.storage.urls import DatabaseUrls

_OVER = ("SUCCESS", "FAILURE", "CANCELED")


def run_is_over(urls: DatabaseUrls, run_id: str) -> bool:
    """Whether the run has ended, well or not. One that Dagster does not know has."""
    try:
        with connect(urls, urls.dagster_database) as connection:
            found = connection.execute("select status from runs where run_id = %s", [run_id])
            row = found.fetchone()
    except (StorageError, UndefinedTable):  # there is no Dagster here
        return True
    return row is None or row[0] in _OVER
