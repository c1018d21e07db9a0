"""What a pattern engine looks for, and how much each pattern weighs.

Volatility is the running deviation of relative moves from trade to trade, so that one
configuration suits a coin at 60,000 and a share at 12.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha256
from math import isfinite
from typing import Annotated, ClassVar

from pydantic import Field

# Each says a number from -1 (sell) to 1 (buy); a weight below zero turns what it says around.
PATTERNS: dict[str, str] = {
    "crossover": "the fast EMA of prices crossed the slow one; fades over `fast` trades",
    "trend": "distance of the fast EMA from the slow one, 1 at `trend` volatilities",
    "vwap_reversion": "price below the session's VWAP, 1 at `reversion` volatilities",
    "volume_spike": "volume above its EMA, 1 at `spike` times it, with the side that took",
    "breakout": "the last move, 1 at `breakout` volatilities before it",
    "imbalance": "size at the bid against size at the ask, 1 with nothing to sell",
    "rsi_reversion": "Wilder's RSI below 50, 1 at 0",
}

Span = Annotated[int, Field(ge=2, le=1_000_000)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Weight = Annotated[float, Field(allow_inf_nan=False)]


def _even_handed() -> Mapping[str, float]:
    return {
        "crossover": 0.2,
        "trend": 0.2,
        "vwap_reversion": 0.05,
        "volume_spike": 0.15,
        "breakout": 0.15,
        "imbalance": 0.2,
        "rsi_reversion": 0.05,
    }


@dataclass(frozen=True, slots=True)
class PatternParameters:
    """The score is the weighted sum of the patterns, kept within -1 and 1.

    Spans and `warmup` count trades of a symbol; an EMA of span n moves by 2 / (n + 1). RSI and ATR
    are Wilder's, over bars of `bar` trades. Patterns without a weight are not asked.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    fast: Span = 20
    slow: Span = 100
    volume_span: Span = 100
    volatility_span: Span = 100
    bar: Count = 20
    rsi_period: Span = 14  # bars
    atr_period: Span = 14  # bars
    trend: Positive = 5.0
    reversion: Positive = 100.0
    spike: Annotated[float, Field(gt=1, allow_inf_nan=False)] = 5.0
    breakout: Positive = 4.0
    weights: Mapping[str, Weight] = field(default_factory=_even_handed)
    threshold: Annotated[float, Field(gt=0, le=1)] = 0.4  # of the score, for a signal
    cooldown: Annotated[float, Field(ge=0, le=31_536_000)] = 30.0  # s to a symbol's next signal
    warmup: Count = 200  # trades of a symbol before its first signal

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.weights) - set(PATTERNS)):
            known = ", ".join(PATTERNS)
            raise ValueError(f"weights name unknown patterns {unknown}; there are {known}")
        if not any(self.weights.values()) or not all(map(isfinite, self.weights.values())):
            raise ValueError(f"weights are {dict(self.weights)}, must be finite and not all 0")
        if self.fast >= self.slow:
            raise ValueError(f"fast is {self.fast}, must be below slow, which is {self.slow}")
        if self.warmup < self.bar:
            raise ValueError(f"warmup is {self.warmup}, must be {self.bar} (bar) or more: no ATR")

    @property
    def digest(self) -> str:
        """Tells parameters apart, however their numbers were written."""
        told: dict[str, float | dict[str, float]] = {
            f.name: float(getattr(self, f.name)) for f in fields(self) if f.name != "weights"
        }
        told["weights"] = {name: float(weight) for name, weight in self.weights.items()}
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
