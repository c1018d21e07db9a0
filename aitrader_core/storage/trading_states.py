"""The kill switch as it is kept: every throw of it, each chained to the one before."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, Row, func, insert, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import GENESIS, TrailEntry, chained, first_broken
from aitrader_core.storage.database import for_reading
from aitrader_core.storage.schema import trading_states

ALL = ""  # as a model: all of the arena
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STRICTEST = (TradingState.HALTED, TradingState.REDUCING, TradingState.ACTIVE)


@dataclass(frozen=True, slots=True)
class Throw:
    """`model` is empty where it is about all of the arena; `source` says who asked."""

    model: str
    state: TradingState
    reason: str
    source: str
    set_at: datetime


class TradingStates:
    """The switches of all arenas, on one database. Nothing is ever changed or deleted."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def set_state(self, market: str, throw: Throw) -> None:
        with self._engine.begin() as connection:
            connection.execute(_IN_TURN, {"market": market})
            number, previous = _end(connection, market)
            connection.execute(
                insert(trading_states).values(
                    market=market,
                    model=throw.model,
                    state=throw.state.value,
                    reason=throw.reason,
                    source=throw.source,
                    set_at=throw.set_at,
                    hash=_entry(market, number + 1, throw, previous).hash,
                )
            )

    def state_of(self, market: str, model: str = ALL) -> TradingState:
        """The stricter one of the arena's and the model's; active where nobody threw it."""
        throw = self.in_force(market, model)
        return TradingState.ACTIVE if throw is None else throw.state

    def in_force(self, market: str, model: str = ALL) -> Throw | None:
        """The throw that `state_of` is of; None where there is none."""
        found = self.latest(market)
        throws = [found[name] for name in (ALL, model) if name in found]
        return min(throws, key=lambda throw: _STRICTEST.index(throw.state), default=None)

    def latest(self, market: str) -> Mapping[str, Throw]:
        """The newest throw for each model that has one, and for all (`ALL`)."""
        own = trading_states.c
        query = (
            select(trading_states)
            .where(own.market == market)
            .ext(distinct_on(own.model))
            .order_by(own.model, own.id.desc())
        )
        with for_reading(self._engine).connect() as connection:
            return {row.model: _throw(row) for row in connection.execute(query)}

    def history(self, market: str, model: str | None = None, limit: int = 100) -> Sequence[Throw]:
        """Newest first; of all models unless one is named."""
        own = trading_states.c
        query = select(trading_states).where(own.market == market)
        if model is not None:
            query = query.where(own.model == model)
        query = query.order_by(own.id.desc()).limit(limit)
        with for_reading(self._engine).connect() as connection:
            return [_throw(row) for row in connection.execute(query)]

    def first_changed(self, market: str) -> int | None:
        """The number of the first throw that is not what was written; None when all are."""
        own = trading_states.c
        query = select(trading_states).where(own.market == market).order_by(own.id)
        entries, previous = [], GENESIS
        with for_reading(self._engine).connect() as connection:
            for number, row in enumerate(connection.execute(query), 1):
                entry = _entry(market, number, _throw(row), previous)
                previous = row.hash
                entries.append(
                    TrailEntry(number, entry.at, entry.event, entry.order_id, entry.facts, previous)
                )
        return first_broken(entries)


# One at a time, so that none comes in between the look at the last one and the insert.
_IN_TURN = text("select pg_advisory_xact_lock(hashtextextended('kill switch of ' || :market, 0))")


def _end(connection: Connection, market: str) -> tuple[int, str]:
    """How many throws there are, and the hash of the last one."""
    own = trading_states.c
    number = connection.scalar(select(func.count()).where(own.market == market)) or 0
    last = select(own.hash).where(own.market == market).order_by(own.id.desc()).limit(1)
    return number, connection.scalar(last) or GENESIS


def _entry(market: str, number: int, throw: Throw, previous: str) -> TrailEntry:
    at = (throw.set_at - _EPOCH) // timedelta(microseconds=1) * 1000
    facts = json.dumps(
        {"market": market, "reason": throw.reason, "source": throw.source}, sort_keys=True
    )
    event, model = throw.state.value, throw.model
    digest = chained(previous, number, at, event, model, facts)
    return TrailEntry(number, at, event, model, facts, digest)


def _throw(row: Row[tuple[object, ...]]) -> Throw:
    return Throw(row.model, TradingState(row.state), row.reason, row.source, row.set_at)
