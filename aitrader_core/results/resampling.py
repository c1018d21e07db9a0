"""Sessions drawn again in blocks: the stationary bootstrap of Politis and Romano (1994)."""

import hashlib
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

import numpy as np

Vector = np.ndarray[Any, np.dtype[np.float64]]
Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@cache
def arch_bootstrap() -> Any:
    """arch.bootstrap without arch itself, whose volatility models bring statsmodels and cost
    another second and a half at each publication."""
    if "arch" in sys.modules or (spec := find_spec("arch")) is None:
        return import_module("arch.bootstrap")
    sys.modules["arch"] = module_from_spec(spec)
    try:
        return import_module("arch.bootstrap")
    finally:
        del sys.modules["arch"]  # whoever imports it after us gets all of it


def seed_of(sessions: Sequence[date]) -> int:
    """The same sessions are drawn in the same way, whoever traded them and whenever."""
    told = ",".join(map(str, sessions))
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8])


def draws(sessions: Sequence[date], block: float, replications: int) -> Matrix:
    """How often each session was drawn, by replication and session.

    What has to be summed over resampled sessions is a matrix product with these, for any number
    of models.
    """
    count = len(sessions)
    path = arch_bootstrap().StationaryBootstrap(block, np.arange(count), seed=seed_of(sessions))
    drawn = np.empty((replications, count))
    for number, ((indices,), _) in enumerate(path.bootstrap(replications)):
        drawn[number] = np.bincount(indices, minlength=count)
    return drawn


def widening(sessions: int, block: float) -> float:
    """By how much the deviations of a resampled mean are too small, of independent sessions.

    Sessions of one block stay together, so that fewer draws are independent than there are ones.
    """
    return float(np.sqrt(sessions / (sessions - (2 * block - 1))))


def block_length(series: Iterable[Vector]) -> float:
    """The mean of the lengths that are optimal for each of them, each 1 at least."""
    optimal = arch_bootstrap().optimal_block_length
    moving = [each for each in series if each.std() > 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        lengths = [float(optimal(each)["stationary"].iloc[0]) for each in moving]
    known = [max(1.0, length) for length in lengths if np.isfinite(length)]
    return float(np.mean(known)) if known else 1.0
