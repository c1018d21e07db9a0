"""Whether databases answer, asked on connections of our own: a pool may be spent or stuck."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

from psycopg.errors import UndefinedTable

from aitrader_core.storage.databases import connect
from aitrader_core.storage.urls import DatabaseUrls

_NAME = "aitrader health"
_BEATS = "select daemon_type, timestamp from daemon_heartbeats"
_NEWEST = """
select priced.market, priced.source, newest.session
  from (select distinct market, source from vintages) priced
 cross join lateral (
       select b.session from bars b join vintages v on v.id = b.vintage_id
        where b.market = priced.market and v.source = priced.source
        order by b.session desc limit 1) newest"""


def schema_revision(urls: DatabaseUrls) -> str:
    """StorageError when the database does not answer."""
    with connect(urls, urls.database, _NAME) as connection:
        row = connection.execute("select version_num from alembic_version").fetchone()
    return str(row[0]) if row else ""


def newest_bars(urls: DatabaseUrls) -> Mapping[tuple[str, str], date]:
    """By market and source, the latest session with a bar. StorageError as above."""
    with connect(urls, urls.database, _NAME) as connection:
        return {(market, source): day for market, source, day in connection.execute(_NEWEST)}


def daemon_beats(urls: DatabaseUrls) -> Mapping[str, datetime]:
    """When each of Dagster's daemons was last alive, by its type; empty where none ever was.

    By SQL, since core never imports Dagster. StorageError when its database does not answer.
    """
    with connect(urls, urls.dagster_database, _NAME) as connection:
        try:
            beats = connection.execute(_BEATS).fetchall()
        except UndefinedTable:
            return {}
    return {kind: at.replace(tzinfo=UTC) for kind, at in beats}
