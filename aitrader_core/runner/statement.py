"""One model-day as whoever doubts it wants to read it: its record, its profit, its doubts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import RowMapping

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.results.profit import DayProfit, day_profit, marked
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.restated import restated
from aitrader_core.storage.day_history import (
    Around,
    Asked,
    Attempt,
    Revision,
    around,
    asked_for,
    attempts,
    revisions,
)
from aitrader_core.storage.day_prices import prices_as_of
from aitrader_core.storage.history import records


@dataclass(frozen=True)
class Statement:
    """`day` is without its transcript. `restated_to` names newer prices of what it could see;
    `contradictions` are rows of it that do not fit together."""

    day: ModelDay
    figures: RowMapping
    profit: DayProfit
    prices: dict[Symbol, Decimal]  # that it was marked at
    revisions: Sequence[Revision]
    before_cutoff: bool
    restated_to: str | None
    reconfigured: bool
    contradictions: tuple[str, ...]

    @property
    def id(self) -> int:
        return int(self.figures["id"])


@dataclass(frozen=True)
class Missing:
    """A model-day that is not stored: why, as far as is known, and what would make it.

    `start` is the session that its model has to be traded from to get there.
    """

    why: str
    start: date | None
    replace: bool = False


def statement(floor: Floor, model: str, session: date) -> Statement | None:
    """None for a model-day that is not in the ledger."""
    market, engine = floor.arena.market, floor.engine
    found = records(engine, market, model, session, session)
    if not found:
        return None
    (record,) = found
    day, entry = record.day, floor.arena.models.get(model)
    after = day.opening.after
    opened = records(engine, market, model, after, after) if after else []
    before = opened[0].day if opened else None
    now = _prices(floor, day)
    return Statement(
        day=day,
        figures=record.figures,
        profit=day_profit(day, before, _prices(floor, before) if before else {}, now),
        prices=now,
        revisions=revisions(engine, market, model, session),
        before_cutoff=floor.arena.is_before_cutoff(model, session),
        restated_to=restated(floor, [record.figures]).get((model, session)),
        reconfigured=entry is not None and entry.config_hash != day.manifest.config,
        contradictions=record.contradictions,
    )


@dataclass(frozen=True)
class Surroundings:
    """The sessions next to a model-day, the jobs that asked for it, and what failed."""

    near: Around
    asked: Sequence[Asked]
    failed: Sequence[Attempt]


def surroundings(floor: Floor, model: str, session: date) -> Surroundings:
    where = (floor.engine, floor.arena.market, model, session)
    return Surroundings(around(*where), asked_for(*where), attempts(*where))


def missing(floor: Floor, session: date, near: Around) -> Missing:
    """Why a session of a model is not there, where it is one that can be traded."""
    arena = floor.arena
    if not arena.calendar.is_session(session):
        return Missing(arena.calendar.explain(session), None)
    if not arena.first_session <= session <= arena.last_session:
        span = f"{arena.first_session} to {arena.last_session}"
        return Missing(f"{session} is outside the {arena.market} arena, which has {span}", None)
    if not floor.prices.counts(session, session):
        return Missing(f"there are no prices for {session} yet", session)
    if near.last is None:
        return Missing("nothing of this model is stored", min(session, arena.start_session))
    if near.last < session:
        start = arena.calendar.next(near.last)
        return Missing(f"this model is stored up to {near.last}", start)
    return Missing(f"this model is stored from {near.first} on", session, replace=True)


def _prices(floor: Floor, day: ModelDay) -> dict[Symbol, Decimal]:
    return prices_as_of(
        floor.engine,
        day.market,
        day.session,
        day.marks[-1].at,
        marked(day).held,
        day.manifest.prices,
        closed=day.value_close is not None,
    )
