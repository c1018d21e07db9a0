"""The work that every engine is given: prices from a seeded random walk, and a momentum rule."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.market import Bar, Symbol
from aitrader_core.market.calendar import load_calendar

FIRST = date(2019, 1, 2)
DRIFT, VOLATILITY, OVERNIGHT = 0.0003, 0.015, 0.004  # of log prices, a session

Cents = NDArray[np.int64]  # [session, symbol]


@dataclass(frozen=True)
class Rule:
    """Every `every` sessions the `top` symbols by return over `lookback`, in equal parts.

    Whole shares at the open, sales before buys, no costs; equal returns rank by name.
    """

    lookback: int = 20
    top: int = 10
    every: int = 5
    cash: int = 1_000_000

    def trades_on(self, session: int) -> bool:
        """Whether the rule trades on the session of this number, 0 being the first."""
        return session > self.lookback and session % self.every == 0


@dataclass(frozen=True)
class Prices:
    """Daily bars in whole cents, so that a float and a decimal of one are the same price."""

    sessions: tuple[date, ...]
    symbols: tuple[Symbol, ...]
    opens: Cents
    highs: Cents
    lows: Cents
    closes: Cents
    volumes: Cents  # shares

    def bars(self) -> Iterator[Bar]:
        for at, session in enumerate(self.sessions):
            for of, symbol in enumerate(self.symbols):
                yield Bar(
                    symbol,
                    session,
                    open=_money(self.opens[at, of]),
                    high=_money(self.highs[at, of]),
                    low=_money(self.lows[at, of]),
                    close=_money(self.closes[at, of]),
                    volume=Decimal(int(self.volumes[at, of])),
                )


def random_walk(seed: int, symbols: int, sessions: int) -> Prices:
    """XNYS sessions from 2019 on; each symbol opens at 100.00."""
    generator, shape = np.random.default_rng(seed), (sessions, symbols)
    gaps = generator.normal(0, OVERNIGHT, shape)
    moves = generator.normal(DRIFT, VOLATILITY, shape)
    gaps[0] = 0
    logs = np.log(100.0) + np.cumsum(gaps + moves, axis=0)
    opens, closes = _cents(logs - moves), _cents(logs)
    spread = np.abs(generator.normal(0, OVERNIGHT, shape))
    calendar = load_calendar("XNYS")
    return Prices(
        sessions=calendar.between(FIRST, calendar.last)[:sessions],
        symbols=tuple(Symbol(f"S{number:03d}") for number in range(symbols)),
        opens=opens,
        highs=(np.maximum(opens, closes) * (1 + spread)).astype(np.int64),
        lows=np.maximum((np.minimum(opens, closes) * (1 - spread)).astype(np.int64), 1),
        closes=closes,
        volumes=generator.integers(1_000_000, 5_000_000, shape),
    )


def _money(cents: np.int64) -> Decimal:
    return Decimal(int(cents)).scaleb(-2)


def _cents(logs: NDArray[np.float64]) -> Cents:
    return np.maximum(np.round(np.exp(logs) * 100), 1).astype(np.int64)
