"""The scores of many sessions at once: their features together, and one question to the network."""

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from aitrader_core.agents.onnx.policy import PreparedPolicy, Scores
from aitrader_core.agents.onnx.reckoning import (
    Windows,
    reckoned,
    standardised,
    together,
    windows,
)
from aitrader_core.domain.market import MarketView, Symbol
from aitrader_core.inference.options import MOST_ROWS

_ROWS = 512  # whose windows are reckoned together: as many as stay in a cache

Session = tuple[date, tuple[Symbol, ...]]


def score_sessions(policy: PreparedPolicy, views: Iterator[MarketView]) -> dict[date, Scores]:
    """Of each session what `policy.scores` says at its open, to the bit; of daily bars.

    Each view is done with before the next one is asked for.
    """
    sessions, pieces = list[Session](), list[NDArray[np.float32]]()
    waiting, rows = list[Windows](), 0
    for view in views:
        found = windows(view)
        sessions.append((view.session, found.symbols))
        waiting.append(found)
        rows += len(found.symbols)
        if rows >= _ROWS:
            pieces += _features(waiting)
            waiting, rows = [], 0
    pieces += _features(waiting)
    answers, start, scores = _answers(policy, pieces), 0, dict[date, Scores]()
    for session, symbols in sessions:
        scores[session] = dict(zip(symbols, answers[start : start + len(symbols)], strict=True))
        start += len(symbols)
    return scores


def _features(found: Sequence[Windows]) -> Iterator[NDArray[np.float32]]:
    """Sessions of as many symbols are compared together."""
    if not found:
        return
    raw, start = reckoned(together(found)), 0
    for width, alike in groupby(len(w.symbols) for w in found):
        rows = raw[start : start + width * len(list(alike))]
        start += len(rows)
        yield standardised(rows.reshape(-1, max(width, 1), raw.shape[1])).reshape(rows.shape)


def _answers(policy: PreparedPolicy, pieces: Sequence[NDArray[np.float32]]) -> list[float]:
    batch = np.concatenate(pieces) if pieces else np.empty((0, 0), np.float32)
    starts = range(0, len(batch), MOST_ROWS)
    return [score for n in starts for score in policy.asked(batch[n : n + MOST_ROWS])]
