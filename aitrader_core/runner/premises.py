"""The database that the settings name, up and at the newest schema for as long as it is needed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from aitrader_core.domain.errors import StorageError
from aitrader_core.runner.settings import Settings, embedded_data
from aitrader_core.storage.database import engine_for
from aitrader_core.storage.databases import connect, ensure_databases
from aitrader_core.storage.embedded import embedded_server
from aitrader_core.storage.migrate import SQL, upgrade
from aitrader_core.storage.urls import DatabaseUrls


@contextmanager
def ready_database(settings: Settings) -> Iterator[DatabaseUrls]:
    """Start or join the embedded server, or ask the external one; StorageError says what to do."""
    with ExitStack() as stack:
        if settings.database_url is None:
            urls = DatabaseUrls(stack.enter_context(embedded_server(embedded_data(settings))))
        else:
            urls = DatabaseUrls(settings.database_url)
            ensure_databases(urls)
        engine = engine_for(urls.engine)
        stack.callback(engine.dispose)
        try:
            _migrate(engine)
            yield urls
        except OperationalError as error:
            raise lost(urls, error) from error


def lost(urls: DatabaseUrls, error: OperationalError) -> StorageError:
    """A sentence for a database that went away: what is wrong with it now, if anything is."""
    try:
        connect(urls, urls.database).close()
    except StorageError as down:
        return down
    return StorageError(f"the connection to {urls.safe} was lost: {error.orig}".strip())


def _migrate(engine: Engine) -> None:
    """Alembic itself is slow to import: only when there is something to do."""
    newest = max(path.stem.partition("_")[0] for path in (SQL / "migrations/versions").glob("*.py"))
    found = _revision(engine)
    if found is not None and found > newest:
        raise StorageError(
            f"the database is at schema {found} and this aitrader knows {newest} at most: "
            "start the newer version"
        )
    if found != newest:
        upgrade(engine)


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        try:
            found: str | None = connection.scalar(text("select version_num from alembic_version"))
            return found
        except ProgrammingError:
            return None
