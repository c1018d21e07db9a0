"""Something to look at: model-days of the small arena, stored as a job's runs store them."""

from collections.abc import Sequence
from datetime import date

from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.store import Origin
from tests.small import DAYS, Small


def trade(
    small: Small,
    model: str = "random",
    sessions: Sequence[date] = DAYS[:4],
    job_id: int | None = None,
) -> None:
    """For a job, or else for a run of its own."""
    request = "run-1" if job_id is None else f"job-{job_id}"
    origin = Origin(request, "run", job_id=job_id)
    floor = small.floor
    floor.register_models()
    list(walk(floor, Plan(model, tuple(sessions), origin, may_start=True)))
