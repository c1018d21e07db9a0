"""What each pattern says of a tick, and how to add one's own.

A pattern is a small function of what is known of the tick's symbol, the tick and the terms; what
it returns is kept within -1 (sell) and 1 (buy), and NaN counts as 0:

    @pattern("the last move turned around, 1 at 4 volatilities")
    def reversal(row: Row, tick: Tick, terms: Terms) -> float:
        return -row.surprise / 4.0

That is all: once its module is imported, a configuration may give `reversal` a weight. It is
compiled once in each process that weighs it, for some seconds. To have it compiled for good, put
it here, into STANDARD and into PATTERNS of parameters.py.

Patterns write nothing, and are not asked while their symbol warms up or cools down. One that has
to remember more than a row does gets a field in Row and a line in learning.py.
"""

# ruff: noqa: ARG001 - every pattern is asked in the same way

import math
from collections.abc import Callable

from aitrader_core.patterns.compiling import Function, compiled
from aitrader_core.patterns.parameters import PATTERNS
from aitrader_core.patterns.records import Row, Terms
from aitrader_core.simulation.ticks import Tick

Pattern = Callable[[Row, Tick, Terms], float]

registered: dict[str, Pattern] = {}  # by those who add their own


def pattern(says: str) -> Callable[[Function], Function]:
    """Let configurations weigh the function by its name; `says` is for those who read them."""

    def register(function: Function) -> Function:
        name, asked = function.__name__, compiled(function)
        if name in PATTERNS and name not in registered:
            raise ValueError(f"{name} is one of the standard patterns: name this one otherwise")

        def sure(row: Row, tick: Tick, terms: Terms) -> float:
            said = asked(row, tick, terms)
            return 0.0 if math.isnan(said) else float(said)

        PATTERNS[name], registered[name] = says, compiled(sure)
        return function

    return register


@compiled
def crossover(row: Row, tick: Tick, terms: Terms) -> float:
    return row.crossed * max(1.0 - row.since_cross * terms.fade, 0.0)


@compiled
def trend(row: Row, tick: Tick, terms: Terms) -> float:
    return (row.fast - row.slow) * row.per_move * terms.trend


@compiled
def vwap_reversion(row: Row, tick: Tick, terms: Terms) -> float:
    return (row.vwap - row.price) * row.per_move * terms.reversion


@compiled
def volume_spike(row: Row, tick: Tick, terms: Terms) -> float:
    return row.side * max(row.volume_ratio - 1.0, 0.0) * terms.spike


@compiled
def breakout(row: Row, tick: Tick, terms: Terms) -> float:
    return row.surprise * terms.breakout


@compiled
def imbalance(row: Row, tick: Tick, terms: Terms) -> float:
    return row.imbalance


@compiled
def rsi_reversion(row: Row, tick: Tick, terms: Terms) -> float:
    return (50.0 - row.rsi) * 0.02


STANDARD: dict[str, Pattern] = {
    one.__name__: one
    for one in (
        crossover,
        trend,
        vwap_reversion,
        volume_spike,
        breakout,
        imbalance,
        rsi_reversion,
    )
}
