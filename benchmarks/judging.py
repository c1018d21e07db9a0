"""What it takes to judge a leaderboard: intervals, superiority, and all pairs of its models."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from time import perf_counter

import numpy as np

from aitrader_core.results.judging import judge
from aitrader_core.results.standings import Point
from benchmarks.line import Line, duration

NAME = "judging"
AIM, LOADING_AIM = 10, 3
LOAD = "import matplotlib.figure, time; began = time.perf_counter(); import aitrader_core.results.\
resampling as r, empyrical; r.arch_bootstrap(); print(time.perf_counter() - began)"


def run(*, quick: bool) -> list[Line]:
    """Boards of models that make the same of a market, each with luck of its own."""
    repeats = 1 if quick else 3
    judge(curves(2, 30), "model0")  # the libraries are loaded
    sizes = ((7, 186), (20, 250)) if quick else ((7, 186), (100, 2520))
    lines = []
    for models, sessions in sizes:
        board, seconds = curves(models, sessions), []
        for _ in range(repeats):
            began = perf_counter()
            judge(board, "model0")
            seconds.append(perf_counter() - began)
        what = f"a leaderboard of {models} models x {sessions:,} sessions"
        lines.append(duration(NAME, what, seconds, aim=AIM))
    loaded = [float(_said(sys.executable, "-c", LOAD)) for _ in range(repeats)]
    what = "the libraries, once in a process that has matplotlib"
    return [*lines, duration(NAME, what, loaded, aim=LOADING_AIM)]


def curves(models: int, sessions: int) -> Mapping[str, Sequence[Point]]:
    draw = np.random.default_rng(1)
    market = draw.normal(0.0003, 0.01, sessions)
    return {f"model{n}": _curve(market + draw.normal(0, 0.005, sessions)) for n in range(models)}


def _curve(returns: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[Point]:
    """Only what is judged of a session is told."""
    some, days = Decimal(100), (date(2000, 1, 3) + timedelta(n) for n in range(len(returns)))
    told = zip(days, returns.tolist(), strict=True)
    return [Point(d, some, some, some, some, r, r, 0.0, 0, 0, some) for d, r in told]


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
