"""Each pattern against its definition, reckoned from the whole history at once."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from aitrader_core.domain.signals import Signal
from aitrader_core.patterns.engine import Engine
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.simulation.ticks import Tick
from tests.patterns.streams import MS, SYMBOLS, quote, ticks_of, trade, walk

# Each tick gives a signal, whose features tell all: there is always more to buy than to sell.
TELLING = PatternParameters(
    fast=3,
    slow=8,
    volume_span=5,
    volatility_span=10,
    bar=1,
    rsi_period=5,
    atr_period=4,
    weights={"imbalance": 1.0},
    threshold=0.001,
    cooldown=0,
    warmup=1,
)


def told_by(ticks: Sequence[Tick], parameters: PatternParameters = TELLING) -> list[Signal]:
    signals = Engine(parameters, SYMBOLS).run(ticks_of(ticks))
    assert len(signals) == len(ticks) - parameters.warmup + 1
    return signals


def trades(prices: Sequence[float], volumes: Sequence[float] | None = None) -> list[Tick]:
    told = zip(prices, volumes or [1.0] * len(prices), strict=True)
    return [trade(n * MS, price, volume) for n, (price, volume) in enumerate(told)]


@pytest.fixture
def prices() -> list[float]:
    draw = Random(7)
    return [round(100 + draw.gauss(0, 0.5), 2) for _ in range(200)]


def wilder(values: Sequence[float], period: int) -> float:
    """The mean of the first ones, then each takes a part of the place of the older ones."""
    average = float(np.mean(values[:period]))
    for value in values[period:]:
        average = (average * (period - 1) + value) / period
    return average


def test_rsi_is_wilders(prices: list[float]) -> None:
    signals = told_by(trades(prices))
    assert signals[0].features["rsi"] == 50.0
    for number, signal in enumerate(signals[1:], 1):
        moves = np.diff(prices[: number + 1])
        gain, loss = (wilder(list(np.maximum(m, 0)), 5) for m in (moves, -moves))
        expected = 100 - 100 / (1 + gain / loss) if loss else 100.0
        assert signal.features["rsi"] == pytest.approx(expected)


def test_rsi_falls_in_a_crash() -> None:
    rises = [100 + n * 0.1 for n in range(50)]
    crash = [rises[-1] - n * 0.5 for n in range(1, 30)]
    rsi = [s.features["rsi"] for s in told_by(trades(rises + crash))]
    assert rsi[49] == 100.0
    assert rsi[49:] == sorted(rsi[49:], reverse=True)
    assert rsi[-1] < 5


def test_rsi_and_atr_are_told_of_bars_of_trades(prices: list[float]) -> None:
    of_ten = replace(TELLING, bar=10, warmup=10)
    signals = told_by(trades(prices), of_ten)
    bars = np.reshape(prices, (20, 10))
    closes = told_by(trades(list(bars[:, -1])))
    assert signals[-1].features["rsi"] == closes[-1].features["rsi"]
    ranges = [bars[0].max() - bars[0].min()]
    for before, bar in pairwise(bars):
        high, low, close = bar.max(), bar.min(), before[-1]
        ranges.append(max(high - low, abs(high - close), abs(low - close)))
    assert signals[-1].atr == pytest.approx(wilder(ranges, 4))


def test_vwap_is_money_over_volume(prices: list[float]) -> None:
    draw = Random(8)
    volumes = [float(draw.randint(1, 99)) for _ in prices]
    told = [s.features["vwap"] for s in told_by(trades(prices, volumes))]
    expected = np.cumsum(np.array(prices) * volumes) / np.cumsum(volumes)
    np.testing.assert_allclose(told, expected, rtol=1e-12)


def test_price_above_vwap_says_sell(prices: list[float]) -> None:
    for signal in told_by(trades(prices))[2:]:
        apart = signal.features["vwap"] - signal.price
        assert np.sign(signal.features["vwap_reversion"]) == np.sign(apart)


def test_trend_is_the_distance_of_the_averages_in_usual_moves(prices: list[float]) -> None:
    fast = slow = prices[0]
    for price in prices[1:]:
        fast, slow = fast + (price - fast) / 2, slow + (price - slow) * 2 / 9
    moves = np.diff(prices) / prices[:-1]
    variance = float(np.mean(moves[:5] ** 2))  # until a move weighs less than 2 / (10 + 1)
    for move in moves[5:]:
        variance += 2 / 11 * (move * move - variance)
    distance = (fast - slow) / (prices[-1] * np.sqrt(variance))
    assert abs(distance) < 5
    assert told_by(trades(prices))[-1].features["trend"] == pytest.approx(distance / 5)


def test_a_crossover_is_told_at_once_and_fades() -> None:
    falls, rises = [100.0 - n for n in range(10)], [92.0 + 3 * n for n in range(9)]
    told = [s.features["crossover"] for s in told_by(trades(falls + rises))]
    assert told[:10] == [0.0] * 10
    at = next(n for n, value in enumerate(told) if value)
    assert told[at : at + 5] == pytest.approx([1, 2 / 3, 1 / 3, 0, 0])
    assert all(value == 0 for value in told[at + 5 :])


def test_volume_spikes_with_the_side_that_took() -> None:
    calm = [trade(n, 100.0 + n % 2, 10.0) for n in range(20)]
    buyers, sellers = (trade(20, 100.0, 30.0, side=side) for side in (1, -1))
    by_the_tick_rule = trade(20, 100.0, 30.0)  # below the 101 before
    told = [
        told_by([*calm, last])[-1].features["volume_spike"]
        for last in (buyers, sellers, by_the_tick_rule, trade(20, 100.0, 5.0, side=1))
    ]
    assert told == pytest.approx([0.5, -0.5, -0.5, 0.0])


def test_imbalance_is_of_the_best_bid_and_ask() -> None:
    told = [trade(0, 100.0), quote(1, 3.0, 1.0), quote(2, 30.0, 10.0), quote(3, 5.0, 0.0)]
    assert [s.score for s in told_by(told)] == pytest.approx([1 / 3, 0.5, 0.5, 1.0])
    mirrored = [quote(1, 1.0, 3.0), quote(2, 0.0, 0.0), quote(3, 5.0, 0.0)._replace(ask=np.nan)]
    signals = Engine(TELLING, SYMBOLS).run(ticks_of([trade(0, 100.0), *mirrored]))
    assert [s.score for s in signals] == pytest.approx([1 / 3, -0.5])


def test_quotes_change_nothing_but_the_imbalance(prices: list[float]) -> None:
    alone = trades(prices)
    between = [
        tick
        for n, one in enumerate(alone)
        for tick in (one, quote(n * MS, 3.0, 1.0), quote(n * MS, 2.0, 1.0))
    ]
    quoted = Engine(TELLING, SYMBOLS).run(ticks_of(between))[2::3]
    for spared, one in zip(told_by(alone), quoted, strict=True):
        assert {**one.features, "imbalance": 0} == {**spared.features, "imbalance": 0}


BREAKOUT = replace(TELLING, weights={"breakout": 1.0}, threshold=0.9, breakout=5.0, warmup=30)


def test_a_breakout_is_relative_to_relative_moves() -> None:
    """The same moves at any price: a relative move is not held against an absolute deviation."""
    steps = [0.001 * (-1) ** n for n in range(60)] + [0.004, 0.006, -0.02]
    prices = list(100 * np.cumprod([1 + step for step in steps]))
    found = []
    for scale in (1.0, 1024.0, 1000.0, 0.001):
        scaled = trades([price * scale for price in prices])
        found.append(Engine(BREAKOUT, SYMBOLS).run(ticks_of(scaled)))
    assert [(s.at, np.sign(s.score)) for s in found[0]] == [(62 * MS, -1)]
    assert [s.score for s in found[1]] == [s.score for s in found[0]]  # to the bit
    for signals in found[2:]:
        assert [s.at for s in signals] == [s.at for s in found[0]]
        assert [s.score for s in signals] == pytest.approx([s.score for s in found[0]], rel=1e-9)


def test_scores_do_not_depend_on_the_unit_of_prices() -> None:
    ticks = walk(5_000)
    prices = ("price", "bid", "ask")
    scaled = replace(ticks, **{name: getattr(ticks, name) * 1024 for name in prices})
    told = PatternParameters(threshold=0.3, cooldown=0)
    found, same = (Engine(told, ticks.symbols).run(t) for t in (ticks, scaled))
    assert [(s.at, s.score) for s in found] == [(s.at, s.score) for s in same] != []
    assert [s.atr * 1024 for s in found] == [s.atr for s in same]


def test_a_still_market_says_nothing() -> None:
    """Averages fade to 0, not to numbers that are too small to divide by."""
    still = trades([100.0, 101.0, *[101.0] * 20_000])
    last = told_by(still)[-1]
    assert last.atr == last.features["trend"] == last.features["breakout"] == 0.0
    assert last.features["rsi"] == 50.0
    told = [
        s.features for s in Engine(TELLING, SYMBOLS).run(ticks_of([*still, trade(9**12, 99.0)]))
    ]
    assert all(-1 <= value <= 1 for name, value in told[-1].items() if name not in ("rsi", "vwap"))


# Composite: warm-up, threshold, cooldown


def test_no_signal_before_the_symbol_is_warm() -> None:
    told = replace(TELLING, warmup=3)
    ticks = [
        trade(0, 100.0, symbol=1),
        *[quote(n, 2.0, 1.0) for n in range(1, 50)],
        trade(50, 100.0),
        trade(51, 100.0),
        trade(52, 100.0, symbol=1),
        trade(53, 100.0),
    ]
    assert [s.at for s in Engine(told, SYMBOLS).run(ticks_of(ticks))] == [53]


def test_the_threshold_itself_is_enough_for_either_side() -> None:
    ticks = [trade(0, 100.0, sizes=(0, 0)), *[quote(1 + n, 2.0 + n, 6.0 - n) for n in range(5)]]
    for threshold, expected in ((0.5, [1, 5]), (0.5000001, []), (0.25, [1, 2, 4, 5])):
        told = replace(TELLING, threshold=threshold)
        assert [s.at for s in Engine(told, SYMBOLS).run(ticks_of(ticks))] == expected


def test_each_symbol_cools_down_for_itself_by_the_streams_clock() -> None:
    told = replace(TELLING, cooldown=0.01)
    at = [0, 5, 9, 10, 19, 20, 31]  # ms
    ticks = [trade(ms * MS, 100.0, symbol=symbol) for ms in at for symbol in (0, 1)]
    signals = Engine(told, SYMBOLS).run(ticks_of(ticks))
    assert [s.at // MS for s in signals] == [0, 0, 10, 10, 20, 20, 31, 31]
    assert [s.symbol for s in signals] == list(SYMBOLS) * 4
    short = [trade(10 * MS - 1, 100.0), trade(10 * MS, 100.0)]
    found = Engine(told, SYMBOLS).run(ticks_of([trade(0, 100.0), *short]))
    assert [s.at for s in found] == [0, 10 * MS]


def test_weights_add_up_within_bounds_and_turn_around() -> None:
    ticks = [trade(0, 100.0, sizes=(3.0, 1.0))]
    for weight, expected in ((0.5, 0.25), (-1.0, -0.5), (100.0, 1.0), (-100.0, -1.0)):
        told = replace(TELLING, weights={"imbalance": weight, "trend": 1.0})
        assert [s.score for s in Engine(told, SYMBOLS).run(ticks_of(ticks))] == [expected]
