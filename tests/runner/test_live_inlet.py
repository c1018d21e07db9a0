"""Since when bytes have been there, and how long things took."""

import os
import socket
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.runner.latencies import Latencies
from aitrader_core.runner.live_inlet import AT_ONCE, Inlet


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def test_tells_since_when_the_bytes_of_a_read_may_have_been_there() -> None:
    ours, theirs = os.pipe()
    clock = Clock()
    inlet = Inlet(ours, clock)

    def read_at(now: int) -> tuple[int, int, int]:
        clock.now = now
        data = inlet.read(0)
        assert data is not None
        return len(data), inlet.arrived, inlet.backlog

    assert inlet.read(0) is None
    os.write(theirs, b"a" * 10)
    assert read_at(5) == (10, 0, 0)  # found waiting: it may have come right after we looked
    os.write(theirs, b"b" * 40_000)
    os.write(theirs, b"b" * 25_000)
    assert read_at(7) == (65_000, 5, 0)
    os.write(theirs, b"c" * AT_ONCE)  # the pipe is full
    assert read_at(20) == (AT_ONCE, 7, 0)
    os.close(theirs)
    assert read_at(30)[0] == 0
    os.close(ours)


def test_what_waits_behind_a_read_counts_from_when_it_came() -> None:
    ours, theirs = socket.socketpair()
    clock = Clock()
    with ours, theirs:
        inlet = Inlet(ours.fileno(), clock)
        theirs.sendall(b"a" * 100_000)
        told = []
        for now, more in ((5, 10), (9, 5), (12, 0), (40, 0)):
            clock.now = now
            data = inlet.read(0)
            told.append((data and len(data), inlet.arrived, inlet.backlog))
            theirs.sendall(b"b" * more)
    rest = 100_000 - AT_ONCE
    assert told == [(AT_ONCE, 0, rest), (rest + 10, 0, 0), (5, 9, 0), (None, 9, 0)]
    assert (inlet.size, inlet.largest_backlog) == (100_015, rest)


@given(st.lists(st.integers(0, 10**12), min_size=1), st.sampled_from((0.5, 0.9, 0.99, 1.0)))
def test_quantiles_are_those_of_the_times_to_a_64th(times: list[int], part: float) -> None:
    measured = Latencies()
    for ns in times:
        measured.add(ns)
    exact = sorted(times)[ceil(part * len(times)) - 1]
    told = measured.quantile(part)
    assert told is not None
    assert exact <= told <= exact + exact / 64
    assert (measured.count, measured.longest) == (len(times), max(times))


def test_nothing_measured_has_no_quantile() -> None:
    assert Latencies().quantile(0.5) is None
