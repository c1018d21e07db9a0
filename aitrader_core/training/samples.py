"""What a network learns from: inputs as a trader would have seen them, and what came of it."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from aitrader_core.agents.onnx.features import features
from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.market import MarketView, Symbol
from aitrader_core.patterns.windows import LENGTH, normalised
from aitrader_core.training.history import History

Rows = dict[Symbol, NDArray[np.float32]]
Outcome = Callable[[MarketView, tuple[Symbol, ...], int], dict[Symbol, float]]


@dataclass(frozen=True)
class Samples:
    """A row for each session and symbol, oldest session first.

    `at` is the index of its session among `sessions`. Its target is over `horizon` sessions later,
    which is the earliest that anyone could know it.
    """

    sessions: tuple[date, ...]
    horizon: int
    at: NDArray[np.int64]
    symbols: tuple[Symbol, ...]
    inputs: NDArray[np.float32]
    targets: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.at)

    @property
    def digest(self) -> str:
        """sha256 of all that is learnt from."""
        found = sha256(repr((self.sessions, self.horizon, self.symbols)).encode())
        for column in (self.at, self.inputs, self.targets):
            found.update(column.tobytes())
        return found.hexdigest()


def daily_samples(history: History, horizon: int) -> Samples:
    """The features of each symbol at an open, and its return from that open to the one `horizon`
    sessions later, less the mean of the session's symbols."""
    return _samples(history, horizon, _features, _returns_beyond_the_mean)


def window_samples(history: History, horizon: int) -> Samples:
    """The last closes before each open, and whether (1 or 0) the close `horizon` bars after the
    last of them is above it."""
    return _samples(history, horizon, _windows, _rises)


def _samples(
    history: History, horizon: int, see: Callable[[MarketView], Rows], outcome: Outcome
) -> Samples:
    """What is seen at one view waits for its target until a later view tells it: targets, too,
    come of what a trader may know by then."""
    waiting: deque[tuple[int, Rows]] = deque()
    at, symbols, inputs, targets = [], [], [], []
    for index, view in enumerate(history.views()):
        _check(history, view)
        if len(waiting) == horizon:
            seen_at, rows = waiting.popleft()
            for symbol, target in outcome(view, tuple(rows), horizon).items():
                at.append(seen_at)
                symbols.append(symbol)
                inputs.append(rows[symbol])
                targets.append(target)
        waiting.append((index, see(view)))
    return Samples(
        history.tape.sessions,
        horizon,
        np.array(at, np.int64),
        tuple(symbols),
        np.array(inputs, np.float32),
        np.array(targets, np.float64),
    )


def _check(history: History, view: MarketView) -> None:
    if view.session >= history.demo:
        raise LedgerError(f"training reached {view.session}, and the demo begins {history.demo}")


def _features(view: MarketView) -> Rows:
    symbols, rows = features(view)
    return dict(zip(symbols, rows, strict=True))


def _returns_beyond_the_mean(
    view: MarketView, symbols: tuple[Symbol, ...], horizon: int
) -> dict[Symbol, float]:
    returns = dict(_returns(view, symbols, horizon))
    if len(returns) < 2:
        return {}  # nothing to compare it with
    mean = fmean(returns.values())
    return {symbol: found - mean for symbol, found in returns.items()}


def _returns(
    view: MarketView, symbols: tuple[Symbol, ...], horizon: int
) -> Iterator[tuple[Symbol, float]]:
    for symbol in symbols:
        bars = view.history(symbol, horizon)
        if symbol in view.opens and len(bars) == horizon:
            yield symbol, float(view.opens[symbol] / bars[0].open) - 1


def _windows(view: MarketView) -> Rows:
    closes = {symbol: view.closes(symbol, LENGTH) for symbol in view.symbols}
    known = {s: [float(c) for c in found] for s, found in closes.items() if len(found) == LENGTH}
    if not known:
        return {}
    return dict(zip(known, normalised(np.array(list(known.values()))), strict=True))


def _rises(view: MarketView, symbols: tuple[Symbol, ...], horizon: int) -> dict[Symbol, float]:
    found: dict[Symbol, float] = defaultdict(float)
    for symbol in symbols:
        closes = view.closes(symbol, horizon + 1)
        if len(closes) == horizon + 1:
            found[symbol] = float(closes[-1] > closes[0])
    return found
