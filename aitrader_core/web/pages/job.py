"""One job: its progress, what was not made and why, and its runs."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from aitrader_core.storage import progress
from aitrader_core.storage.job import DetailStatus
from aitrader_core.storage.job_runs import reasons, runs
from aitrader_core.web.house import TheHouse
from aitrader_core.web.pages import links
from aitrader_core.web.pages.job_progress import LATEST, JobProgress
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
    engine = house.engine
    found = progress.job(engine, job_id)
    if found is None:
        raise Problem(404, f"there is no job {job_id}", "/queue has those that there are")
    days = (
        progress.details(engine, job_id, show, progress.Behind(model, after), _DAYS + 1)
        if show
        else []
    )
    return page(
        request,
        "job.html",
        here="queue",
        job=JobProgress.of(found),
        models=[
            JobProgress.of(row, status=found["status"], elapsed=None)
            for row in progress.by_model(engine, job_id)
        ],
        reasons=reasons(engine, job_id),
        runs=runs(engine, job_id),
        show=show,
        states=[status for status in DetailStatus if found[status]],
        days=days[:_DAYS],
        later=days[_DAYS - 1] if len(days) > _DAYS else None,
    )


@router.post("/queue/{job_id}/cancel")
def cancel(house: TheHouse, job_id: JobId) -> RedirectResponse:
    """A pending job ends at once, a running one after the sessions that it is in."""
    if house.jobs.cancel(job_id) is None:
        raise Problem(404, f"there is no job {job_id}", "/queue has those that there are")
    return RedirectResponse(links.job(job_id), 303)
