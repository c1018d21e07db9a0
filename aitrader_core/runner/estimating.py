"""What a job would cost, by what the past days of its models did."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from aitrader_core.agents.llm.language_model import PreparedModel
from aitrader_core.domain.transcript import Usage
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.requests import checked
from aitrader_core.storage.spending import PastDays, past_days

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of one model: `sessions` are those that a job would simulate.

    `past` is None for a model that asks nobody, and for one without past days. Its days may be
    those of another configuration, when there are none of this one.
    """

    model: str
    sessions: int
    asks: bool
    past: PastDays | None = None
    is_other_configuration: bool = False
    above_budget: tuple[str, ...] = ()

    @property
    def tokens(self) -> int | None:
        """None when nothing is known to go by."""
        if not self.asks or not self.sessions:
            return 0
        return None if self.past is None else round(self.past.tokens * self.sessions)

    @property
    def dollars(self) -> Decimal | None:
        """None when nothing is known to go by, or the price of a token is not known."""
        if not self.asks or not self.sessions:
            return Decimal(0)
        past = self.past
        return None if past is None or past.dollars is None else past.dollars * self.sessions

    @property
    def hours(self) -> float | None:
        """Of waiting for answers."""
        if not self.asks or not self.sessions:
            return 0.0
        return None if self.past is None else self.past.seconds * self.sessions / _HOUR


def estimate(
    floor: Floor, first: str, last: str, models: Sequence[str], *, replace_existing: bool = False
) -> list[Estimate]:
    """Of each model of a job that is not submitted. InputError as from submitting it."""
    sessions, names = checked(floor, first, last, models)
    found = []
    for name in names:
        stored = set(floor.model_days.sessions(floor.arena.market, name))
        to_make = [s for s in sessions if replace_existing or s not in stored]
        found.append(_estimate(floor, name, len(to_make)))
    return found


def _estimate(floor: Floor, name: str, sessions: int) -> Estimate:
    arena, model = floor.arena, floor.arena.model(name)
    agent = model.agent
    if not isinstance(agent, PreparedModel) or arena.calls == "replay":
        return Estimate(name, sessions, asks=False)
    ours = past_days(floor.engine, arena.market, name, model.config_hash)
    past = ours or past_days(floor.engine, arena.market, name)
    found = Estimate(name, sessions, True, past, past is not None and ours is None)
    if past is None or not sessions:
        return found
    spent = floor.calls.spent(market=arena.market, model=name)
    return replace(found, above_budget=tuple(_above(agent, found, spent)))


def _above(agent: PreparedModel, found: Estimate, spent: Usage) -> Iterator[str]:
    limit = agent.spec.budget.model
    if limit.dollars is not None and found.dollars is not None:
        before = spent.dollars or Decimal(0)
        if before + found.dollars > Decimal(str(limit.dollars)):
            yield (
                f"{found.model} has spent {before:,.2f} dollars, and {found.dollars:,.2f} more are "
                f"above its budget.model of {limit.dollars:,.2f}"
            )
    if limit.tokens is not None and spent.tokens + (found.tokens or 0) > limit.tokens:
        yield (
            f"{found.model} has spent {spent.tokens:,} tokens, and {found.tokens:,} more are above "
            f"its budget.model of {limit.tokens:,}"
        )
