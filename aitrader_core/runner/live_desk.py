"""The desk of a live session: today's orders on the latest close, at a simulated venue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from aitrader_core.agents.llm.connections import Connections
from aitrader_core.domain.errors import ConfigError, InputError, MarketDataError
from aitrader_core.domain.market import CorporateAction, MarketView, Past, Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.orders import Approved, Fill, Order, Quote
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.live_trail import TrailFile
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.feed import Feed

if TYPE_CHECKING:  # numpy is for those who have ticks
    from aitrader_core.simulation.ticks import Tick


@dataclass(frozen=True, slots=True)
class LiveOpening:
    """What a live session starts from: the latest close before it, None where nothing is stored."""

    portfolio: Portfolio
    prices: Mapping[Symbol, Decimal]  # of what is held, at that close
    after: date | None = None


class Session(Protocol):
    """What patterns/session.py: TickSession offers to whoever has one tick at a time."""

    signals: int  # so far

    def on_tick(self, tick: "Tick") -> int: ...

    def kill(self, state: TradingState, reason: str, at: int) -> bool: ...

    def close(self) -> Ending: ...


@dataclass(frozen=True, slots=True)
class LiveDesk:
    """An open session, its desk, and the file that the desk's trail is kept in."""

    date: date
    session: Session
    desk: Desk
    opening: LiveOpening
    trail: TrailFile

    def keep_trail(self) -> None:
        if len(self.desk.trail) != self.trail.kept:
            self.trail.keep(self.desk.trail)

    def close(self) -> None:
        self.session.close()
        self.keep_trail()
        self.trail.close()


def pattern_trader(
    arena: Arena, model: str, connections: Connections | None = None
) -> PatternTrader:
    """With its network, if it has one, on the runner that `connections` have.

    ConfigError for a model that does not trade on ticks.
    """
    agent = arena.trader(model, connections).agent
    if not isinstance(agent, PatternTrader):
        raise ConfigError(
            f"{model} of the {arena.market} arena is of kind {arena.model(model).config.kind}: "
            "only models of kind pattern trade live"
        )
    return agent


def opening_before(floor: Floor, model: str, session: date) -> LiveOpening:
    """The model's latest stored close before `session`, or the initial cash.

    MarketDataError where something held can't be priced, or was split since.
    """
    arena = floor.arena
    if not arena.calendar.is_session(session):
        raise InputError(f"the feed is of {session}: {arena.calendar.explain(session)}")
    stored = [s for s in floor.model_days.sessions(arena.market, model) if s < session]
    close = floor.model_days.opening_after(arena.market, model, stored[-1]) if stored else None
    if close is None:
        return LiveOpening(Portfolio(arena.initial_cash), {})
    held, after = tuple(close.portfolio.positions), stored[-1]
    found = floor.prices.load(held, after, session)
    last = {bar.symbol: bar.close or bar.open for bar in found.bars if bar.session == after}
    if gone := ", ".join(sorted(set(held) - set(last))):
        raise MarketDataError(f"{model} holds {gone}, of which no price of {after} is stored")
    if acted := ", ".join(sorted({a.symbol for a in found.actions if a.ex_date > after})):
        raise MarketDataError(
            f"{model} holds {acted} since {after}, and there was a corporate action since: run its "
            f"model-days up to the session before {session} first"
        )
    return LiveOpening(close.portfolio, last, after)


def open_desk(
    arena: Arena,
    model: str,
    trader: PatternTrader,
    session: date,
    opening: LiveOpening,
    state: TradingState,
    trail: TrailFile,
) -> LiveDesk:
    """Where `trader` trades as `model`.

    Orders have the ids that a replay of the same session would give them.
    They go to the simulated venue that the session makes for its feed's terms. A broker would
    stand in its place: an OrderVenue (domain/order_venue.py), of which the session asks no more.
    """
    from aitrader_core.patterns.session import TickSession

    feed = Feed(
        arena.symbols,
        lambda: iter(()),  # they come one by one
        arena.venue,
        "live",
        session_key=f"{arena.market}|{model}|{session}",
        trading=state,
    )
    view = MarketView(session, opening.prices, Past(), {}, 0)
    desk = Desk(_NoBars(), view, opening.portfolio, arena.rules, feed=feed)
    return LiveDesk(session, TickSession(trader, desk), desk, opening, trail)


class _NoBars:
    """There are no bars of a session that is not over: nothing is filled at an open."""

    prices = "live"

    def open_session(self) -> MarketView:
        raise NotImplementedError

    def next_bar(self) -> MarketView | None:
        return None

    def corporate_actions(self) -> Sequence[CorporateAction]:
        return ()

    def quote(self, order: Order) -> Quote | None:  # noqa: ARG002 - a Venue
        return None

    def execute(self, approved: Approved) -> Fill:
        raise NotImplementedError

    def closes(self) -> Mapping[Symbol, Decimal | None]:
        return {}
