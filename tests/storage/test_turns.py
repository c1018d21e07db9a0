"""One request simulates in a market at a time; a turn ends with the run that has it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from threading import Event

import pytest

from aitrader_core.runner.floor import Floor
from aitrader_core.storage.job import JobRequest
from aitrader_core.storage.turns import Turns
from tests.simulation.tapes import MONDAY

_markets = (f"market-{n}" for n in count(1))
HOLD = """
import sys, time
from sqlalchemy import create_engine
from aitrader_core.storage.turns import Turns
with Turns(create_engine(sys.argv[1])).turn(sys.argv[2], "job-1", "doomed"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def market() -> str:
    """One that no other test of this module simulates in."""
    return next(_markets)


@pytest.fixture
def turns(module_floor: Floor) -> Turns:
    return Turns(module_floor.engine, poll=0.01, job_grace=0.3)


class Runs:
    """Runs that want a turn, each in a thread, and let go of it when told."""

    def __init__(self, turns: Turns, pool: ThreadPoolExecutor, end: Event) -> None:
        self._turns = turns
        self._pool = pool
        self._end = end

    def start(self, market: str, request: str, run_id: str = "run") -> Event:
        """The event is set once the run has its turn."""
        has_turn = Event()

        def run() -> None:
            with self._turns.turn(market, request, run_id):
                has_turn.set()
                self._end.wait()

        self._pool.submit(run)
        return has_turn


@contextmanager
def running(turns: Turns) -> Iterator[tuple[Runs, Event]]:
    end = Event()
    with ThreadPoolExecutor(8) as pool, ExitStack() as stack:
        stack.callback(end.set)  # before the pool waits for its threads
        yield Runs(turns, pool, end), end


def test_two_requests_exclude_each_other(turns: Turns, market: str) -> None:
    with running(turns) as (runs, end):
        with turns.turn(market, "job-1", "first"):
            second = runs.start(market, "job-2")
            third = runs.start(market, "backfill-x")
            assert not second.wait(0.1)
            assert not third.is_set()
        _until(lambda: second.is_set() or third.is_set())
        time.sleep(0.05)
        assert second.is_set() != third.is_set()  # one after the other
        end.set()
        assert second.wait(10)
        assert third.wait(10)


def test_runs_of_a_request_share_its_turn(turns: Turns, market: str) -> None:
    with running(turns) as (runs, _), turns.turn(market, "job-1", "first"):
        second = runs.start(market, "job-1", "second")
        assert second.wait(10)
        other = runs.start(market, "job-2")
        assert not other.wait(0.05)
        third = runs.start(market, "job-1", "third")
        assert third.wait(10)  # whoever waits meanwhile


def test_markets_have_turns_of_their_own(turns: Turns, market: str) -> None:
    with running(turns) as (runs, _), turns.turn(market, "job-1", "first"):
        elsewhere = runs.start(next(_markets), "job-2")
        assert elsewhere.wait(10)


def test_a_market_is_free_when_nobody_has_a_turn(turns: Turns, market: str) -> None:
    assert turns.is_free(market)
    with turns.turn(market, "job-1", "first"):
        assert not turns.is_free(market)
        assert turns.is_free(next(_markets))
    assert turns.is_free(market)


def test_a_failure_ends_the_turn(turns: Turns, market: str) -> None:
    with pytest.raises(ValueError, match="broken"), turns.turn(market, "job-1", "first"):
        raise ValueError("broken")
    assert turns.is_free(market)


def test_those_are_alive_that_wait_or_have_a_turn(turns: Turns, market: str) -> None:
    known = ["first", "second", "gone"]
    with running(turns) as (runs, end):
        with turns.turn(market, "job-1", "first"):
            second = runs.start(market, "job-2", "second")
            _until(lambda: turns.alive(known) == {"first", "second"})
            assert turns.alive(["gone"]) == set()
        assert second.wait(10)
        assert turns.alive(known) == {"second"}
        end.set()
        _until(lambda: turns.alive(known) == set())


def test_a_killed_run_gives_its_turn_back(module_floor: Floor, turns: Turns, market: str) -> None:
    url = module_floor.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", HOLD, url, market]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert not turns.is_free(market)
        assert turns.alive(["doomed"]) == {"doomed"}
        os.kill(holder.pid, signal.SIGKILL)
    with running(turns) as (runs, _):
        next_one = runs.start(market, "job-2")
        assert next_one.wait(10)
    assert turns.alive(["doomed"]) == set()


@pytest.fixture
def job(module_floor: Floor, market: str) -> str:
    """A job that is running, and between two of its runs."""
    job_id = module_floor.jobs.submit(JobRequest(market, MONDAY, MONDAY, ("a",), (MONDAY,)))
    module_floor.jobs.start(job_id)
    return f"job-{job_id}"


def test_a_running_job_keeps_its_turn_between_its_runs(
    module_floor: Floor, market: str, job: str
) -> None:
    turns = Turns(module_floor.engine, poll=0.01, job_grace=0.8)
    with running(turns) as (runs, _):
        other = runs.start(market, "backfill-x")
        assert not other.wait(0.1)
        with turns.turn(market, job, "next"):  # at once
            assert not other.wait(0.9)  # longer than the grace, which begins anew
        assert not other.wait(0.1)
        assert other.wait(10)


def test_a_job_that_nobody_works_on_is_waited_for_no_longer_than_its_grace(
    turns: Turns, market: str, job: str
) -> None:
    began = time.monotonic()
    with turns.turn(market, "backfill-x", "run"):
        assert 0.3 < time.monotonic() - began < 5
    assert not turns.alive([job])


def test_a_job_that_has_ended_blocks_nobody(module_floor: Floor, market: str, job: str) -> None:
    module_floor.jobs.finish(int(job.removeprefix("job-")))
    patient = Turns(module_floor.engine, poll=0.01, job_grace=3600)
    with patient.turn(market, "backfill-x", "run"):
        pass


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
