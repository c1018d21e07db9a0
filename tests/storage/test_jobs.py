"""Jobs: their states, what became of each of their model-days, and how they roll up."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest
from sqlalchemy.exc import IntegrityError

from aitrader_core.agents.rules import BuyAndHold
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.job import Detail, DetailStatus, Job, JobRequest, JobStatus
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.store import Origin
from tests.simulation.tapes import A, run_days, tape_of, weekdays

DAYS = tuple(weekdays(3))
PENDING, RUNNING, COMPLETED, FAILED, SKIPPED, CANCELED = DetailStatus
_markets = (f"market-{n}" for n in count(1))


@pytest.fixture
def market() -> str:
    """One that no other test of this module has a job in."""
    return next(_markets)


@pytest.fixture
def jobs(module_floor: Floor) -> Jobs:
    return module_floor.jobs


def submitted(jobs: Jobs, market: str, *models: str) -> int:
    return jobs.submit(JobRequest(market, DAYS[0], DAYS[2], models or ("a", "b"), DAYS))


def started(jobs: Jobs, market: str) -> int:
    job_id = submitted(jobs, market)
    jobs.start(job_id)
    return job_id


def origin(job_id: int, run: str = "run-1", attempt: int = 1) -> Origin:
    return Origin(f"job-{job_id}", run, job_id, attempt)


def mark(jobs: Jobs, job_id: int, model: str, *statuses: DetailStatus) -> None:
    """The model's sessions, in order, have these states."""
    for session, status in zip(DAYS, statuses, strict=True):
        reason = "why" if status in (FAILED, SKIPPED) else None
        jobs.mark(origin(job_id), model, [session], status, reason)


def found(jobs: Jobs, job_id: int) -> Job:
    job = jobs.get(job_id)
    assert job is not None
    return job


def counted(jobs: Jobs, job_id: int) -> Mapping[DetailStatus, int]:
    return {status: number for status, number in jobs.counts(job_id).items() if number}


def test_a_request_becomes_a_pending_job(jobs: Jobs, market: str) -> None:
    request = JobRequest(market, DAYS[0], DAYS[2], ("b", "a"), DAYS, True, True, "graphql")
    before = datetime.now(UTC)
    job_id = jobs.submit(request)
    job = found(jobs, job_id)
    assert before <= job.created_at <= datetime.now(UTC)
    assert job == Job(
        id=job_id,
        market=market,
        first=DAYS[0],
        last=DAYS[2],
        models=("b", "a"),
        replace_existing=True,
        fresh=True,
        source="graphql",
        status=JobStatus.PENDING,
        cancel_requested=False,
        created_at=job.created_at,
        started_at=None,
        finished_at=None,
    )
    assert job.request == f"job-{job_id}"
    assert jobs.details(job_id) == [
        Detail(model, session, PENDING, None, 0, None, None)
        for model in ("a", "b")
        for session in DAYS
    ]
    assert jobs.counts(job_id) == dict.fromkeys(DetailStatus, 0) | {PENDING: 6}


def test_a_job_that_is_not_there(jobs: Jobs) -> None:
    assert jobs.get(999_999) is None
    assert jobs.cancel(999_999) is None
    assert jobs.details(999_999) == []
    assert not jobs.cancel_requested(999_999)


def test_the_oldest_pending_job_is_next(jobs: Jobs, market: str) -> None:
    first, second = submitted(jobs, market), submitted(jobs, market)
    elsewhere = submitted(jobs, next(_markets))
    assert jobs.running(market) is None
    assert jobs.next_pending(market) == found(jobs, first)
    jobs.start(first)
    assert jobs.running(market) == found(jobs, first)
    assert found(jobs, first).started_at is not None
    assert jobs.next_pending(market) == found(jobs, second)
    assert [job.id for job in jobs.latest(3)] == [elsewhere, second, first]
    assert [job.id for job in jobs.latest(2, JobStatus.PENDING)] == [elsewhere, second]


def test_one_job_of_a_market_runs(jobs: Jobs, market: str) -> None:
    started(jobs, market)
    second = submitted(jobs, market)
    with pytest.raises(IntegrityError, match="ix_jobs_one_running"):
        jobs.start(second)
    assert found(jobs, second).status is JobStatus.PENDING
    started(jobs, next(_markets))


def test_a_mark_tells_who_did_it(jobs: Jobs, market: str) -> None:
    job_id = started(jobs, market)
    jobs.mark(origin(job_id, "run-2", attempt=3), "a", DAYS[1:], FAILED, "no bar")
    jobs.mark(Origin("backfill-x", "run-9"), "a", DAYS, COMPLETED)  # of no job
    jobs.mark(origin(job_id), "b", [], FAILED)
    details = {(d.model, d.session): d for d in jobs.details(job_id)}
    for session in DAYS[1:]:
        assert details["a", session] == Detail("a", session, FAILED, "no bar", 3, "run-2", None)
    assert counted(jobs, job_id) == {PENDING: 4, FAILED: 2}


def test_a_failure_and_a_skip_have_a_reason(jobs: Jobs, market: str) -> None:
    job_id = started(jobs, market)
    for status in (FAILED, SKIPPED):
        with pytest.raises(IntegrityError, match="ck_job_details_reason"):
            jobs.mark(origin(job_id), "a", DAYS, status)


def test_storing_a_model_day_completes_it(module_floor: Floor, market: str) -> None:
    jobs = module_floor.jobs
    job_id = started(jobs, market)
    mark(jobs, job_id, "a", FAILED, RUNNING, RUNNING)
    (day,) = run_days(BuyAndHold(), tape_of({A: "10"}), DAYS[0], 1)
    day = replace(day, market=market, model="a")
    module_floor.model_days.put(day, origin(job_id, "run-2", attempt=2), 0.25)
    assert jobs.details(job_id)[0] == Detail("a", DAYS[0], COMPLETED, None, 2, "run-2", 0.25)
    assert counted(jobs, job_id) == {COMPLETED: 1, RUNNING: 2, PENDING: 3}


def test_what_is_skipped_is_not_pending(jobs: Jobs, market: str) -> None:
    job_id = started(jobs, market)
    mark(jobs, job_id, "a", COMPLETED, SKIPPED, RUNNING)
    mark(jobs, job_id, "b", SKIPPED, FAILED, SKIPPED)
    assert counted(jobs, job_id) == {COMPLETED: 1, SKIPPED: 3, FAILED: 1, RUNNING: 1}
    assert jobs.unfinished(job_id, "a") == [DAYS[2]]
    assert jobs.unfinished(job_id, "b") == []


C, F, S = COMPLETED, FAILED, SKIPPED
OUTCOMES = [
    ((C, C, C), (C, C, C), JobStatus.COMPLETED),
    ((C, C, C), (S, S, S), JobStatus.COMPLETED),
    ((S, S, S), (S, S, S), JobStatus.COMPLETED),  # all was up to date
    ((C, C, C), (C, F, S), JobStatus.PARTIAL),
    ((C, F, S), (F, S, S), JobStatus.PARTIAL),
    ((F, S, S), (F, S, S), JobStatus.FAILED),
    ((F, F, F), (F, F, F), JobStatus.FAILED),
]


@pytest.mark.parametrize(("a", "b", "status"), OUTCOMES)
def test_a_job_is_rolled_up(
    jobs: Jobs,
    market: str,
    a: tuple[DetailStatus, ...],
    b: tuple[DetailStatus, ...],
    status: JobStatus,
) -> None:
    job_id = started(jobs, market)
    mark(jobs, job_id, "a", *a)
    mark(jobs, job_id, "b", *b)
    assert jobs.finish(job_id) is status
    job = found(jobs, job_id)
    assert (job.status, job.status.is_final) == (status, True)
    assert job.finished_at is not None
    assert jobs.running(market) is None


def test_what_no_run_reached_has_failed(jobs: Jobs, market: str) -> None:
    job_id = started(jobs, market)
    mark(jobs, job_id, "a", COMPLETED, RUNNING, PENDING)
    assert jobs.finish(job_id) is JobStatus.PARTIAL
    assert counted(jobs, job_id) == {COMPLETED: 1, FAILED: 5}
    reasons = {detail.reason for detail in jobs.details(job_id) if detail.status is FAILED}
    assert reasons == {"its run ended before this session was simulated"}


def test_a_job_is_finished_once_all_of_it_is(jobs: Jobs, market: str) -> None:
    job_id = started(jobs, market)
    mark(jobs, job_id, "a", COMPLETED, COMPLETED, COMPLETED)
    for unfinished in (PENDING, RUNNING):
        mark(jobs, job_id, "b", COMPLETED, COMPLETED, unfinished)
        jobs.finish_if_done(job_id)
        assert found(jobs, job_id).status is JobStatus.RUNNING
    mark(jobs, job_id, "b", COMPLETED, SKIPPED, SKIPPED)
    jobs.finish_if_done(job_id)
    done = found(jobs, job_id)
    assert done.status is JobStatus.COMPLETED
    jobs.finish_if_done(job_id)
    assert found(jobs, job_id) == done


def test_a_pending_job_is_canceled_at_once(jobs: Jobs, market: str) -> None:
    job_id = submitted(jobs, market)
    assert jobs.cancel(job_id) is JobStatus.CANCELED
    assert counted(jobs, job_id) == {CANCELED: 6}
    assert jobs.next_pending(market) is None
    assert found(jobs, job_id).finished_at is not None


def test_a_running_job_is_asked_to_stop(jobs: Jobs, market: str) -> None:
    job_id = started(jobs, market)
    assert not jobs.cancel_requested(job_id)
    assert jobs.cancel(job_id) is JobStatus.RUNNING
    assert jobs.cancel_requested(job_id)
    mark(jobs, job_id, "a", COMPLETED, COMPLETED, RUNNING)
    assert jobs.finish(job_id) is JobStatus.CANCELED
    assert found(jobs, job_id).status is JobStatus.CANCELED
    assert counted(jobs, job_id) == {COMPLETED: 2, CANCELED: 4}


def test_a_cancellation_that_comes_too_late_changes_nothing(jobs: Jobs, market: str) -> None:
    job_id = started(jobs, market)
    for model in ("a", "b"):
        mark(jobs, job_id, model, COMPLETED, COMPLETED, COMPLETED)
    jobs.cancel(job_id)
    assert jobs.finish(job_id) is JobStatus.COMPLETED
    assert jobs.cancel(job_id) is JobStatus.COMPLETED
    assert counted(jobs, job_id) == {COMPLETED: 6}


def test_a_canceled_job_is_not_started(jobs: Jobs, market: str) -> None:
    """The queue reads next_pending and starts it; a user may cancel between the two."""
    job_id = submitted(jobs, market)
    jobs.cancel(job_id)
    jobs.start(job_id)
    assert found(jobs, job_id).status is JobStatus.CANCELED


def test_a_pending_job_is_not_finished(jobs: Jobs, market: str) -> None:
    job_id = submitted(jobs, market)
    jobs.finish(job_id)
    assert counted(jobs, job_id) == {PENDING: 6}
