"""How far a job has come, as a bar and as a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aitrader_core.storage.job import DetailStatus, JobStatus
from aitrader_core.web.pages.wording import counted

LATEST = 2**63 - 1  # no job has a higher number
_LEFT = (DetailStatus.PENDING, DetailStatus.RUNNING)
_OTHERS = (DetailStatus.FAILED, DetailStatus.SKIPPED, DetailStatus.CANCELED)


@dataclass(frozen=True)
class JobProgress:
    """A row of storage/progress with what follows from it."""

    row: Mapping[str, Any]

    @classmethod
    def of(cls, row: Mapping[Any, Any], **also: object) -> "JobProgress":
        return cls({**row, **also})

    @property
    def status(self) -> JobStatus:
        return JobStatus(self.row["status"])

    @property
    def total(self) -> int:
        return int(self.row["model_days"])

    @property
    def done(self) -> int:
        return self.total - int(sum(self.row[status] for status in _LEFT))

    @property
    def eta_seconds(self) -> float | None:
        """At the pace of those made since it started; what was skipped took no time."""
        made, elapsed = int(self.row["completed"] + self.row["failed"]), self.row["elapsed"]
        if self.status is not JobStatus.RUNNING or not made or elapsed is None:
            return None
        return float(elapsed) * (self.total - self.done) / made

    @property
    def told(self) -> str:
        """As live.js says it too."""
        parts = [f"{self.done:,} of {counted(self.total, 'model-day')}"]
        parts += [f"{self.row[s]:,} {s}" for s in _OTHERS if self.row[s]]
        if self.eta_seconds is not None:
            parts.append(f"{lasting(self.eta_seconds)} left")
        return ", ".join(parts)


def lasting(seconds: float) -> str:
    """About how long.

    >>> lasting(12), lasting(100), lasting(9000)
    ('about 12 s', 'about 2 min', 'about 2.5 h')
    """
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
