"""The trading floor: an arena together with the database that it is kept in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy import Engine

from aitrader_core.market.gaps import Jump, suspicious_jumps
from aitrader_core.runner.arena import Arena, load_arena
from aitrader_core.runner.settings import Settings, urls
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.database import engine_for
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.postgres import PostgresStore
from aitrader_core.storage.prices import History, PriceStore
from aitrader_core.storage.registry import register_models
from aitrader_core.storage.turns import Turns


@dataclass(frozen=True)
class Floor:
    arena: Arena
    engine: Engine

    @cached_property
    def model_days(self) -> PostgresStore:
        return PostgresStore(self.engine)

    @cached_property
    def jobs(self) -> Jobs:
        return Jobs(self.engine)

    @cached_property
    def prices(self) -> PriceStore:
        return PriceStore(self.engine, self.arena.market, self.arena.source.name)

    @cached_property
    def turns(self) -> Turns:
        return Turns(self.engine)

    def tape(self, first: date, last: date) -> Tape:
        """The stored prices of `first` to `last`, and the history before them."""
        calendar, depth = self.arena.calendar, self.arena.history
        before = calendar.between(calendar.first, first)[-depth - 1 : -1]
        sessions = (*before, *calendar.between(first, last))
        found = self.prices.load(self.arena.symbols, sessions[0], last)
        return Tape(
            sessions,
            found.bars,
            found.actions,
            depth=depth,
            prices={
                session: found.name(sessions[max(0, at - depth) : at + 1])
                for at, session in enumerate(sessions)
            },
            suspect={jump.session: self.not_trusted(jump) for jump in self._jumps(found)},
        )

    def suspects(self, first: date, last: date) -> list[Jump]:
        """Jumps from `first` to `last` that no corporate action explains and nobody accepted."""
        before = self.arena.calendar.previous(first) or first
        found = self.prices.load(self.arena.symbols, before, last)
        return [jump for jump in self._jumps(found) if jump.session >= first]

    def _jumps(self, found: History) -> list[Jump]:
        accepted = self.arena.accepted_jumps
        jumps = suspicious_jumps(found.bars, found.actions)
        return [jump for jump in jumps if (jump.symbol, jump.session) not in accepted]

    def not_trusted(self, jump: Jump) -> str:
        """Why nobody may trade on the session of `jump`, and what to do about it."""
        return (
            f"{jump} Import the corporate action (aitrader prices import --market "
            f"{self.arena.market} --actions FILE), or put {jump.symbol} {jump.session} among the "
            "arena's accepted_jumps"
        )

    def unpriced(self) -> Sequence[date]:
        """Sessions that the source can price and that have no stored bar, oldest first."""
        coverage = self.arena.source.coverage()
        if coverage is None:
            return ()
        stored = set(self.prices.sessions())
        return [
            s for s in self.arena.sessions if coverage[0] <= s <= coverage[1] and s not in stored
        ]

    def register_models(self) -> None:
        register_models(
            self.engine,
            self.arena.market,
            (
                {
                    "name": model.name,
                    "kind": model.config.kind,
                    "config": model.config.model_dump(mode="json"),
                    "config_hash": model.config_hash,
                }
                for model in self.arena.models.values()
            ),
        )


def open_floor(settings: Settings, market: str) -> Floor:
    return Floor(load_arena(settings.config_dir, market), engine_for(urls(settings).engine))
