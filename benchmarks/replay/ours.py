"""Our replay of the stream, in a process of its own as the peers': prints one line of JSON.

`session` is a whole model-day of kind `pattern`, as the product runs it: the engine's seven
patterns on every tick, the strategy on every signal, orders through limits, risk and the order
management to the simulated venue (5 ms there, 5 ms back, displayed sizes), an audit trail in
which each entry is chained to the one before, exact money, the transcript, the portfolio, the
marks. Only storing it is left out. `engine` is the pattern engine alone, as a session drives it.

Ours works in compiled code until something happens that a session must look at, and so returns to
Python at signals, arrivals at the venue and ticks that an order could be executed at. The peers'
rules are two averages; ours costs more at each tick, and its orders cost more.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal

from aitrader_core import __version__
from aitrader_core.domain.market import Bar
from aitrader_core.domain.model_day import Opening
from aitrader_core.domain.risk import TradingRules
from aitrader_core.patterns.engine import Engine
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.feed import Feed, VenueTerms
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.ticks import COLUMNS, NEVER, Chunks, Ticks, no_watch
from aitrader_core.simulation.venue import SimulatedVenue
from benchmarks.peers.replay import Columns, Replay, main
from benchmarks.replay.stream import DAY, MIDDLE, SYMBOL

AT_ONCE = 250_000  # ticks of a chunk
CASH = Decimal(1_000_000)
RULES = TradingRules(quantity_step=Decimal("0.001"))
TERMS = VenueTerms(maker_fee=Decimal("0.0002"), taker_fee=Decimal("0.0004"))  # as of hftbacktest


def ours(chunks: Chunks) -> int:
    """A whole session; returns how many orders were sent."""
    price = Decimal(MIDDLE) / 10
    bar = Bar(SYMBOL, DAY, open=price, high=price, low=price, close=price, volume=Decimal(1))
    venue = SimulatedVenue(Tape((DAY,), (bar,), depth=1), CostProfile(), DAY)
    trader = Trader("benchmark", "pattern", PatternTrader(), RULES, "")
    feed = Feed((SYMBOL,), chunks, TERMS, "stream", session_key="benchmark|pattern|stream")
    day = run_model_day(trader, venue, Opening.with_cash(CASH), feed=feed)
    return Counter(entry.event for entry in day.trail)["submitted"]


def engine(chunks: Chunks) -> int:
    """Returns how many signals there were."""
    symbols, signals = (SYMBOL,), 0
    running, watch = Engine(PatternParameters(), symbols), no_watch(len(symbols))
    for ticks in chunks():
        at = 0
        while at < len(ticks):
            step = running.advance(ticks, at, NEVER, watch)
            at, signals = step.next, signals + (step.signal is not None)
    return signals


def chunks_of(columns: Columns) -> Chunks:
    ticks = Ticks((SYMBOL,), *(columns[name] for name in COLUMNS))
    parts = [ticks[start : start + AT_ONCE] for start in range(0, len(ticks), AT_ONCE)]

    def chunks() -> Iterator[Ticks]:
        return iter(parts)

    return chunks


def _prepared(replay: Callable[[Chunks], int]) -> Callable[[Columns], Replay]:
    """With what is compiled on first use already compiled."""

    def prepare(columns: Columns) -> Replay:
        chunks = chunks_of(columns)
        replay(chunks_of({name: column[:1_000] for name, column in columns.items()}))
        return lambda: replay(chunks)

    return prepare


if __name__ == "__main__":
    main(__version__, {"session": _prepared(ours), "engine": _prepared(engine)})
