"""To ask for a simulation, and to see how far it has come."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from aitrader_core.domain.errors import InputError, JobActive
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.requests import submit_due
from aitrader_core.storage import progress
from aitrader_core.storage.job import DetailStatus, JobStatus
from aitrader_core.storage.reading import Place
from aitrader_core.web.house import House, TheHouse
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.answers import json_answer, page, sent
from aitrader_core.web.rest.asked import LATEST_ID, Cursor, Day, Form, Market
from aitrader_core.web.rest.cursors import cursor_of, place_of
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.jobs import Counts, JobId, JobRow, counts_of, job_row, the_job
from aitrader_core.web.rest.shapes import Format

router = APIRouter(prefix="/simulate", tags=["simulate"])

_LONGEST = 3.2e8  # seconds: ten years
_Loose = Field(strict=False)  # JSON has no dates


class Trigger(BaseModel):
    """What is to be simulated. Days are made in order, each from the close of the one before."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"market": "us", "start_date": "2012-06-01", "end_date": "2012-06-29"},
                {"models": ["momentum"], "max_dollars": 2.5, "queue": False},
            ]
        },
    )

    market: str | None = Field(
        None, max_length=64, description="The arena; `us` where there is one, else the first."
    )
    start_date: Annotated[Day, _Loose] | None = Field(
        None, description="The first session; null: each model goes on from its own last one."
    )
    end_date: Annotated[Day, _Loose] | None = Field(
        None, description="The last session; null: the latest one with prices."
    )
    models: list[Annotated[str, Field(max_length=200)]] | None = Field(
        None, max_length=1000, description="null: all of the arena."
    )
    replace_existing: bool = Field(False, description="Make days again that are stored.")
    fresh: bool = Field(False, description="Begin at start_date with the initial cash.")
    max_dollars: float | None = Field(
        None,
        ge=0.0001,
        le=1e9,
        allow_inf_nan=False,
        description="What its models may spend together.",
    )
    max_tokens: int | None = Field(None, gt=0, le=LATEST_ID, description="Likewise, in tokens.")
    queue: bool = Field(True, description="Wait for the active job; false: 409 while there is one.")


class Links(BaseModel):
    status: str
    cancel: str
    results: str


class Triggered(BaseModel):
    """Nothing has been simulated yet: Dagster takes the job up within seconds."""

    job_id: int | None = Field(description="null: every model is up to date, nothing is queued.")
    status: str = Field(examples=["pending", "up_to_date"])
    market: str
    first_session: date | None = None
    last_session: date | None = None
    models: list[str] = []
    model_days: int = 0
    position: int | None = Field(None, description="How many jobs of the market come before it.")
    links: Links | None = None


class ModelProgress(BaseModel):
    model: str
    model_days: int
    counts: Counts
    seconds: float | None = Field(description="Of all that its runs have made so far.")


class DayRow(BaseModel):
    """One model-day of a job."""

    model: str
    session: date
    status: DetailStatus
    reason: str | None = Field(description="Why it was skipped, canceled or failed.")
    attempt: int
    run_id: str | None
    run_url: str | None = Field(description="The run in Dagster's UI, where that is served.")
    seconds: float | None


class JobProgress(JobRow):
    """A job, and how far it has come."""

    done: int = Field(description="Model-days that have their final state.")
    fraction: float
    eta_seconds: float | None = Field(
        description="The rest at the pace so far; null before the first one is made."
    )
    eta: datetime | None
    position: int | None = Field(description="Of a pending job: how many come before it.")


class JobStatusPage(JobProgress):
    by_model: list[ModelProgress]
    days: list[DayRow]
    next_cursor: str | None
    next: str | None = Field(description="The address of the next page of `days`.")


class Current(BaseModel):
    running: list[JobProgress]
    pending: list[JobRow] = Field(description="In the order in which they will be started.")


@router.post(
    "/trigger",
    summary="Ask for a simulation",
    status_code=202,
    response_model=Triggered,
    responses={
        **answers(403, 404, 409),
        200: {"model": Triggered, "description": "Every model is up to date: nothing is queued"},
        202: {
            "description": "It is queued",
            "headers": {"Location": {"description": "Its status.", "schema": {"type": "string"}}},
        },
    },
)
def trigger_simulation(house: TheHouse, asked: Trigger) -> Response:
    """Checks the request and inserts a job; whether it is served shows its status."""
    floor = house.floor(house.default_market if asked.market is None else asked.market)
    job_id = _submitted(floor, asked)
    market = floor.arena.market
    if job_id is None:
        nothing = Triggered(job_id=None, status="up_to_date", market=market)
        return json_answer(nothing.model_dump())
    job = the_job(house, job_id)
    told = Triggered(
        **{name: job[name] for name in ("status", "first_session", "last_session", "models")},
        job_id=job_id,
        market=market,
        model_days=job["model_days"],
        position=progress.ahead(house.engine, job_id),
        links=Links(
            status=_status_of(job_id),
            cancel=f"/jobs/{job_id}/cancel",
            results=f"/results?market={market}&job_id={job_id}",
        ),
    )
    return json_answer(told.model_dump(), 202, {"Location": _status_of(job_id)})


@router.get(
    "/status/{job_id}",
    summary="How far a job has come",
    response_model=JobStatusPage,
    responses=answers(404, tables=True, pages=True),
)
def simulation_status(
    request: Request,
    house: TheHouse,
    job_id: JobId,
    status: Annotated[
        DetailStatus | None, Query(description="Only model-days in this state.")
    ] = None,
    form: Form = Format.JSON,
    limit: Annotated[int, Query(ge=1, le=10_000, description="Of model-days.")] = 100,
    cursor: Cursor = None,
) -> Response:
    """In all, by model, and each model-day; CSV and Parquet have the model-days."""
    job, behind = the_job(house, job_id), place_of(cursor)
    place = progress.Behind(behind.model, behind.session) if behind else progress.Behind()
    found = progress.details(house.engine, job_id, status, place, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    following = cursor_of(Place(last["session"], last["model"]) if last else None)
    days = [{**day, "run_url": _run_url(house, day["run_id"])} for day in found[:limit]]
    head: dict[str, Any] = {}
    if form is Format.JSON:
        head = {**_progress(house, job), "by_model": _models(house, job_id)}
    return sent(page(request, form, head, "days", DayRow, days, following))


@router.get(
    "/current", summary="What is simulated now", response_model=Current, responses=answers(404)
)
def current_simulations(house: TheHouse, market: Market = None) -> Response:
    """Of all markets unless one is named; empty lists when nobody simulates."""
    if market is not None:
        house.floor(market)
    found = progress.active(house.engine, market)
    running = [_progress(house, job) for job in found if job["status"] == JobStatus.RUNNING]
    pending = [job_row(job) for job in found if job["status"] == JobStatus.PENDING]
    return json_answer({"running": running, "pending": pending})


def _submitted(floor: Floor, asked: Trigger) -> int | None:
    market = floor.arena.market
    try:
        return submit_due(
            floor,
            _text(asked.start_date),
            _text(asked.end_date),
            list(floor.arena.models) if asked.models is None else asked.models,
            source="rest",
            replace_existing=asked.replace_existing,
            fresh=asked.fresh,
            max_dollars=asked.max_dollars,
            max_tokens=asked.max_tokens,
            alone=not asked.queue,
        )
    except JobActive as error:
        hint = f"leave queue out to wait for it, or see {_status_of(error.job_id)}"
        raise Problem(409, str(error), hint) from None
    except InputError as error:
        hint = f"/models?market={market} has the models, /status?market={market} the sessions"
        raise Problem(422, str(error), hint) from None


def _progress(house: House, job: Mapping[str, Any]) -> dict[str, Any]:
    status, counts = JobStatus(job["status"]), counts_of(job)
    left = counts["pending"] + counts["running"]
    done, total = job["model_days"] - left, job["model_days"]
    eta = None if status is not JobStatus.RUNNING else _eta(job, left)
    waits = status is JobStatus.PENDING
    return {
        **job_row(job),
        "done": done,
        "fraction": done / total if total else 1.0,
        "eta_seconds": eta,
        "eta": None if eta is None else house.now() + timedelta(seconds=eta),
        "position": progress.ahead(house.engine, job["job_id"]) if waits else None,
    }


def _eta(job: Mapping[str, Any], left: int) -> float | None:
    """At the pace of those that were made since it started; what was skipped took no time."""
    made = job["completed"] + job["failed"]
    if not made or job["elapsed"] is None:
        return None
    return float(min(left * job["elapsed"] / made, _LONGEST))


def _models(house: House, job_id: int) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "model": row["model"],
            "model_days": row["model_days"],
            "counts": counts_of(row),
            "seconds": row["seconds"],
        }
        for row in progress.by_model(house.engine, job_id)
    ]


def _run_url(house: House, run_id: str | None) -> str | None:
    return f"{house.dagster}/runs/{run_id}" if house.dagster and run_id else None


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _status_of(job_id: int) -> str:
    return f"/simulate/status/{job_id}"
