"""One engine per database and process."""

from functools import cache

from sqlalchemy import Engine, create_engine


@cache
def engine_for(url: str) -> Engine:
    """A pooled engine on a SQLAlchemy URL, the same one for every caller of the process."""
    return create_engine(url, pool_size=5, max_overflow=20, pool_pre_ping=True)
