"""A question that a model-day put to the outside, and what came back: kept, so that it replays."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256

from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.transcript import Usage


class Outcome(StrEnum):
    """What became of a question."""

    REPLIED = "replied"
    REFUSED = "refused"  # the provider will not answer it, whoever asks
    DEADLINE = "deadline"  # the model-day's time was over before an answer came
    COST_LIMIT = "cost_limit"  # not sent: the money for it was spent
    FAILED = "failed"  # no answer came, which was told to whoever asked

    @property
    def is_final(self) -> bool:
        """Whether asking again would be paying twice; what was cut short may be asked again."""
        return self in (Outcome.REPLIED, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class CallSite:
    """Where a question was asked, and for whom: `request` is whom it is charged to, `job-7`."""

    market: str
    model: str
    session: date
    number: int  # of the model-day, 1 is its first
    request: str


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One question and its answer, both as JSON text.

    `key` is the hash of everything that was asked. `asked` leaves out what the call `after` had
    already said: a conversation is sent whole each time, and kept once.
    """

    key: str
    after: str | None
    site: CallSite
    asked: str
    outcome: Outcome
    reply: str
    usage: Usage

    @property
    def digest(self) -> str:
        """Of the answer: a stored one that was changed no longer has it."""
        return sha256(f"{self.outcome} {self.reply}".encode()).hexdigest()

    def unchanged(self, digest: str) -> "ModelCall":
        """Itself, if `digest` is what it was kept with. LedgerError says which call it is not."""
        if self.digest != digest:
            site = self.site
            raise LedgerError(
                f"the stored answer to call {site.number} of {site.model} on {site.session} "
                f"({site.market}) was changed after it was kept: restore it, or delete it from "
                "model_calls to have it asked again"
            )
        return self
