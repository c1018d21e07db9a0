"""A network has its say in what a pattern model does: of what was known, and as it is told."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from math import exp, log, sqrt
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrader_core.domain.errors import InferenceError, LedgerError
from aitrader_core.domain.market import DAILY, Bar, Symbol
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runners import Runners
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.patterns.scored_trader import ScoredTrader
from aitrader_core.patterns.shown import LENGTH
from aitrader_core.patterns.strategy import StrategyParameters
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.ticks import TRADE, is_possible
from tests.patterns.scoring import GAIN, TREND, scored, trend
from tests.patterns.test_session import PATTERNS, Setting, played, signals_of, ticks_of
from tests.simulation.tapes import SYMBOLS, random_bars, run_days, weekdays

D = Decimal
TOLD = re.compile(rf"(\S+) scores .*, {TREND} ([+-][\d.]+)\b")


def said_of(prices: Sequence[float]) -> float:
    """What the network makes of the last trades, reckoned once more and in another way."""
    logs = [log(price) for price in prices[-LENGTH:]]
    moves = [b - a for a, b in pairwise(logs)]
    volatility = sqrt(sum(move * move for move in moves) / len(moves))
    shown = [max(min((at - logs[-1]) / volatility, 8), -8) for at in logs]
    steps = [b - a for a, b in pairwise(shown)]
    said = sum(2 * GAIN * step * n / (len(steps) - 1) for n, step in enumerate(steps))
    return (exp(said) - 1) / (exp(said) + 1)


def told_in(lines: Sequence[str]) -> list[tuple[str, float]]:
    found = [match for line in lines if (match := TOLD.search(line))]
    return [(match[1], float(match[2])) for match in found]


def lines(desk: Desk) -> list[str]:
    return [entry.text for entry in desk.transcript if " scores " in entry.text]


class TestTicks:
    SETTING = Setting(seed=2, scored=True)

    def test_it_tells_what_the_network_makes_of_the_last_trades(self) -> None:
        ticks = ticks_of(2, quoted=True)
        trades = [t if t.kind == TRADE and is_possible(t) else None for t in ticks]
        expected = {}
        for found in signals_of(2, quoted=True):
            of = ticks.symbols.index(found.signal.symbol)
            seen = [t.price for t in trades[: found.tick + 1] if t is not None and t.symbol == of]
            if len(seen) >= LENGTH:
                expected[found.signal.number] = said_of(seen)
        told: dict[int, float] = {}
        for line in lines(played(self.SETTING)):
            number = int(line.removeprefix("signal ").partition(":")[0])
            said = told_in([line])
            assert bool(said) == (number in expected)
            if said:
                ((_, told[number]),) = said
        assert len(told) > 10
        assert told == pytest.approx({number: expected[number] for number in told}, abs=1e-4)
        assert {said > 0 for said in told.values()} == {True, False}

    def test_it_is_weighed_with_the_patterns(self) -> None:
        alone = played(replace(self.SETTING, scored=False))
        heard = played(self.SETTING)
        deaf = played(replace(self.SETTING, strategy=StrategyParameters(model_weight=D(0))))
        assert (deaf.trail, deaf.portfolio) == (alone.trail, alone.portfolio)
        assert heard.trail != alone.trail
        assert not told_in(lines(alone))

    def test_before_there_are_enough_trades_the_patterns_stand_alone(self) -> None:
        early = replace(PATTERNS, warmup=5, threshold=0.1)
        desk = played(replace(self.SETTING, patterns=early))
        first, *_ = lines(desk)
        assert not told_in([first])
        assert told_in(lines(desk))


JUMPY = PatternParameters(
    fast=2, slow=3, volume_span=2, volatility_span=2, bar=1, rsi_period=2, atr_period=2,
    breakout=2.0, weights={"breakout": 1.0}, threshold=0.3, cooldown=0.0, warmup=3,
)  # fmt: skip
BOLD = StrategyParameters(risk=D("0.5"), atr_multiple=D(1), max_share=D("0.4"))
PLAIN = PatternTrader(JUMPY, BOLD, lookback=34)
TRADER = scored(PLAIN)
SESSIONS = weekdays(46)
FIRST = 36  # as many as can be looked back at


def bars(seed: int) -> list[Bar]:
    return random_bars(Random(seed), SESSIONS)


def tape_of(told: Sequence[Bar]) -> Tape:
    return Tape(SESSIONS, told, depth=FIRST)


def days(tape: Tape, until: int, trader: PatternTrader = TRADER) -> list[ModelDay]:
    return run_days(trader, tape, SESSIONS[FIRST], until - FIRST + 1)


def decided(made: Sequence[ModelDay]) -> list[object]:
    return [(day.blotter, day.transcript, day.closing) for day in made]


class TestBars:
    @given(st.integers(FIRST, len(SESSIONS) - 1), st.integers(0, 999))
    @settings(max_examples=15, deadline=None)
    def test_the_future_changes_nothing(self, cut: int, seed: int) -> None:
        whole, cut_off = bars(seed), SESSIONS[cut]
        changed = [
            was
            if was.session < cut_off
            else replace(other, open=was.open if was.session == cut_off else other.open)
            for was, other in zip(whole, bars(seed + 1000), strict=True)
        ]
        assert decided(days(tape_of(changed), cut)) == decided(days(tape_of(whole), cut))

    def test_it_tells_what_the_network_makes_of_the_last_closes(self) -> None:
        tape, told = tape_of(bars(1)), 0
        made = days(tape, len(SESSIONS) - 1)
        for at, day in enumerate(made, FIRST):
            for symbol, said in told_in([entry.text for entry in day.transcript]):
                seen = [tape.closes[s, DAILY][Symbol(symbol)] for s in SESSIONS[:at]]
                assert said == pytest.approx(said_of([float(c or 0) for c in seen]), abs=1e-4)
                told += 1
        assert told > 10
        alone = days(tape, len(SESSIONS) - 1, PLAIN)
        assert [day.blotter for day in made] != [day.blotter for day in alone]

    def test_too_little_to_look_back_at_is_no_configuration(self) -> None:
        with pytest.raises(ValueError, match="lookback is 31, must be 32 or more with a score"):
            replace(TRADER, lookback=31)
        assert replace(TRADER, lookback=0).is_scored  # ticks alone
        assert not replace(PLAIN, lookback=31).is_scored


class Offered:
    """What a model is given by whoever runs it, as far as it concerns a network."""

    runners = Runners(RunnerOptions("ort-cpu"))


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (trend("short", length=31), "short takes 1 x 31 and gives 2 numbers: the score of a"),
        (trend("wide", width=3), "wide takes 1 x 32 and gives 3 numbers: .* a fall and a rise"),
        (trend("old", made_for="window-0"), "old says aitrader.windows: window-0, and is shown"),
    ],
)
def test_a_network_that_is_made_for_something_else_is_refused(
    network: Network, sentence: str
) -> None:
    with pytest.raises(InferenceError, match=sentence):
        scored(PLAIN, network).connected(Offered())


def test_a_network_is_connected_before_it_is_asked() -> None:
    connected = ScoredTrader(score=TREND, network=trend()).connected(Offered())
    assert connected.made_of["network"] == f"{TREND} {trend().digest[:16]}"
    assert connected.made_of["score"] == TREND
    for trader in (PatternTrader(score=TREND), ScoredTrader(score=TREND, network=trend())):
        with pytest.raises(LedgerError, match=f"{TREND} is not"):
            trader.scorer(SYMBOLS)
