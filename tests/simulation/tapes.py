"""Small tapes, and what stands on them: written by hand as a table, or drawn from a seed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from inspect import signature
from itertools import count, islice
from random import Random

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.kinds import BASELINES
from aitrader_core.domain.market import Bar, CorporateAction, Symbol
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.risk import TradingRules
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.venue import SimulatedVenue

A, B, C = SYMBOLS = Symbol("AAA"), Symbol("BBB"), Symbol("CCC")
MONDAY = date(2024, 1, 1)
FREE = CostProfile()
WHOLE = TradingRules()


def weekdays(number: int, first: date = MONDAY) -> list[date]:
    days = (first + timedelta(n) for n in count())
    return list(islice((day for day in days if day.weekday() < 5), number))


def bar(symbol: Symbol, session: date, open_: str, close: str | None = None) -> Bar:
    """A bar from open to close; without a close, of a session that has only begun."""
    first = Decimal(open_)
    if close is None:
        return Bar(symbol, session, first)
    last = Decimal(close)
    return Bar(
        symbol, session, first, max(first, last) + 1, min(first, last) / 2, last, Decimal(1000)
    )


def tape_of(
    rows: Mapping[Symbol, str],
    actions: Iterable[CorporateAction] = (),
    *,
    depth: int = 5,
    first: date = MONDAY,
) -> Tape:
    """A tape from a row per symbol and a word per session: `open/close`, `price`, `open/?`, `-`."""
    sessions = weekdays(max(len(row.split()) for row in rows.values()), first)
    bars = [
        bar(symbol, session, *_prices(word))
        for symbol, row in rows.items()
        for session, word in zip(sessions, row.split(), strict=False)
        if word != "-"
    ]
    return Tape(sessions, bars, actions, depth=depth, prices="handmade")


def _prices(word: str) -> tuple[str, str | None]:
    first, _, last = word.partition("/")
    return first, None if last == "?" else last or first


def random_bars(lot: Random, sessions: Sequence[date]) -> list[Bar]:
    """Bars of every symbol, in cents, that swing enough for any rule to trade on."""

    def cents() -> str:
        return f"{lot.randint(500, 20_000) / 100:.2f}"

    return [bar(symbol, session, cents(), cents()) for session in sessions for symbol in SYMBOLS]


def agent_of(kind: str) -> Agent:
    """A baseline of this kind, looking back no further than a small tape goes."""
    make: Callable[..., Agent] = BASELINES[kind]
    return make(**({"lookback": 4} if "lookback" in signature(make).parameters else {}))


def desk_at(
    tape: Tape,
    session: date,
    *,
    cash: str = "1000",
    held: Mapping[Symbol, int] | None = None,
    costs: CostProfile = FREE,
    step: str = "1",
) -> Desk:
    """A desk at the open of `session`, for a portfolio that already went through its actions."""
    venue = SimulatedVenue(tape, costs, session)
    positions = {symbol: Decimal(quantity) for symbol, quantity in (held or {}).items()}
    portfolio = Portfolio(Decimal(cash), positions)
    rules = TradingRules(Decimal(step))
    return Desk(venue, venue.open_session(), portfolio, rules, is_first=not positions)


def run_days(
    agent: Agent,
    tape: Tape,
    first: date,
    sessions: int,
    *,
    opening: Opening | None = None,
    costs: CostProfile = FREE,
    rules: TradingRules = WHOLE,
) -> list[ModelDay]:
    """The agent's model-days from `first` on, each from the close of the one before."""
    trader = Trader("test", "model", agent, rules, "config")
    venue = SimulatedVenue(tape, costs, first)
    opening = opening or Opening.with_cash(Decimal(10_000))
    days: list[ModelDay] = []
    for _ in range(sessions):
        days.append(run_model_day(trader, venue, days[-1].as_opening if days else opening))
    return days
