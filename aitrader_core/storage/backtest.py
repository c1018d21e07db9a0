"""What a backtest is: a request, its state, and what became of each combination."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class BacktestStatus(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class BacktestRequest:
    """Every combination of `grid`, whose keys are dotted paths into the model's configuration.

    Sessions after `train_until` rank no combination: they say what came of the best one later.
    """

    market: str
    model: str
    first: date
    last: date
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    source: str = "cli"
    train_until: date | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One combination over all sessions. `equity` has each session's day and value, as text.

    `metrics` are of the sessions that rank it, `later` of those after them. `reason` says why it
    failed; None of one that did not.
    """

    number: int  # 1 is the first
    parameters: Mapping[str, Any]
    reason: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    later: Mapping[str, Any] = field(default_factory=dict)
    equity: Sequence[Sequence[str]] = ()
    fills: int = 0
    refusals: int = 0
    seconds: float = field(default=0.0, compare=False)

    @property
    def status(self) -> BacktestStatus:
        return BacktestStatus.COMPLETED if self.reason is None else BacktestStatus.FAILED


@dataclass(frozen=True, slots=True)
class Backtest:
    """`done` of its combinations have been tried so far. `summary` says which was best, and how
    much of that may be luck."""

    id: int
    request: BacktestRequest
    status: BacktestStatus
    reason: str | None
    done: int
    run_id: str
    manifest: Mapping[str, Any]
    summary: Mapping[str, Any]
    created_at: datetime
    finished_at: datetime | None
