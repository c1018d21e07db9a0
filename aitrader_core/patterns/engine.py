"""Patterns on a stream of ticks, tick by tick or in chunks: the same signals, bit for bit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.signals import Signal
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.simulation.ticks import Tick, Ticks


@dataclass(frozen=True, slots=True)
class Step:
    """Where an advance stopped: before `next`, the index of the first tick not processed."""

    next: int
    signal: Signal | None
    watched: bool


class Engine:
    """Holds what is known of each symbol; the ticks themselves are not kept."""

    def __init__(self, parameters: PatternParameters, symbols: tuple[Symbol, ...]) -> None:
        self.parameters, self.symbols = parameters, symbols

    def on_tick(self, tick: Tick) -> Signal | None:
        raise NotImplementedError

    def run(self, ticks: Ticks) -> list[Signal]:
        """The signals of a chunk; what was learnt is carried over to the next."""
        raise NotImplementedError

    def advance(self, ticks: Ticks, start: int, wake_at: int, watch: NDArray[np.float64]) -> Step:
        """Process `ticks` from `start` on until something happens.

        Stops before the first tick received at or after `wake_at`, after the tick that gave a
        signal, and after one that `watch` (symbols x WATCH_COLUMNS) matches.
        """
        raise NotImplementedError

    def last_price(self, symbol: int) -> float:
        """Of the last trade of the symbol of that index; NaN before the first."""
        raise NotImplementedError

    def last_bid(self, symbol: int) -> float:
        raise NotImplementedError

    def last_ask(self, symbol: int) -> float:
        raise NotImplementedError

    def skipped(self, symbol: int) -> int:
        """How many of the symbol's ticks were left out because of impossible values."""
        raise NotImplementedError

    def save(self) -> bytes:
        """All that `resume` needs."""
        raise NotImplementedError

    @classmethod
    def resume(
        cls, parameters: PatternParameters, symbols: tuple[Symbol, ...], saved: bytes
    ) -> "Engine":
        """Go on where `save` was called. Raises InputError when it does not fit or is broken."""
        raise NotImplementedError
