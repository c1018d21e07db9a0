"""Alembic's entry: migrates the database it is handed, or the one of the settings."""

from alembic import context
from sqlalchemy import Connection, create_engine

from aitrader_core.storage.schema import metadata


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    migrate(connection)
else:  # the alembic command itself
    from aitrader_core.runner.settings import Settings, urls

    with create_engine(urls(Settings()).engine).connect() as own:
        migrate(own)
