"""One engine per database and process."""

from functools import cache

from sqlalchemy import Engine, create_engine

MOST = 25  # connections of a pool


@cache
def engine_for(url: str, kept: int = 5) -> Engine:
    """A pooled engine on a SQLAlchemy URL, the same one for every caller of the process.

    It keeps so many connections open; those beyond are closed after use.
    """
    return create_engine(url, pool_size=kept, max_overflow=MOST - kept, pool_pre_ping=True)


def for_reading(engine: Engine) -> Engine:
    """The same pool for single queries: to begin and end a transaction takes longer than some."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")
