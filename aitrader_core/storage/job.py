"""What a job is: a request, its state, and the state of each of its model-days."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class JobStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_final(self) -> bool:
        return self not in (JobStatus.PENDING, JobStatus.RUNNING)


class DetailStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A range of sessions x models, checked against calendar, prices and configuration.

    A model in `starts` takes part from that session on, the others from the first. `alone`: it is
    not to wait for another job of its market.
    """

    market: str
    first: date
    last: date
    models: tuple[str, ...]
    sessions: tuple[date, ...]
    replace_existing: bool = False
    fresh: bool = False
    source: str = "cli"
    max_dollars: float | None = None
    max_tokens: int | None = None
    starts: Mapping[str, date] = field(default_factory=dict)
    alone: bool = False

    def days(self) -> Iterator[tuple[str, date]]:
        """Each model-day that is asked for."""
        for model in self.models:
            start = self.starts.get(model, self.first)
            yield from ((model, session) for session in self.sessions if session >= start)


@dataclass(frozen=True, slots=True)
class Job:
    id: int
    market: str
    first: date
    last: date
    models: tuple[str, ...]
    replace_existing: bool
    fresh: bool
    source: str
    status: JobStatus
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    max_dollars: float | None = None  # what its models may spend together
    max_tokens: int | None = None

    @property
    def request(self) -> str:
        """The name that every run of this job stores its model-days under."""
        return f"job-{self.id}"


@dataclass(frozen=True, slots=True)
class Detail:
    model: str
    session: date
    status: DetailStatus
    reason: str | None
    attempt: int
    run_id: str | None
    seconds: float | None
