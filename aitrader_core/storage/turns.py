"""Whose turn it is: one request simulates in a market at a time, whatever launched its runs.

Turns are advisory locks, so that a run that is killed gives its turn back by dying.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

_RUN = "aitrader run "  # application_name of the connection that a run holds while it simulates
_GATE = text("select pg_advisory_lock(hashtextextended('turns of ' || :market, 0))")
_UNGATE = text("select pg_advisory_unlock(hashtextextended('turns of ' || :market, 0))")
_TAKE = text("select pg_advisory_lock_shared(hashtext(:market), hashtext(:request))")
_LEAVE = text("select pg_advisory_unlock_shared(hashtext(:market), hashtext(:request))")
_OTHERS = text(
    "select count(*) from pg_locks where locktype = 'advisory' and objsubid = 2 and granted"
    " and database = (select oid from pg_database where datname = current_database())"
    " and classid::bigint = hashtext(:market)::bigint & 4294967295"
    " and objid::bigint <> hashtext(:request)::bigint & 4294967295"
)
_OTHER_JOB = text(
    "select count(*) from jobs where market = :market and status = 'running'"
    " and 'job-' || id <> :request"
)
_NAME = text("select set_config('application_name', :name, false)")
_ALIVE = text(
    "select application_name from pg_stat_activity"
    " where datname = current_database() and application_name like :pattern"
)


class Turns:
    """The turns of one database."""

    def __init__(self, engine: Engine, poll: float = 0.25, job_grace: float = 30.0) -> None:
        """`poll` and `job_grace` in seconds.

        A running job keeps its turn between its runs for `job_grace`; one that nobody has worked
        on for longer does not hold up the others.
        """
        self._engine = engine
        self._poll = poll
        self._job_grace = job_grace

    @contextmanager
    def turn(self, market: str, request: str, run_id: str) -> Iterator[None]:
        """Wait until no other request simulates in `market`; runs of one request share a turn."""
        key = {"market": market, "request": request}
        with self.at_work(run_id) as held:
            try:
                self._wait(held, key)
                yield
            finally:
                held.execute(_LEAVE, key)

    @contextmanager
    def at_work(self, run_id: str) -> Iterator[Connection]:
        """Give a sign of life: a connection that carries the run's id, for as long as it works."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as held:
            held.execute(_NAME, {"name": f"{_RUN}{run_id}"})
            try:
                yield held
            finally:
                held.execute(_NAME, {"name": ""})

    def is_free(self, market: str) -> bool:
        """Whether nobody simulates in `market` just now."""
        with self._engine.connect() as connection:
            return not connection.scalar(_OTHERS, {"market": market, "request": ""})

    def alive(self, run_ids: Iterable[str]) -> set[str]:
        """Those of `run_ids` that give a sign of life: they wait for a turn, have one, or check."""
        with self._engine.connect() as connection:
            names = connection.scalars(_ALIVE, {"pattern": f"{_RUN}%"}).all()
        return {name.removeprefix(_RUN) for name in names} & set(run_ids)

    def _wait(self, held: Connection, key: dict[str, str]) -> None:
        idle_since = time.monotonic()
        while True:
            held.execute(_GATE, key)
            try:
                busy = bool(held.scalar(_OTHERS, key))
                if busy:
                    idle_since = time.monotonic()
                waited = time.monotonic() - idle_since
                if not busy and (waited > self._job_grace or not held.scalar(_OTHER_JOB, key)):
                    held.execute(_TAKE, key)
                    return
            finally:
                held.execute(_UNGATE, key)
            time.sleep(self._poll)
