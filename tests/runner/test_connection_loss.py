"""The connection that stores a model-day is lost, at every moment of its transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import OperationalError

from aitrader_core.agents.rules import RandomTrader
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.arena import Model
from aitrader_core.runner.config import ModelConfig
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Made, Plan, Step, walk
from aitrader_core.storage import postgres
from aitrader_core.storage.job import DetailStatus, JobRequest
from aitrader_core.storage.store import Draft, Origin, Stored

LOST = date(2005, 2, 28)  # a split: such a day has rows in every table
AROUND = (date(2005, 2, 24), date(2005, 3, 2))
Fault = Callable[[Engine], AbstractContextManager[None]]
_numbers = count(1)
_COPY = postgres._copy


@contextmanager
def heard(engine: Engine, name: str, hook: Callable[..., None]) -> Iterator[None]:
    event.listen(engine, name, hook)
    try:
        yield
    finally:
        event.remove(engine, name, hook)


def end_backend(connection: Connection) -> None:
    """As an administrator or a crash would: the client learns it from its next statement."""
    raw: Any = connection.connection.dbapi_connection
    with connection.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        ended = text("select pg_terminate_backend(:pid, 5000)")
        assert other.scalar(ended, {"pid": raw.info.backend_pid})


def at_statement(wanted: int) -> Fault:
    """Lose the connection before the statement with this number, the first is 1."""

    @contextmanager
    def fault(engine: Engine) -> Iterator[None]:
        numbers = count(1)

        def hook(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
            if "pg_terminate_backend" not in statement and next(numbers) == wanted:
                end_backend(connection)

        def copy(connection: Connection, *rest: Any) -> None:
            hook(connection, None, "copy")
            _COPY(connection, *rest)

        with heard(engine, "before_cursor_execute", hook), pytest.MonkeyPatch.context() as patch:
            patch.setattr(postgres, "_copy", copy)  # which the engine does not hear
            yield

    return fault


@contextmanager
def before_commit(engine: Engine) -> Iterator[None]:
    with heard(engine, "commit", end_backend):
        yield


@contextmanager
def after_commit(engine: Engine) -> Iterator[None]:
    """The server commits, and its answer does not arrive."""

    def hook(connection: Connection) -> None:
        raw: Any = connection.connection.dbapi_connection
        raw.commit()
        raw.execute("select 1")  # or there would be no transaction to commit any more
        end_backend(connection)

    with heard(engine, "commit", hook):
        yield


class Walk:
    """A model of its own with a job, of which `LOST` is stored while `fault` goes on."""

    def __init__(self, floor: Floor) -> None:
        self.name = f"model-{next(_numbers)}"
        model = Model(self.name, ModelConfig(kind="ours"), RandomTrader(seed=3), "hash")
        self.floor = Floor(replace(floor.arena, models={self.name: model}), floor.engine)
        self.sessions = floor.arena.calendar.between(*AROUND)
        request = JobRequest("us", self.sessions[0], self.sessions[-1], (self.name,), self.sessions)
        self.job = floor.jobs.submit(request)
        origin = Origin(f"job-{self.job}", "run", self.job)
        self._plan = Plan(self.name, self.sessions, origin, replace=False, may_start=True)

    def go(self, fault: Fault = lambda _: nullcontext()) -> list[Step]:
        def put(drafts: Sequence[Draft], whom: Origin) -> Sequence[Stored]:
            is_lost = any(draft.day.session == LOST for draft in drafts)
            with fault(self.floor.engine) if is_lost else nullcontext():
                return self.floor.model_days.put_all(drafts, whom)

        return list(walk(self.floor, self._plan, put))

    def days(self) -> list[ModelDay | None]:
        found = (self.floor.model_days.get("us", self.name, s) for s in self.sessions)
        return [day and replace(day, model="any") for day in found]

    def rows_of_lost(self) -> int:
        with self.floor.engine.connect() as connection:
            query = text("select count(*) from model_days where model = :model and session = :day")
            return connection.scalar(query, {"model": self.name, "day": LOST}) or 0

    def state_of_lost(self) -> DetailStatus:
        (detail,) = (d for d in self.floor.jobs.details(self.job) if d.session == LOST)
        return detail.status

    def is_whole(self) -> bool:
        """Each session stored once, superseded never, and the job says so."""
        with self.floor.engine.connect() as connection:
            query = text("select session, revision from model_days where model = :model order by 1")
            found = connection.execute(query, {"model": self.name}).all()
        states = {d.status for d in self.floor.jobs.details(self.job)}
        once = [(session, 1) for session in self.sessions]
        return [tuple(row) for row in found] == once and states == {DetailStatus.COMPLETED}


@pytest.fixture
def undisturbed(module_floor: Floor) -> list[ModelDay | None]:
    walked = Walk(module_floor)
    walked.go()
    assert walked.is_whole()
    return walked.days()


def test_nothing_of_a_day_is_left_and_the_walk_goes_on(
    module_floor: Floor, undisturbed: list[ModelDay | None]
) -> None:
    """At its first statement, at its second, and so on to the last."""
    for number in count(1):
        walked = Walk(module_floor)
        try:
            walked.go(at_statement(number))
        except OperationalError:
            assert (walked.rows_of_lost(), walked.state_of_lost()) == (0, DetailStatus.RUNNING)
            walked.go()
            assert walked.is_whole()
            assert walked.days() == undisturbed
        else:
            break
    assert number == 9, "to make room, the days, their five kinds of row, then the job's"


@pytest.mark.parametrize(("fault", "stored"), [(before_commit, 0), (after_commit, 1)])
def test_a_lost_commit_is_neither_lost_nor_doubled(
    module_floor: Floor, undisturbed: list[ModelDay | None], fault: Fault, stored: int
) -> None:
    """The client cannot tell the one from the other."""
    walked = Walk(module_floor)
    with pytest.raises(OperationalError):
        walked.go(fault)
    assert walked.rows_of_lost() == stored
    assert walked.state_of_lost() is (DetailStatus.COMPLETED if stored else DetailStatus.RUNNING)
    kept = set(walked.floor.model_days.sessions("us", walked.name))
    assert (LOST in kept) is bool(stored)
    steps = walked.go()
    assert [s.session for s in steps if isinstance(s, Made)] == [
        session for session in walked.sessions if session not in kept
    ]
    assert walked.is_whole()
    assert walked.days() == undisturbed
