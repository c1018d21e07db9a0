"""What may be spent in a day, by a model and by a job, and what becomes of the days after."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from aitrader_core.domain.errors import JobError
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.runner.requests import submit
from aitrader_core.runner.walk import Broken, Made, Plan, Step, walk
from aitrader_core.storage.job import DetailStatus, Job, JobStatus
from aitrader_core.storage.store import Origin
from tests.small import DAYS, Small

PRICES = {"input": 1, "output": 10}  # dollars for a million tokens


@pytest.fixture
def arena(small: Small) -> Small:
    small.configure(models=["script"])
    return small


def configure(arena: Small, **budget: Any) -> None:
    arena.model(
        "script",
        kind="llm",
        model="scripted",
        endpoint="scripted",
        token_prices=PRICES,
        budget=budget,
    )
    arena.priced()


def run_job(arena: Small, *, replace: bool = False, **limits: Any) -> tuple[Job, list[Step]]:
    floor = arena.floor
    last = DAYS[5]
    job_id = submit(
        floor,
        str(DAYS[0]),
        str(last),
        ["script"],
        source="test",
        replace_existing=replace,
        **limits,
    )
    floor.jobs.start(job_id)
    origin = Origin(f"job-{job_id}", "run", job_id)
    steps = list(walk(floor, Plan("script", tuple(DAYS[:6]), origin, replace, may_start=True)))
    floor.jobs.finish(job_id)
    job = floor.jobs.get(job_id)
    assert job is not None
    return job, steps


def day(arena: Small, session: date) -> ModelDay:
    found = arena.floor.model_days.get("small", "script", session)
    assert found is not None
    return found


def test_a_job_stops_where_its_tokens_are_spent(arena: Small) -> None:
    configure(arena)
    job, steps = run_job(arena, max_tokens=2500)
    made = [step for step in steps if isinstance(step, Made)]
    assert [step.session for step in made] == DAYS[: len(made)]
    assert 0 < len(made) < 6
    spent = arena.floor.calls.spent(request=job.request)
    assert 2500 <= spent.tokens == sum(step.day.usage.tokens for step in made)
    assert spent.dollars == sum((step.day.usage.dollars or Decimal(0) for step in made), Decimal(0))
    last = steps[-1]
    assert isinstance(last, Broken)
    assert last.is_spent
    assert last.reason == "the job's budget of 2,500 tokens is spent: submit another job"
    details = arena.floor.jobs.details(job.id)[len(made) :]
    assert {(d.status, d.reason) for d in details} == {(DetailStatus.CANCELED, last.reason)}
    assert job.status is JobStatus.PARTIAL
    assert (job.max_tokens, job.max_dollars) == (2500, None)
    assert arena.floor.failed_days.of_model("small", "script", last.session, last.session) == []


def test_a_day_that_begins_within_the_budget_ends_by_name(arena: Small) -> None:
    configure(arena, model={"tokens": 300})
    _, steps = run_job(arena)
    assert [type(step) for step in steps] == [Made, Broken]
    first = day(arena, DAYS[0])
    assert first.ending is Ending.COST_LIMIT
    assert first.transcript[-2].text == (
        "cost_limit: the model's budget of 300 tokens is spent: raise budget.model"
    )
    _, again = run_job(arena)  # nor does another job spend more
    assert [step.session for step in again if isinstance(step, Made)] == []


def test_a_day_s_budget_is_for_each_day(arena: Small) -> None:
    configure(arena, day={"dollars": 0.002})
    job, steps = run_job(arena)
    assert job.status is JobStatus.COMPLETED
    assert [type(step) for step in steps] == [Made] * 6
    endings = [day(arena, session).ending for session in DAYS[:6]]
    assert Ending.COST_LIMIT in endings
    stopped = day(arena, DAYS[endings.index(Ending.COST_LIMIT)])
    assert stopped.transcript[-2].text == "cost_limit: the day's budget of 0.002 dollars is spent"


def test_what_is_on_record_costs_nothing(arena: Small) -> None:
    configure(arena)
    first, _ = run_job(arena)
    paid = arena.floor.calls.spent()
    again, steps = run_job(arena, replace=True, max_tokens=1)
    assert [type(step) for step in steps] == [Made] * 6
    assert arena.floor.calls.spent() == paid == arena.floor.calls.spent(request=first.request)
    assert arena.floor.calls.spent(request=again.request).calls == 0


@pytest.mark.parametrize(
    "limit",
    [
        {"max_dollars": 0},
        {"max_dollars": float("nan")},
        {"max_dollars": 1e-12},
        {"max_dollars": 1e12},
        {"max_tokens": 2**63},
    ],
)
def test_a_budget_of_nothing_or_beyond_all(arena: Small, limit: dict[str, Any]) -> None:
    configure(arena)
    with pytest.raises(JobError, match="is none: give a number above 0"):
        submit(arena.floor, str(DAYS[0]), str(DAYS[1]), ["script"], source="test", **limit)
