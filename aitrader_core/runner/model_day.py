"""Run one model through one session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from aitrader_core import __version__
from aitrader_core.agents.agent import Agent
from aitrader_core.domain.errors import MissingBar
from aitrader_core.domain.market import MarketView, Symbol
from aitrader_core.domain.model_day import Ending, Manifest, Mark, ModelDay, Opening
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.portfolio import Portfolio, adjustments
from aitrader_core.domain.risk import TradingRules
from aitrader_core.domain.transcript import SUMMARY, Transcript
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.feed import Feed
from aitrader_core.simulation.venue import Venue


@dataclass(frozen=True, slots=True)
class Trader:
    """A model as it takes part in a market: the agent that decides, and the terms it trades on."""

    market: str
    model: str
    agent: Agent
    rules: TradingRules
    config_hash: str
    made_of: Mapping[str, str] = field(default_factory=dict)  # for the manifest


def run_model_day(
    trader: Trader,
    venue: Venue,
    opening: Opening,
    transcript: Transcript | None = None,
    feed: Feed | None = None,
) -> ModelDay:
    """Open the venue's next session, let the agent trade each bar of it, mark it at the closes.

    It ends as the first bar that was not simply done, if there is one. Raises MissingBar when
    something held can't be priced, and whatever the agent raises; what was said until then is in
    `transcript`, if one is given. `feed` plays the session's ticks to those who trade on them.
    """
    view = venue.open_session()
    actions = venue.corporate_actions()
    changes = tuple(adjustments(opening.portfolio, actions, view.opens, trader.rules.quantity_step))
    portfolio = opening.portfolio
    for change in changes:
        portfolio = portfolio.apply(change)
    is_first = opening.after is None
    desk = Desk(
        venue, view, portfolio, trader.rules, is_first=is_first, transcript=transcript, feed=feed
    )
    marks, ending = [], Ending.DONE
    bar: MarketView | None = view
    while bar is not None:
        mark, ended = _trade_bar(trader.agent, desk, venue)
        marks.append(mark)
        ending = ended if ending is Ending.DONE else ending
        bar = venue.next_bar()
        if bar is not None:
            desk.turn_to(bar)
    summarise = getattr(trader.agent, "summarise", None)
    if summarise is not None:
        desk.transcript.add(SUMMARY, summarise(desk))
    made_of = {**trader.made_of, **(feed.made_of if feed is not None else {})}
    return ModelDay(
        market=trader.market,
        model=trader.model,
        session=view.session,
        opening=opening,
        adjustments=(*changes, *desk.corrections),
        blotter=tuple(desk.blotter),
        closing=desk.portfolio,
        marks=tuple(marks),
        ending=ending,
        transcript=tuple(desk.transcript),
        manifest=Manifest(__version__, trader.config_hash, venue.prices, made_of),
        trail=tuple(desk.trail),
    )


def _trade_bar(agent: Agent, desk: Desk, venue: Venue) -> tuple[Mark, Ending]:
    opens, before = desk.view.opens, desk.portfolio
    if unpriced := before.positions.keys() - opens.keys():
        gone = ", ".join(sorted(unpriced))
        raise MissingBar(f"{gone} is held but has no bar on {desk.view.session}")
    ordered, corrected = len(desk.blotter), len(desk.corrections)
    ending = agent.trade(desk)
    corrections = desk.corrections[corrected:]
    value_open = before.value(opens) + sum((c.value(opens) for c in corrections), ZERO)
    value_close = _value_at(desk.portfolio, venue.closes())
    return Mark(desk.view.at, value_open, value_close, len(desk.blotter) - ordered), ending


def _value_at(portfolio: Portfolio, closes: Mapping[Symbol, Decimal | None]) -> Decimal | None:
    held = {symbol: closes.get(symbol) for symbol in portfolio.positions}
    known = {symbol: close for symbol, close in held.items() if close is not None}
    return portfolio.value(known) if len(known) == len(held) else None
