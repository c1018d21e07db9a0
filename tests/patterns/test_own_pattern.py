"""A pattern of one's own: one small function."""

# ruff: noqa: ARG001 - every pattern is asked in the same way

from collections.abc import Iterator
from math import nan
from typing import Any, cast

import pytest

from aitrader_core.domain.errors import InputError
from aitrader_core.patterns.engine import Engine
from aitrader_core.patterns.kernel import _compiled_for, kernel_for
from aitrader_core.patterns.parameters import PATTERNS, PatternParameters
from aitrader_core.patterns.records import Row, Terms
from aitrader_core.patterns.standard import pattern, registered
from aitrader_core.simulation.ticks import TRADE, Tick
from tests.patterns.streams import SYMBOLS, ticks_of, trade


@pytest.fixture
def own() -> Iterator[None]:
    @pattern("the last move turned around, 1 at 4 volatilities")
    def reversal(row: Row, tick: Tick, terms: Terms) -> float:
        return -row.surprise / 4.0 if tick.kind == TRADE else 0.0

    @pattern("nothing that can be reckoned with")
    def broken(row: Row, tick: Tick, terms: Terms) -> float:
        return nan

    yield
    for name in ("reversal", "broken"):
        del PATTERNS[name], registered[name]


@pytest.mark.usefixtures("own")
def test_it_is_weighed_like_any_other() -> None:
    weights = {"reversal": 1.0, "broken": 1.0}
    told = PatternParameters(weights=weights, bar=1, warmup=10, threshold=0.5, cooldown=0)
    moves = [100.0 + 0.01 * (-1) ** n for n in range(30)]
    ticks = [trade(n, price) for n, price in enumerate([*moves, 100.06, 100.0, 200.0])]
    signals = Engine(told, SYMBOLS).run(ticks_of(ticks))
    engine = Engine(told, SYMBOLS)
    assert signals == [signal for tick in ticks if (signal := engine.on_tick(tick))]
    assert [(s.at, s.score > 0) for s in signals] == [(30, False), (31, True), (32, False)]
    for signal in signals:
        assert signal.score == signal.features["reversal"]
        assert signal.features["broken"] == 0.0
    assert list(signals[0].features) == [*PATTERNS, "rsi", "vwap"]
    assert signals[2].score == -1.0
    with pytest.raises(InputError, match="other parameters"):
        Engine.resume(PatternParameters(), SYMBOLS, engine.save())


def test_the_names_of_others_are_taken() -> None:
    with pytest.raises(ValueError, match="trend is one of the standard patterns"):

        @pattern("another one")
        def trend(row: Row, tick: Tick, terms: Terms) -> float:
            return 0.0


def test_without_its_module_it_is_unknown() -> None:
    with pytest.raises(ValueError, match=r"unknown patterns \['reversal'\]"):
        PatternParameters(weights={"reversal": 1.0})


def test_the_standard_patterns_are_compiled_once_and_for_all() -> None:
    kernel_for({"trend": 1.0})
    again = _compiled_for.__wrapped__(())  # as a new process does
    for function in (again.drive, again.one):
        stats = cast(Any, function).stats
        assert stats.cache_hits
        assert not stats.cache_misses
