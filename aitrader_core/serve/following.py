"""Watching a job until it has ended."""

import time
from collections.abc import Callable

from aitrader_core.domain.errors import JobError
from aitrader_core.serve.show import Meter
from aitrader_core.storage.job import DetailStatus, Job
from aitrader_core.storage.jobs import Jobs

POLL = 0.3  # seconds


def follow(
    jobs: Jobs,
    job_id: int,
    meter: Meter,
    pause: Callable[[float], None] = time.sleep,
) -> Job:
    """Tell `meter` how many model-days have their final state, until all have."""
    while True:
        job = jobs.get(job_id)
        if job is None:
            raise JobError(f"job {job_id} is gone")
        counts = jobs.counts(job_id)
        left = counts[DetailStatus.PENDING] + counts[DetailStatus.RUNNING]
        total = sum(counts.values())
        meter(total - left, total)
        if job.status.is_final:
            return job
        pause(POLL)
