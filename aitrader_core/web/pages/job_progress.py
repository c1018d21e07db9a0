"""How far a job has come, as a bar and as a sentence."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aitrader_core.storage.job import DetailStatus, JobStatus
from aitrader_core.storage.job_runs import Tally
from aitrader_core.web.pages.wording import counted

LATEST = 2**63 - 1  # no job has a higher number
_LEFT = (DetailStatus.PENDING, DetailStatus.RUNNING)
_OTHERS = (DetailStatus.FAILED, DetailStatus.SKIPPED, DetailStatus.CANCELED)


@dataclass(frozen=True)
class Progress:
    """Model-days by their state; `elapsed` seconds since the job started, if it is at work."""

    counts: Mapping[str, int]
    elapsed: float | None = None
    seconds: float | None = None  # that its model-days took

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> "Progress":
        """From a row of storage/progress."""
        is_running = row["status"] == JobStatus.RUNNING
        counts = {status.value: row[status.value] for status in DetailStatus}
        return cls(counts, row["elapsed"] if is_running else None)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def done(self) -> int:
        return self.total - sum(self.counts[status] for status in _LEFT)

    @property
    def eta_seconds(self) -> float | None:
        """At the pace of those made since it started; what was skipped took no time."""
        made = self.counts["completed"] + self.counts["failed"]
        if self.elapsed is None or not made:
            return None
        return self.elapsed * (self.total - self.done) / made

    @property
    def told(self) -> str:
        """As live.js says it too."""
        parts = [f"{self.done:,} of {counted(self.total, 'model-day')}"]
        parts += [f"{self.counts[s]:,} {s}" for s in _OTHERS if self.counts[s]]
        if self.eta_seconds is not None:
            parts.append(f"{lasting(self.eta_seconds)} left")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Run:
    """A run of Dagster, and the models of a job whose sessions it has brought to an end."""

    run_id: str
    models: Sequence[str]
    attempt: int
    days: int


def progress_of(found: Iterable[Tally], elapsed: float | None = None) -> Progress:
    counts, seconds = Counter(dict.fromkeys(DetailStatus, 0)), 0.0
    for tally in found:
        counts[DetailStatus(tally.status)] += tally.days
        seconds += tally.seconds or 0
    return Progress({status.value: n for status, n in counts.items()}, elapsed, seconds)


def by_model(found: Iterable[Tally]) -> dict[str, Progress]:
    models: dict[str, list[Tally]] = {}
    for tally in found:
        models.setdefault(tally.model, []).append(tally)
    return {model: progress_of(tallies) for model, tallies in models.items()}


def runs(found: Iterable[Tally]) -> list[Run]:
    by_run: dict[str, list[Tally]] = {}
    for tally in found:
        if tally.run_id is not None:
            by_run.setdefault(tally.run_id, []).append(tally)
    return [
        Run(
            run_id,
            sorted({tally.model for tally in of}),
            max(tally.attempt for tally in of),
            sum(tally.days for tally in of),
        )
        for run_id, of in by_run.items()
    ]


def lasting(seconds: float) -> str:
    """About how long.

    >>> lasting(12), lasting(100), lasting(9000)
    ('about 12 s', 'about 2 min', 'about 2.5 h')
    """
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
