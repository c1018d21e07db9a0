"""Both databases are made once, whoever asks, and a server that is not there is a sentence."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from aitrader_core.domain.errors import StorageError
from aitrader_core.storage.databases import ensure_databases
from aitrader_core.storage.embedded import embedded_server
from aitrader_core.storage.urls import DatabaseUrls


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseUrls]:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o755)  # the server may run as nobody
    with embedded_server(folder / "data") as url:
        yield DatabaseUrls(url)
    shutil.rmtree(folder)


def renamed(server: DatabaseUrls, database: str, user: str = "postgres") -> DatabaseUrls:
    return DatabaseUrls(server.in_database(database).replace("postgres@", f"{user}@", 1))


def databases(server: DatabaseUrls, like: str) -> list[str]:
    with psycopg.connect(server.libpq) as connection:
        rows = connection.execute(
            "select datname from pg_database where datname like %s order by 1", [like]
        )
        return [name for (name,) in rows]


def administer(server: DatabaseUrls, statement: str) -> None:
    with psycopg.connect(server.in_database("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


def test_sixteen_at_once_make_each_database_once(server: DatabaseUrls) -> None:
    urls = renamed(server, "race")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ensure_databases, [urls] * 16))
    assert databases(server, "race%") == ["race", "race_dagster"]


def test_a_name_is_no_statement(server: DatabaseUrls) -> None:
    ensure_databases(renamed(server, 'odd"; drop'))
    assert databases(server, "odd%") == ['odd"; drop', 'odd"; drop_dagster']


def test_our_own_database_will_do_where_postgres_is_closed(server: DatabaseUrls) -> None:
    administer(server, "create role tenant login createdb")
    administer(server, "create database tenant owner tenant")
    administer(server, "revoke connect on database postgres from public")
    try:
        ensure_databases(renamed(server, "tenant", "tenant"))
        with pytest.raises(StorageError, match=r"refuses the connection .*permission denied"):
            ensure_databases(renamed(server, "nowhere", "tenant"))
    finally:
        administer(server, "grant connect on database postgres to public")
    assert databases(server, "tenant%") == ["tenant", "tenant_dagster"]


def test_a_user_who_may_not_create_is_told_how(server: DatabaseUrls) -> None:
    administer(server, "create role guest login")
    with pytest.raises(StorageError, match='no database "wanted".*createdb wanted'):
        ensure_databases(renamed(server, "wanted", "guest"))
    administer(server, "create database wanted")
    with pytest.raises(StorageError, match="createdb wanted_dagster"):
        ensure_databases(renamed(server, "wanted", "guest"))
    administer(server, "create database wanted_dagster")
    ensure_databases(renamed(server, "wanted", "guest"))


def test_an_unknown_user_is_refused_not_called_down(server: DatabaseUrls) -> None:
    with pytest.raises(StorageError, match='refuses the connection .*"stranger" does not exist'):
        ensure_databases(renamed(server, "x", "stranger"))


def test_a_server_that_is_down_is_named_without_its_password() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        urls = DatabaseUrls(f"postgresql://ann:hunter2@127.0.0.1:{port}/d")
        with pytest.raises(StorageError) as down:
            ensure_databases(urls)
    assert str(down.value) == (
        f"PostgreSQL does not answer at 127.0.0.1:{port} (postgresql://ann:***@127.0.0.1:{port}/d):"
        " start it, or unset AITRADER_DATABASE_URL to use the embedded server."
    )


def test_a_socket_without_a_server_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=f"does not answer at {tmp_path} "):
        ensure_databases(DatabaseUrls(f"postgresql://u@/d?host={tmp_path}"))
