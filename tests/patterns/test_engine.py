"""One stream, many ways to feed it: all give the same signals, bit for bit."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrader_core.domain.errors import InputError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.signals import Signal
from aitrader_core.patterns.engine import Engine
from aitrader_core.patterns.oracle import Oracle
from aitrader_core.patterns.parameters import PATTERNS, PatternParameters
from aitrader_core.simulation.ticks import (
    NEVER,
    WATCH_ANY,
    WATCH_ASK_LOW,
    WATCH_BID_HIGH,
    WATCH_TRADE_HIGH,
    WATCH_TRADE_LOW,
    Tick,
    Ticks,
    no_watch,
)
from tests.patterns.streams import MS, STREAMS, SYMBOLS, quote, ticks_of, trade, walk

EAGER = PatternParameters(
    fast=2, slow=4, bar=2, warmup=2, threshold=0.2, cooldown=0.05, breakout=1.0, trend=1.0
)
CALM = PatternParameters(threshold=0.3, cooldown=0.05)


def one_by_one(engine: Engine | Oracle, ticks: Sequence[Tick]) -> list[Signal]:
    return [signal for tick in ticks if (signal := engine.on_tick(tick))]


def bits(signals: Sequence[Signal]) -> list[tuple[object, ...]]:
    """Apart from each other also where == is not: -0.0 and NaN."""
    return [
        (
            *(s.number, s.symbol, s.at, list(s.features)),
            *(v.hex() for v in (s.price, s.score, s.atr, *s.features.values())),
        )
        for s in signals
    ]


@settings(max_examples=100, deadline=None)
@given(STREAMS, st.lists(st.integers(0, 60), max_size=3))
def test_every_way_gives_the_same_signals(told: list[Tick], cuts: list[int]) -> None:
    """Also with NaN, infinite, negative and absurd values, which never become a signal."""
    ticks, oracle = ticks_of(told), Oracle(EAGER, SYMBOLS)
    signals = one_by_one(oracle, told)
    for s in signals:
        assert np.isfinite((s.price, s.score, s.atr, *s.features.values())).all()
    expected = bits(signals)
    engine, resumed = Engine(EAGER, SYMBOLS), Engine(EAGER, SYMBOLS)
    assert bits(one_by_one(engine, told)) == bits(Engine(EAGER, SYMBOLS).run(ticks)) == expected
    assert [engine.skipped(n) for n in range(2)] == [w.skipped for w in oracle.watchers]
    chunked = Engine(EAGER, SYMBOLS)
    by_chunk, by_resuming = [], []
    edges = sorted({0, len(told), *(cut for cut in cuts if cut < len(told))})
    for begin, end in pairwise(edges):
        by_chunk += chunked.run(ticks[begin:end])
        resumed = Engine.resume(EAGER, SYMBOLS, resumed.save())
        by_resuming += resumed.run(ticks[begin:end])
    assert bits(by_chunk) == bits(by_resuming) == expected
    assert resumed.save() == chunked.save()


def test_a_long_stream_gives_the_same_signals_by_every_way() -> None:
    ticks = walk(20_000)
    found = bits(Engine(CALM, ticks.symbols).run(ticks))
    assert len(found) > 300
    assert found == bits(one_by_one(Oracle(CALM, ticks.symbols), list(ticks)))
    assert found == bits(one_by_one(Engine(CALM, ticks.symbols), list(ticks)))
    assert found == bits(Engine(CALM, ticks.symbols).run(ticks))
    assert found == bits(_by_advancing(Engine(CALM, ticks.symbols), ticks))
    half = bits(Engine(CALM, ticks.symbols).run(ticks[:10_000]))
    assert half == found[: len(half)]


def _by_advancing(engine: Engine, ticks: Ticks) -> list[Signal]:
    signals, start = [], 0
    while start < len(ticks):
        step = engine.advance(ticks, start, NEVER, no_watch(len(ticks.symbols)))
        signals += [step.signal] if step.signal else []
        start = step.next
    return signals


def test_what_comes_later_changes_nothing() -> None:
    ticks = walk(4_000)
    scrambled = walk(4_000, seed=2)
    columns = [
        np.concatenate((a[:3_000], b[3_000:]))
        for a, b in zip(ticks.columns, scrambled.columns, strict=True)
    ]
    before = int(ticks.received[2_999])
    columns[0][3_000:] += before + 1
    other = Ticks(ticks.symbols, *columns)
    found, also = (
        [s for s in Engine(CALM, ticks.symbols).run(t) if s.at <= before] for t in (ticks, other)
    )
    assert found == also != []


def test_a_chunk_with_more_signals_than_fit_at_once_loses_none() -> None:
    told = [quote(n, 9.0, 1.0) for n in range(5_000)]
    eager = replace(EAGER, weights={"imbalance": 1.0}, warmup=2, cooldown=0)
    signals = Engine(eager, SYMBOLS).run(ticks_of([trade(0, 100.0), trade(0, 100.0), *told]))
    assert [s.number for s in signals] == list(range(1, 5_002))


def test_names_of_signals_go_on_after_a_restart_even_within_a_second() -> None:
    told = [trade(n, 100.0 + n % 3) for n in range(60)]
    eager = replace(EAGER, weights={"imbalance": 1.0}, cooldown=0)
    engine = Engine(eager, SYMBOLS)
    first = engine.run(ticks_of(told[:30]))
    second = Engine.resume(eager, SYMBOLS, engine.save()).run(ticks_of(told[30:]))
    numbers = [s.number for s in (*first, *second)]
    assert numbers == list(range(1, 60))


@pytest.mark.parametrize(
    "wrong",
    [
        trade(5, nan),
        trade(5, 0.0),
        trade(5, -1.0),
        trade(5, 1e300),
        trade(5, 100.0, nan),
        trade(5, 100.0, 0.0),
        trade(5, 100.0, sizes=(-1.0, 1.0)),
        quote(5, nan, 1.0),
        quote(5, 1.0, -1.0),
        quote(5, 1.0, float("inf")),
        quote(5, 1.0, 1.0)._replace(kind=3),
        quote(5, 1.0, 1.0)._replace(bid=-1.0),
    ],
)
def test_an_impossible_tick_is_counted_and_forgotten(wrong: Tick) -> None:
    told = [trade(n, 100.0 + n % 3) for n in range(10)]
    engine, spared = Engine(EAGER, SYMBOLS), Engine(EAGER, SYMBOLS)
    found = one_by_one(engine, [*told[:5], wrong, *told[5:]])
    assert found == one_by_one(spared, told)
    assert (engine.skipped(0), spared.skipped(0), engine.skipped(1)) == (1, 0, 0)


def test_last_prices() -> None:
    engine = Engine(EAGER, SYMBOLS)
    assert isnan(engine.last_price(0))
    assert isnan(engine.last_bid(0))
    engine.on_tick(trade(1, 50.0))
    engine.on_tick(quote(2, 1.0, 2.0))
    assert (engine.last_price(0), engine.last_bid(0), engine.last_ask(0)) == (50.0, 99.99, 100.01)
    assert isnan(engine.last_price(1))


# Where an advance stops


def test_it_wakes_before_the_first_tick_that_is_due() -> None:
    ticks = ticks_of([trade(n * MS, 100.0) for n in range(10)])
    engine, watch = Engine(CALM, SYMBOLS), no_watch(2)
    assert engine.advance(ticks, 0, 4 * MS, watch).next == 4
    assert engine.advance(ticks, 4, 4 * MS, watch).next == 4
    assert engine.advance(ticks, 4, 4 * MS + 1, watch).next == 5
    assert engine.advance(ticks, 5, NEVER, watch).next == 10


@pytest.mark.parametrize(
    ("column", "level", "stops_at"),
    [
        (WATCH_ANY, 1.0, 1),
        (WATCH_TRADE_LOW, 97.0, 3),
        (WATCH_TRADE_HIGH, 101.0, 5),
        (WATCH_ASK_LOW, 100.01, 2),
        (WATCH_BID_HIGH, 100.99, 5),
        (WATCH_TRADE_LOW, 96.9, None),
    ],
)
def test_it_stops_after_the_tick_that_is_watched(
    column: int, level: float, stops_at: int | None
) -> None:
    others = trade(0, 1.0, symbol=0)
    told = [
        others,
        trade(1, 100.5, symbol=1),
        quote(2, 1.0, 1.0, symbol=1),
        trade(3, 97.0, symbol=1),
        others._replace(received=4),
        trade(5, 101.0, symbol=1),
    ]
    watch = no_watch(2)
    watch[1, column] = level
    step = Engine(CALM, SYMBOLS).advance(ticks_of(told), 0, NEVER, watch)
    assert (step.next, step.watched) == ((stops_at or 5) + 1, stops_at is not None)


def test_nobody_is_asked_about_what_is_unknown_or_impossible() -> None:
    told = [
        quote(0, 1.0, 1.0)._replace(bid=nan, ask=nan),
        quote(1, 0.0, 0.0)._replace(price=1.0),  # a quote has no price to trade at
        trade(2, -5.0),
        trade(3, 5.0, -1.0),
    ]
    watch = no_watch(2)
    watch[0] = [0, 99.0, 99.0, 99.0, 100.5, 100.5, 100.5]
    step = Engine(CALM, SYMBOLS).advance(ticks_of(told), 0, NEVER, watch)
    assert (step.next, step.watched) == (4, False)


def test_a_watched_tick_may_bring_a_signal_too() -> None:
    eager = replace(EAGER, weights={"imbalance": 1.0})
    ticks = ticks_of([trade(n * MS, 100.0) for n in range(4)])
    watch = no_watch(2)
    watch[0, WATCH_TRADE_LOW] = 100.0
    engine = Engine(eager, SYMBOLS)
    steps = [engine.advance(ticks, n, NEVER, watch) for n in range(2)]
    assert [(s.next, s.watched, s.signal is not None) for s in steps] == [
        (1, True, False),
        (2, True, True),
    ]


# What it is fed with


def test_columns_of_any_layout_are_read() -> None:
    told = [trade(n * MS, 100.0 + n % 7, symbol=n % 2) for n in range(300)]
    ticks = ticks_of(told)
    expected = Engine(EAGER, SYMBOLS).run(ticks)
    strided = Ticks(SYMBOLS, *(np.repeat(c, 2)[::2] for c in ticks.columns))
    frozen = ticks[:]
    for column in frozen.columns:
        column.flags.writeable = False
    narrow = Ticks(SYMBOLS, *(c.astype(">f8") if c.dtype == "f8" else c for c in ticks.columns))
    for other in (strided, frozen, narrow):
        assert Engine(EAGER, SYMBOLS).run(other) == expected != []


def test_ticks_of_others_are_refused() -> None:
    engine = Engine(EAGER, SYMBOLS)
    for other, says in (
        (ticks_of([trade(0, 1.0)], (Symbol("DOGE"), Symbol("ETH"))), "for an engine of"),
        (ticks_of([trade(0, 1.0, symbol=2)]), "among the 2"),
        (replace(ticks_of([trade(0, 1.0)]), price=np.zeros(2)), "differ in length"),
    ):
        with pytest.raises(InputError, match=says):
            engine.run(other)
    for symbol in (-1, 2):
        with pytest.raises(InputError, match=f"of symbol {symbol}, there are 2"):
            engine.on_tick(trade(0, 1.0, symbol=symbol))
    with pytest.raises(InputError, match="a watch is"):
        engine.advance(ticks_of([]), 0, NEVER, no_watch(3))
    assert engine.save() == Engine(EAGER, SYMBOLS).save()


def test_features_tell_what_each_pattern_said() -> None:
    eager = replace(EAGER, weights={"imbalance": 1.0}, cooldown=0)
    signals = Engine(eager, SYMBOLS).run(ticks_of([trade(n, 100.0 + n % 3) for n in range(9)]))
    assert list(signals[-1].features) == [*PATTERNS, "rsi", "vwap"]
    assert signals[-1].score == signals[-1].features["imbalance"] == pytest.approx(1 / 3)
