"""One PostgreSQL for all tests of a process; a database of its own for each that asks."""

import gc
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine

from aitrader_core.runner.arena import Arena, load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.settings import project_root
from aitrader_core.storage.embedded import embedded_server
from aitrader_core.storage.migrate import upgrade
from aitrader_core.storage.urls import DatabaseUrls
from tests.small import Small

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)  # of imports; sources with editions do not care

MEMORY = Path("/dev/shm")
ROOM = 2**31  # bytes; a server of tests takes a tenth of it

_numbers = count(1)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays: looking through it for garbage takes a quarter as long again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def server_folder(prefix: str) -> Iterator[Path]:
    """For servers of tests: in memory where there is room, and short and open to all, unlike
    pytest's own, since as root without namespaces a server runs as nobody."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if roomy else "/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The plain URL of a server that this process of tests has for itself."""
    with (
        server_folder("aitrader-tests-") as folder,
        embedded_server(folder / "postgres") as url,
    ):
        for statement in ("alter system set fsync = off", "select pg_reload_conf()"):
            _administer(url, statement)  # nothing here has to outlive a crash
        yield url


@pytest.fixture
def database(postgres_url: str, _migrated: str) -> Iterator[DatabaseUrls]:
    """A fresh database at the newest schema; Dagster's own one beside it is not made."""
    with _copy(postgres_url, _migrated) as urls:
        yield urls


@pytest.fixture
def floor(priced_database: DatabaseUrls, arena: Arena) -> Iterator[Floor]:
    """The us arena on a fresh database that has all its bundled prices and nothing else."""
    with _open(priced_database, arena) as opened:
        yield opened


@pytest.fixture
def priced_database(postgres_url: str, _priced: str) -> Iterator[DatabaseUrls]:
    with _copy(postgres_url, _priced) as urls:
        yield urls


@pytest.fixture(scope="module")
def module_floor(postgres_url: str, _priced: str, arena: Arena) -> Iterator[Floor]:
    """Like `floor`, one for all the tests of a module."""
    with _copy(postgres_url, _priced) as urls, _open(urls, arena) as opened:
        yield opened


@pytest.fixture(scope="session")
def arena() -> Arena:
    """The us arena as it is committed."""
    return load_arena(project_root() / "configs", "us")


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    """A copy of configs/ that a test may edit."""
    return Path(shutil.copytree(project_root() / "configs", tmp_path / "configs"))


@pytest.fixture
def small(database: DatabaseUrls, config_dir: Path) -> Iterator[Small]:
    """An arena of two symbols that has no prices yet."""
    engine = create_engine(database.engine)
    made = Small(config_dir, engine)
    made.configure()
    yield made
    engine.dispose()


@pytest.fixture(scope="session")
def _migrated(postgres_url: str) -> str:
    urls = DatabaseUrls(DatabaseUrls(postgres_url).in_database("template_migrated"))
    _administer(postgres_url, f"create database {urls.database}")
    engine = create_engine(urls.engine)
    upgrade(engine)
    engine.dispose()  # a database with connections can't be copied
    return urls.database


@pytest.fixture(scope="session")
def _priced(postgres_url: str, _migrated: str, arena: Arena) -> str:
    urls = DatabaseUrls(DatabaseUrls(postgres_url).in_database("template_priced"))
    _administer(postgres_url, f"create database {urls.database} template {_migrated}")
    with _open(urls, arena) as opened:
        import_missing(opened, arena.first_session, arena.last_session, NOW)
    return urls.database


@contextmanager
def _copy(postgres_url: str, template: str) -> Iterator[DatabaseUrls]:
    name = f"test_{next(_numbers)}"
    _administer(postgres_url, f"create database {name} template {template} strategy file_copy")
    urls = DatabaseUrls(DatabaseUrls(postgres_url).in_database(name))
    try:
        yield urls
    finally:
        for database in (urls.database, urls.dagster_database):
            _administer(postgres_url, f"drop database if exists {database} with (force)")


@contextmanager
def _open(urls: DatabaseUrls, arena: Arena) -> Iterator[Floor]:
    engine = create_engine(urls.engine)
    try:
        yield Floor(arena, engine)
    finally:
        engine.dispose()


def _administer(url: str, statement: str) -> None:
    conninfo = DatabaseUrls(url).in_database("postgres")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())
