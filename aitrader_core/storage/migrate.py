"""Brings a database to the schema of this version."""

from pathlib import Path

from sqlalchemy import Engine, text

SQL = Path(__file__).resolve().parents[2] / "sql"
_LOCK = 4_711  # one migrating process at a time


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply the migrations under sql/ up to `revision`; safe beside other starters."""
    _run(engine, "upgrade", revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    _run(engine, "downgrade", revision)


def _run(engine: Engine, direction: str, revision: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config(SQL / "alembic.ini")
    with engine.connect() as lock, engine.connect() as connection:
        lock.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        getattr(command, direction)(config, revision)
        connection.commit()
