"""A saved engine goes on, or says why it cannot."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrader_core.domain.errors import InputError
from aitrader_core.domain.market import Symbol
from aitrader_core.patterns.engine import Engine
from aitrader_core.patterns.parameters import PatternParameters
from tests.patterns.streams import walk

TOLD = PatternParameters(threshold=0.3, cooldown=0.1)
TICKS = walk(3_000)
SAVED = Engine(TOLD, TICKS.symbols).save()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, len(TICKS)))
def test_it_goes_on_wherever_it_was_saved(at: int) -> None:
    whole = Engine(TOLD, TICKS.symbols)
    expected = whole.run(TICKS)
    first = Engine(TOLD, TICKS.symbols)
    signals = first.run(TICKS[:at])
    second = Engine.resume(TOLD, TICKS.symbols, first.save())
    assert signals + second.run(TICKS[at:]) == expected != []
    assert second.save() == whole.save()


def test_it_is_not_resumed_as_another() -> None:
    for told, symbols, says in (
        (replace(TOLD, fast=7), TICKS.symbols, "other parameters"),
        (TOLD, TICKS.symbols[::-1], r"other symbols: \['S0', 'S1'\], not \['S1', 'S0'\]"),
        (TOLD, (*TICKS.symbols, Symbol("S2")), "other symbols"),
    ):
        with pytest.raises(InputError, match=says):
            Engine.resume(told, symbols, SAVED)


@pytest.mark.parametrize("at", [30, len(SAVED) // 2, len(SAVED) - 1])
def test_a_broken_one_is_told_from_a_whole_one(at: int) -> None:
    flipped = SAVED[:at] + bytes([SAVED[at] ^ 1]) + SAVED[at + 1 :]
    for broken in (flipped, SAVED[:at], SAVED + b"!"):
        with pytest.raises(InputError, match="broken"):
            Engine.resume(TOLD, TICKS.symbols, broken)


@pytest.mark.parametrize("other", [b"", b"PK", SAVED.replace(b"engine 1", b"engine 0", 1)])
def test_another_version_is_named_so(other: bytes) -> None:
    with pytest.raises(InputError, match="another version or no engine"):
        Engine.resume(TOLD, TICKS.symbols, other)
