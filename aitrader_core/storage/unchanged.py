"""What was found out stays true until somebody commits, and that is asked in microseconds."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy import Engine

from aitrader_core.storage.database import for_reading

Found = TypeVar("Found")

_SNAPSHOT = "select pg_current_snapshot()::text"
_MOST = 10_000


class Unchanged:
    """Of one database: two equal snapshots see the same rows.

    Every transaction that writes, anywhere on the server, makes another snapshot.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = for_reading(engine)
        self._snapshot = ""
        self._found: dict[Hashable, Any] = {}
        self._turn = Lock()

    def value(self, name: Hashable, find: Callable[[], Found]) -> Found:
        """What `find` found before under that name, if nothing was committed since."""
        with self._engine.connect() as connection:
            snapshot = str(connection.exec_driver_sql(_SNAPSHOT).scalar())
        with self._turn:
            if snapshot != self._snapshot or len(self._found) > _MOST:
                self._snapshot, self._found = snapshot, {}
            if name in self._found:
                return cast(Found, self._found[name])
        found = find()  # sees no less than the snapshot does
        with self._turn:
            if snapshot == self._snapshot:
                self._found[name] = found
        return found
