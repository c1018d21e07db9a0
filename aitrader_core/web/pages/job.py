"""One job: its progress, what was not made and why, and its runs."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from aitrader_core.storage import progress
from aitrader_core.storage.job import DetailStatus, Job, JobStatus
from aitrader_core.storage.job_runs import reasons, tallies
from aitrader_core.web.house import House, TheHouse
from aitrader_core.web.pages import links
from aitrader_core.web.pages.job_progress import LATEST, by_model, progress_of, runs
from aitrader_core.web.pages.rendering import page
from aitrader_core.web.problems import Problem

router = APIRouter(include_in_schema=False)
_DAYS = 200  # of one page
JobId = Annotated[int, Path(ge=1, le=LATEST)]


@router.get("/queue/{job_id}")
def job(
    house: TheHouse,
    request: Request,
    job_id: JobId,
    show: DetailStatus | None = None,
    model: str = "",
    after: date = date.min,
) -> HTMLResponse:
    """`show` lists its model-days of one state, those behind a model's session `after`."""
    found = house.jobs.get(job_id)
    if found is None:
        raise Problem(404, f"there is no job {job_id}", "/queue has those that there are")
    tallied = tallies(house.engine, job_id)
    whole = progress_of(tallied, _elapsed(house, found))
    days = _days(house, job_id, show, progress.Behind(model, after)) if show else []
    return page(
        request,
        "job.html",
        here="queue",
        job=found,
        progress=whole,
        models=by_model(tallied),
        reasons=reasons(house.engine, job_id),
        runs=runs(tallied),
        show=show,
        states=[status for status in DetailStatus if whole.counts[status]],
        days=days[:_DAYS],
        later=days[_DAYS - 1] if len(days) > _DAYS else None,
    )


@router.post("/queue/{job_id}/cancel")
def cancel(house: TheHouse, job_id: JobId) -> RedirectResponse:
    """A pending job ends at once, a running one after the sessions that it is in."""
    if house.jobs.cancel(job_id) is None:
        raise Problem(404, f"there is no job {job_id}", "/queue has those that there are")
    return RedirectResponse(links.job(job_id), 303)


def _elapsed(house: House, job: Job) -> float | None:
    is_running = job.status is JobStatus.RUNNING
    return (house.now() - job.started_at).total_seconds() if is_running and job.started_at else None


def _days(
    house: House, job_id: int, show: DetailStatus, behind: progress.Behind
) -> Sequence[progress.Row]:
    return progress.details(house.engine, job_id, show, behind, _DAYS + 1)
