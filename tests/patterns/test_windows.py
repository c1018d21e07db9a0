"""What a network is shown: the last trades of a symbol, the same whoever asks for them, and how."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aitrader_core.domain.errors import InputError
from aitrader_core.patterns.windows import LENGTH, Windows, normalised
from aitrader_core.simulation.ticks import TRADE, Tick, Ticks, is_possible
from tests.patterns.streams import trade, walk

COUNT = 600
PRICES = arrays(np.float64, (5, LENGTH), elements=st.floats(1e-18, 1e18))


@cache
def stream() -> tuple[Ticks, list[Tick]]:
    """Enough of impossible values that each window would see one more, were it none."""
    ticks = walk(COUNT, seed=3)
    draw = np.random.default_rng(3)
    for column in (ticks.price, ticks.volume, ticks.bid, ticks.ask_size):
        column[draw.random(COUNT) < 0.05] = -1.0
    ticks.kind[draw.random(COUNT) < 0.02] = 3
    return ticks, list(ticks)


def told(windows: Windows) -> list[bytes | None]:
    found = [windows.window(symbol) for symbol in (0, 1)]
    return [None if window is None else window.tobytes() for window in found]


def expected(ticks: list[Tick]) -> list[bytes | None]:
    trades = [tick for tick in ticks if tick.kind == TRADE and is_possible(tick)]
    last = [[tick.price for tick in trades if tick.symbol == symbol] for symbol in (0, 1)]
    return [np.array(p[-LENGTH:]).tobytes() if len(p) >= LENGTH else None for p in last]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, COUNT), max_size=8).map(sorted), st.data())
def test_in_any_spans_chunks_and_single_ticks_they_are_the_last_trades(
    cuts: list[int], data: st.DataObject
) -> None:
    ticks, one_by_one = stream()
    windows = Windows(ticks.symbols)
    for start, stop in pairwise((0, *cuts)):
        match data.draw(st.sampled_from(["span", "chunk", "ticks"])):
            case "span":
                windows.follow(ticks, start, stop)
            case "chunk":
                windows.follow(ticks[start:stop], 0, stop - start)
            case "ticks":
                for tick in one_by_one[start:stop]:
                    windows.on_tick(tick)
        assert told(windows) == expected(one_by_one[:stop])


def test_the_stream_has_windows_and_trades_that_are_none() -> None:
    _, ticks = stream()
    assert None not in expected(ticks)
    assert expected(ticks[:40]) == [None, None]
    assert sum(t.kind == TRADE and not is_possible(t) for t in ticks) > COUNT // 40


def test_a_window_stands_when_others_come_after_it() -> None:
    windows = Windows(stream()[0].symbols)
    for price in range(1, LENGTH + 1):
        assert windows.window(0) is None
        windows.on_tick(trade(0, float(price)))
    before = windows.window(0)
    assert before is not None
    windows.on_tick(trade(0, 99.0))
    assert before.tolist() == list(range(1, LENGTH + 1))
    with pytest.raises(InputError, match="a tick is of symbol 2, there are 2"):
        windows.on_tick(trade(0, 1.0, symbol=2))


@settings(max_examples=60, deadline=None)
@given(PRICES)
def test_every_window_is_told_in_finite_numbers_the_same_alone_or_among_others(
    prices: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    among = normalised(prices)
    assert among.dtype == np.float32
    assert np.abs(among).max() <= 8
    assert np.isfinite(among).all()
    for row, alone in zip(among, prices, strict=True):
        assert normalised(alone).tobytes() == row.tobytes()
    turned = np.asfortranarray(prices)
    assert normalised(turned[::-1]).tobytes() == among[::-1].tobytes()


def test_it_tells_moves_in_volatilities_whatever_the_price() -> None:
    steps = np.array([1, 1, -1, 1, 1, -1, -1, *[1, -1] * 12])
    path = np.concatenate([[0], np.cumsum(steps)])  # log returns of one size: volatility 1
    for price, move in ((60_000.0, 1e-4), (0.5, 0.01)):
        found = normalised(price * np.exp(move * path))
        assert np.allclose(found, path - path[-1], atol=1e-4)
    still = normalised(np.full(LENGTH, 7.0))
    assert still.tolist() == [0.0] * LENGTH
    jump = normalised(np.array([1.0] * (LENGTH - 1) + [2.0]))
    assert jump.tolist() == pytest.approx([-np.sqrt(31)] * (LENGTH - 1) + [0])
    rise = normalised(np.exp(np.arange(LENGTH) / 100))
    assert rise.tolist() == pytest.approx([max(n - 31, -8) for n in range(LENGTH)], abs=1e-4)
    with pytest.raises(InputError, match=r"a window is of 32 prices, not \(31,\)"):
        normalised(np.ones(31))
