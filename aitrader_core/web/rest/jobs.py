"""Jobs: what was asked for, and what became of it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from aitrader_core.storage import progress
from aitrader_core.storage.job import DetailStatus, JobStatus
from aitrader_core.web.house import House, TheHouse
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.answers import json_answer, page, sent
from aitrader_core.web.rest.asked import LATEST_ID, Form, Market
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.shapes import Format

router = APIRouter(tags=["jobs"])

JobId = Annotated[int, Path(description="As the trigger told it.", examples=[1])]


class Counts(BaseModel):
    """Model-days by their state."""

    pending: int
    running: int
    completed: int
    failed: int
    skipped: int
    canceled: int


class JobRow(BaseModel):
    """A request: a range of sessions x models."""

    job_id: int
    market: str
    status: JobStatus
    first_session: date
    last_session: date
    models: list[str]
    model_days: int
    counts: Counts
    replace_existing: bool
    fresh: bool
    max_dollars: float | None
    max_tokens: int | None
    source: str = Field(description="Who asked.")
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class JobPage(BaseModel):
    jobs: list[JobRow]
    next_cursor: str | None
    next: str | None = Field(description="The address of the next page.")


class Canceled(BaseModel):
    job_id: int
    status: JobStatus
    cancel_requested: bool


@router.get(
    "/jobs",
    summary="The newest jobs",
    response_model=JobPage,
    responses=answers(404, tables=True, pages=True),
)
def list_jobs(
    request: Request,
    house: TheHouse,
    market: Market = None,
    status: JobStatus | None = None,
    form: Form = Format.JSON,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    cursor: Annotated[str | None, Query(max_length=19, pattern="^[0-9]+$")] = None,
) -> Response:
    """Newest first; of all markets unless one is named."""
    if market is not None:
        house.floor(market)
    before = min(int(cursor or LATEST_ID), LATEST_ID)
    found = progress.newest(house.engine, market, status, before, limit + 1)
    rows = [job_row(each) for each in found[:limit]]
    last = str(rows[-1]["job_id"]) if len(found) > limit else None
    return sent(page(request, form, {}, "jobs", JobRow, rows, last))


@router.get("/jobs/{job_id}", summary="One job", response_model=JobRow, responses=answers(404))
def get_job(house: TheHouse, job_id: JobId) -> Response:
    """Its model-days one by one are under /simulate/status."""
    return json_answer(job_row(the_job(house, job_id)))


@router.post(
    "/jobs/{job_id}/cancel",
    summary="Cancel a job",
    response_model=Canceled,
    responses=answers(403, 404, 409),
)
def cancel_job(house: TheHouse, job_id: JobId) -> Response:
    """A pending job ends at once, a running one after the sessions that it is in."""
    job = the_job(house, job_id)
    if JobStatus(job["status"]).is_final:
        raise Problem(
            409, f"job {job_id} has ended: {job['status']}", "only an active job can be canceled"
        )
    house.jobs.cancel(job_id)
    now = the_job(house, job_id)
    return json_answer({name: now[name] for name in Canceled.model_fields})


def the_job(house: House, job_id: int) -> Mapping[str, Any]:
    """Problem 404 for one that there is not, whatever the number."""
    found = progress.job(house.engine, job_id) if 0 < job_id <= LATEST_ID else None
    if found is None:
        raise Problem(404, f"there is no job {job_id}", "see /jobs")
    return found


def job_row(job: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: job[name] for name in JobRow.model_fields if name != "counts"}
    return {**found, "counts": counts_of(job)}


def counts_of(row: Mapping[str, Any]) -> dict[str, int]:
    return {status.value: row[status] for status in DetailStatus}
