"""What a pattern engine saw on a stream of ticks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aitrader_core.domain.frozen import quick
from aitrader_core.domain.market import Symbol


@quick
@dataclass(frozen=True, slots=True)
class Signal:
    """A composite score that crossed its threshold; above zero it says buy, below zero sell.

    `number` counts the signals of one stream from 1 on, so that the same stream gives the same
    names. `at` is when the tick was received, in ns since 1970 UTC. `price` is the last trade's,
    `atr` the average true range at it (price units), `features` what each pattern said.
    """

    number: int
    symbol: Symbol
    at: int
    price: float
    score: float  # -1 to 1
    atr: float
    features: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Located:
    """A signal, and the tick that gave it, counted from 0 in its stream."""

    tick: int
    signal: Signal
