"""Run one model through one session."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from aitrader_core import __version__
from aitrader_core.agents.agent import Agent
from aitrader_core.domain.errors import MissingBar
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Manifest, ModelDay, Opening
from aitrader_core.domain.portfolio import Portfolio, adjustments
from aitrader_core.domain.risk import TradingRules
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.venue import Venue


@dataclass(frozen=True, slots=True)
class Trader:
    """A model as it takes part in a market: the agent that decides, and the terms it trades on."""

    market: str
    model: str
    agent: Agent
    rules: TradingRules
    config_hash: str


def run_model_day(trader: Trader, venue: Venue, opening: Opening) -> ModelDay:
    """Open the venue's next session, let the agent trade it, mark it at the close.

    Raises MissingBar when something held can't be priced, and whatever the agent raises.
    """
    view = venue.open_session()
    actions = venue.corporate_actions()
    changes = tuple(adjustments(opening.portfolio, actions, view.opens, trader.rules.quantity_step))
    portfolio = opening.portfolio
    for change in changes:
        portfolio = portfolio.apply(change)
    if unpriced := portfolio.positions.keys() - view.opens.keys():
        raise MissingBar(f"{', '.join(sorted(unpriced))} is held but has no bar on {view.session}")
    is_first = opening.after is None
    desk = Desk(venue, view, portfolio, trader.rules, is_first=is_first)
    ending = trader.agent.trade(desk)
    return ModelDay(
        market=trader.market,
        model=trader.model,
        session=view.session,
        opening=opening,
        adjustments=changes,
        blotter=tuple(desk.blotter),
        closing=desk.portfolio,
        value_open=portfolio.value(view.opens),
        value_close=_value_at(desk.portfolio, venue.closes()),
        ending=ending,
        transcript=tuple(desk.transcript),
        manifest=Manifest(__version__, trader.config_hash, venue.prices),
    )


def _value_at(portfolio: Portfolio, closes: Mapping[Symbol, Decimal | None]) -> Decimal | None:
    known = {symbol: close for symbol, close in closes.items() if close is not None}
    return portfolio.value(known) if portfolio.positions.keys() <= known.keys() else None
