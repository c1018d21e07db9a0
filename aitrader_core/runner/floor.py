"""The trading floor: an arena together with the database that it is kept in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from sqlalchemy import Engine

from aitrader_core.agents.llm.calls import CallStore, Mode
from aitrader_core.agents.llm.connections import NO_LIMIT, Allowance, Connections
from aitrader_core.domain.model_day import Manifest
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runners import runners
from aitrader_core.market.gaps import Jump
from aitrader_core.runner.arena import Arena, load_arena
from aitrader_core.runner.model_day import Trader
from aitrader_core.runner.settings import Settings, environment, runner_options, urls
from aitrader_core.runner.taping import not_trusted, suspects, tape_of
from aitrader_core.runner.ticks import feed_of
from aitrader_core.simulation.feed import Feed
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.calls import FailedDays, PostgresCalls
from aitrader_core.storage.database import engine_for
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.postgres import PostgresStore
from aitrader_core.storage.prices import PriceStore
from aitrader_core.storage.registry import register_models
from aitrader_core.storage.store import Origin
from aitrader_core.storage.trading_states import TradingStates
from aitrader_core.storage.turns import Turns


@dataclass(frozen=True)
class Floor:
    """`home` is the folder under which ticks and signals are kept; `inference` says how networks
    are run."""

    arena: Arena
    engine: Engine
    home: Path | None = None
    inference: RunnerOptions = field(default_factory=RunnerOptions)

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

    @cached_property
    def calls(self) -> PostgresCalls:
        return PostgresCalls(self.engine)

    @cached_property
    def failed_days(self) -> FailedDays:
        return FailedDays(self.engine)

    def trader(
        self,
        model: str,
        origin: Origin | None = None,
        mode: Mode | None = None,
        calls: CallStore | None = None,
    ) -> Trader:
        """`model`, ready to trade for `origin`: what it asks of others is kept here, or in `calls`.

        `mode` is the arena's unless given.
        """
        return self.arena.trader(model, self.connections(model, origin, mode, calls))

    def connections(
        self,
        model: str,
        origin: Origin | None = None,
        mode: Mode | None = None,
        calls: CallStore | None = None,
    ) -> Connections:
        """What `model` is given to trade for `origin`, as in `trader`."""
        return Connections(
            self.arena.market,
            model,
            request=origin.request if origin else "nobody",
            calls=self.calls if calls is None else calls,
            mode=mode or self.arena.calls,
            environment=environment(),
            runners=runners(self.inference),
            job=self._allowance(origin),
        )

    def _allowance(self, origin: Origin | None) -> Allowance:
        job = self.jobs.get(origin.job_id) if origin and origin.job_id else None
        return Allowance(job.max_dollars, job.max_tokens) if job else NO_LIMIT

    def tape(self, first: date, last: date) -> Tape:
        """The stored prices of `first` to `last`, and the history before them."""
        calendar, depth = self.arena.calendar, self.arena.history
        before = calendar.between(calendar.first, first)[-depth - 1 : -1]
        sessions = (*before, *calendar.between(first, last))
        found = self.prices.load(self.arena.symbols, sessions[0], last)
        names = {
            session: found.name(sessions[max(0, at - depth) : at + 1])
            for at, session in enumerate(sessions)
        }
        return tape_of(self.arena, sessions, found.bars, found.actions, names)

    def feed(self, trader: Trader, session: date, made_of: Manifest | None = None) -> Feed | None:
        """The session's ticks, for a trader that trades on them in an arena that has them.

        The kill switch stands as it stands now, or as it stood by the manifest of a day that is
        made again, for which signals are looked for again, too. MarketDataError where the session
        has no ticks.
        """
        from aitrader_core.patterns.pattern_trader import PatternTrader
        from aitrader_core.runner.signals import signals_of

        if self.arena.ticks is None or not isinstance(trader.agent, PatternTrader):
            return None
        if made_of is not None:
            return feed_of(self, trader.model, session, TradingState(made_of.agent["trading"]))
        signals = signals_of(self, trader.agent.patterns, session).signals
        return feed_of(self, trader.model, session, self.trading(trader.model), signals)

    def trading(self, model: str) -> TradingState:
        """How the kill switch stands for `model`."""
        return TradingStates(self.engine).state_of(self.arena.market, model)

    def suspects(self, first: date, last: date) -> list[Jump]:
        """Jumps from `first` to `last` that no corporate action explains and nobody accepted."""
        before = self.arena.calendar.previous(first) or first
        found = self.prices.load(self.arena.symbols, before, last)
        jumps = suspects(self.arena, found.bars, found.actions)
        return [jump for jump in jumps if jump.session >= first]

    def not_trusted(self, jump: Jump) -> str:
        """Why nobody may trade on the session of `jump`, and what to do about it."""
        return not_trusted(self.arena, jump)

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
                    "config": model.config.model_dump(mode="json", exclude_unset=True),
                    "config_hash": model.config_hash,
                }
                for model in self.arena.models.values()
            ),
        )


def open_floor(settings: Settings, market: str) -> Floor:
    arena = load_arena(settings.config_dir, market)
    engine = engine_for(urls(settings).engine)
    return Floor(arena, engine, settings.home, runner_options(settings))
