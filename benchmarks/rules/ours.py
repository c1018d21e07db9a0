"""The rule on our engine, written as a user would write it, ending in full model-days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from aitrader_core.agents.sizing import rebalance
from aitrader_core.domain.market import MarketView, Symbol
from aitrader_core.domain.model_day import Ending, ModelDay, Opening
from aitrader_core.domain.risk import TradingRules
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.venue import SimulatedVenue
from benchmarks.rules.workload import Prices, Rule


@dataclass(frozen=True, slots=True)
class TopMomentum:
    """On the sessions of `on`, the `top` symbols by return over `lookback`, in equal parts."""

    lookback: int
    top: int
    on: frozenset[date]

    def trade(self, desk: Desk) -> Ending:
        if desk.view.session in self.on:
            growth = {s: self._growth(desk.view, s) for s in desk.view.symbols}
            chosen = sorted(growth, key=growth.__getitem__, reverse=True)[: self.top]
            rebalance(desk, {s: Decimal(1) / self.top for s in chosen})
        return Ending.DONE

    def _growth(self, view: MarketView, symbol: Symbol) -> float:
        closes = view.closes(symbol, self.lookback + 1)
        return float(closes[-1]) / float(closes[0])


def prepare(prices: Prices, rule: Rule) -> Callable[[], list[ModelDay]]:
    """The tape is built here; what is returned runs every session of it."""
    on = frozenset(s for at, s in enumerate(prices.sessions) if rule.trades_on(at))
    tape = Tape(prices.sessions, prices.bars(), depth=rule.lookback + 1)
    agent = TopMomentum(rule.lookback, rule.top, on)
    trader = Trader("benchmark", "momentum", agent, TradingRules(), "")
    return lambda: _run(trader, tape, rule)


def equity(days: list[ModelDay]) -> Decimal:
    """The value at the last close, to the cent."""
    return days[-1].value.quantize(Decimal("0.01"))


def _run(trader: Trader, tape: Tape, rule: Rule) -> list[ModelDay]:
    venue = SimulatedVenue(tape, CostProfile(), tape.sessions[0])
    opening, days = Opening.with_cash(Decimal(rule.cash)), list[ModelDay]()
    for _ in tape.sessions:
        day = run_model_day(trader, venue, opening)
        days.append(day)
        opening = day.as_opening
    return days
