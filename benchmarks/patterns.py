"""Patterns on ticks: the compiled kernel in chunks and tick by tick, against plain Python.

Random walks of 50 symbols, two ticks in five are trades. No score reaches the threshold, so that
every tick is judged and none is told; signals and how many they are would be another benchmark.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter_ns

import numpy as np

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.signals import Signal
from aitrader_core.patterns.engine import Engine
from aitrader_core.patterns.oracle import Oracle
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.simulation.ticks import NEVER, QUOTE, TRADE, Tick, Ticks, no_watch
from benchmarks.line import Line
from benchmarks.timing import Contestant, take_turns

NAME = "patterns"
AIM, CALL_AIM, PEER_AIM = 40, 700, 20  # ns a tick, ns a call, times as fast as plain Python
SYMBOLS = tuple(Symbol(f"S{n}") for n in range(50))
TOLD = PatternParameters(threshold=1.0, warmup=20)
CHUNK = 250_000  # ticks, of those that memory is measured with
START = """
import time; began = time.perf_counter()
from benchmarks.patterns import TOLD, Engine, chunk
imported = time.perf_counter()
ticks = chunk(100); made = time.perf_counter()
Engine(TOLD, ticks.symbols).run(ticks)
print(time.perf_counter() - made + imported - began)
"""


def run(*, quick: bool) -> list[Line]:
    """Batches are short, so that no other process takes the processor in the midst of all."""
    count, repeats = 100_000, 20 if quick else 100
    ticks = chunk(count)
    some = list(ticks[: count // 5])
    telling = replace(TOLD, threshold=0.3, cooldown=10.0)
    timed = take_turns(
        {
            "run": Contestant(lambda: _run(TOLD, ticks), repeats),
            "advance": Contestant(lambda: _advance(ticks), repeats),
            "telling": Contestant(lambda: _run(telling, ticks), repeats),
            "plain Python": Contestant(lambda: _plainly(some), 3),
        }
    )
    own = timed["run"].seconds
    lines = [
        _line("run, a chunk of 100,000 ticks", own, count, aim=AIM),
        _line("advance, nothing to stop at", timed["advance"].seconds, count, aim=AIM),
    ]
    told = timed["telling"]
    note = f"{len(told.results[0]):,} signals"
    lines.append(_line("run, with a cooldown of 10 s", told.seconds, count, note=note))
    plain = timed["plain Python"].seconds
    ratio = min(plain) / len(some) / (min(own) / count)
    lines.append(replace(_line("plain Python", plain, len(some)), ratio=ratio))
    return [
        *lines,
        *_calls(some[: count // 20], repeats),
        *_memory(quick=quick),
        _started(1 if quick else 3),
    ]


def chunk(count: int, *, seed: int = 1, begin: int = 0) -> Ticks:
    draw = np.random.default_rng(seed)
    of = draw.integers(0, len(SYMBOLS), count).astype(np.int32)
    price = np.round(100 * np.exp(np.cumsum(draw.normal(0, 2e-5, count)) + 0.01 * of), 2)
    kind = np.where(draw.random(count) < 0.4, TRADE, QUOTE).astype(np.uint8)
    traded = kind == TRADE
    volume = np.where(traded, draw.integers(1, 1000, count), 0).astype(float)
    sizes = [draw.integers(1, 500, count).astype(float) for _ in range(2)]
    received = (begin + np.arange(count)) * 1_000_000
    bid, ask, of_exchange = price - 0.01, price + 0.01, np.zeros(count, np.int64)
    price = np.where(traded, price, np.nan)
    book = (bid, sizes[0], ask, sizes[1])
    side = np.where(traded, draw.choice((-1, 1), count), 0).astype(np.int8)
    return Ticks(SYMBOLS, received, of_exchange, of, kind, price, volume, *book, side)


def _run(told: PatternParameters, ticks: Ticks) -> Callable[[], list[Signal]]:
    engine = Engine(told, ticks.symbols)
    return lambda: engine.run(ticks)


def _advance(ticks: Ticks) -> Callable[[], list[Signal]]:
    engine, watch = Engine(TOLD, ticks.symbols), no_watch(len(ticks.symbols))

    def advance() -> list[Signal]:
        step = engine.advance(ticks, 0, NEVER, watch)
        assert step.next == len(ticks)
        return []

    return advance


def _plainly(ticks: list[Tick]) -> Callable[[], list[Signal]]:
    oracle = Oracle(TOLD, SYMBOLS)
    return lambda: [signal for tick in ticks if (signal := oracle.on_tick(tick))]


def _line(
    what: str, seconds: list[float], count: int, *, aim: float | None = None, note: str = ""
) -> Line:
    each = [second / count * 1e9 for second in seconds]
    return Line(NAME, what, min(each), median(each), "ns/tick", len(each), None, aim, note)


def _calls(ticks: list[Tick], repeats: int) -> Iterator[Line]:
    """Each call is timed for itself, less what it takes to time nothing."""
    engine, percentiles = Engine(TOLD, SYMBOLS), []
    for _ in range(repeats):
        taken = np.empty(len(ticks), np.int64)
        for n, tick in enumerate(ticks):
            began = perf_counter_ns()
            engine.on_tick(tick)
            taken[n] = perf_counter_ns() - began
        percentiles.append(np.percentile(taken, (50, 99)))
    idle = -median(perf_counter_ns() - perf_counter_ns() for _ in range(1000))
    for name, values in zip(("p50", "p99"), np.transpose(percentiles) - idle, strict=True):
        aim = CALL_AIM if name == "p50" else None
        best, middle = float(min(values)), float(median(values))
        yield Line(NAME, f"on_tick, {name}", best, middle, "ns", repeats, None, aim)


def _memory(*, quick: bool) -> Iterator[Line]:
    """What the process has grown by at most, once the first chunks have gone through."""
    settling, measured = 40, 20 if quick else 200  # chunks
    engine, before, most = Engine(TOLD, SYMBOLS), 0.0, 0.0
    for number in range(settling + measured):
        engine.run(chunk(CHUNK, seed=number, begin=number * CHUNK))
        if number < settling:
            before = _resident()
        most = max(most, _resident() - before)
    what = f"memory over {measured * CHUNK // 1_000_000} million ticks, most growth"
    yield Line(NAME, what, most, most, "MB", 1, None, 10)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def _started(repeats: int) -> Line:
    """Compiled code comes from numba's cache: the first of all starts is not among them."""
    said = [
        float(subprocess.run([sys.executable, "-c", START], capture_output=True, check=True).stdout)
        for _ in range(repeats)
    ]
    what = "a new process until its first chunk is through"
    return Line(NAME, what, min(said), median(said), "s", repeats, None, 3)
