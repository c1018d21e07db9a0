"""What keeps model-days: a protocol with two implementations, Postgres and memory."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from aitrader_core.domain.model_day import ModelDay, Opening


@dataclass(frozen=True, slots=True)
class Origin:
    """Whom a model-day is made for.

    `request` is what a user asked for: `job-7`, `backfill-abc` or `run-xyz`. All runs of one
    request, retries included, share it; a day that the request already has is not made again.
    """

    request: str
    run_id: str
    job_id: int | None = None
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Draft:
    """A model-day that is simulated and not stored yet, and the seconds that it took."""

    day: ModelDay
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stored:
    """What storing did: the day's revision, and how many stored days it superseded."""

    revision: int
    superseded: int


class ModelDayStore(Protocol):
    """Each model-day is stored whole, or not at all.

    Raises LedgerError for a day that does not balance or does not follow its previous close.
    """

    def lock(self, market: str, model: str) -> AbstractContextManager[None]:
        """Wait until nobody else simulates this model, then keep them out."""

    def sessions(self, market: str, model: str, request: str | None = None) -> Sequence[date]:
        """The sessions that are stored and not superseded, oldest first; of one request only."""

    def opening_after(self, market: str, model: str, session: date) -> Opening | None:
        """The close of `session`, as the next one's opening; None when it is not stored."""

    def put(self, day: ModelDay, origin: Origin, seconds: float = 0.0) -> Stored:
        """Store one day, as `put_all` does."""

    def put_all(self, drafts: Sequence[Draft], origin: Origin) -> Sequence[Stored]:
        """Store days of one model, each the next one's opening, in one transaction.

        They supersede what is stored of this model for the first one's session and later; when
        the first has no previous close, all that is stored of the model.
        """

    def get(self, market: str, model: str, session: date) -> ModelDay | None: ...
