"""The two databases of one server: ours and Dagster's, made when they are not there."""

from contextlib import suppress

import psycopg
from psycopg import pq, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from aitrader_core.domain.errors import StorageError
from aitrader_core.storage.urls import DatabaseUrls

CREATING = 0x6169_7472  # advisory lock of starters that create databases at the same moment
PATIENCE = 10  # seconds for a connection, unless the URL says otherwise


def ensure_databases(urls: DatabaseUrls) -> None:
    """Create both databases if missing; any number of starters may do so at once."""
    with _maintenance(urls) as connection:
        names = [urls.database, urls.dagster_database]
        if not _missing(connection, names):
            return
        connection.execute("select pg_advisory_lock(%s)", [CREATING])
        for name in _missing(connection, names):
            _create(connection, name, urls)


def connect(urls: DatabaseUrls, database: str, application: str = "aitrader") -> psycopg.Connection:
    """One autocommit connection to `database` of the server; StorageError says what to do."""
    conninfo = make_conninfo(urls.in_database(database), application_name=application)
    if "connect_timeout" not in conninfo_to_dict(conninfo):
        conninfo = make_conninfo(conninfo, connect_timeout=PATIENCE)
    try:
        return psycopg.connect(conninfo, autocommit=True)
    except psycopg.OperationalError as error:
        raise StorageError(_why(conninfo, urls, error)) from error


def _maintenance(urls: DatabaseUrls) -> psycopg.Connection:
    """To `postgres`, or where that is closed to us, to our own database, which may exist."""
    try:
        return connect(urls, "postgres")
    except StorageError as closed:
        with suppress(StorageError):
            return connect(urls, urls.database)
        raise closed


def _missing(connection: psycopg.Connection, names: list[str]) -> list[str]:
    rows = connection.execute("select datname from pg_database where datname = any(%s)", [names])
    present = {name for (name,) in rows}
    return [name for name in names if name not in present]


def _create(connection: psycopg.Connection, name: str, urls: DatabaseUrls) -> None:
    try:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
        pass  # a starter that came by another maintenance database was first
    except psycopg.errors.InsufficientPrivilege as error:
        raise StorageError(
            f'{urls.safe} has no database "{name}" and its user may not create one: run '
            f"`createdb {name}` as an administrator, or grant the user CREATEDB."
        ) from error


def _why(conninfo: str, urls: DatabaseUrls, error: psycopg.OperationalError) -> str:
    """Down, starting or refusing: the way out differs."""
    match pq.PGconn.ping(conninfo.encode()):
        case pq.Ping.OK:
            return f"PostgreSQL refuses the connection ({urls.safe}): {_reason(error)}."
        case pq.Ping.REJECT:
            return f"PostgreSQL is starting or stopping ({urls.safe}): try again in a moment."
        case _:
            return (
                f"PostgreSQL does not answer at {_address(conninfo)} ({urls.safe}): start it, "
                "or unset AITRADER_DATABASE_URL to use the embedded server."
            )


def _address(conninfo: str) -> str:
    parts = conninfo_to_dict(conninfo)
    host = str(parts.get("host") or "localhost")
    return host if host.startswith("/") else f"{host}:{parts.get('port') or 5432}"


def _reason(error: psycopg.OperationalError) -> str:
    """The server's own words, without libpq's account of how it got there."""
    return str(error).strip().rpartition("FATAL:")[2].strip().rstrip(".")
