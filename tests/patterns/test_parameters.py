"""What may be configured, and what is said where it may not."""

import subprocess
import sys
from dataclasses import replace

import pytest
from pydantic import TypeAdapter, ValidationError

from aitrader_core.patterns.parameters import PATTERNS, PatternParameters
from aitrader_core.patterns.standard import STANDARD

READ = TypeAdapter(PatternParameters)


def test_a_configuration_is_read_as_written() -> None:
    told = READ.validate_python({"fast": 5, "weights": {"rsi_reversion": -1}, "cooldown": 2})
    assert told == PatternParameters(fast=5, weights={"rsi_reversion": -1.0}, cooldown=2.0)


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"wieghts": {}}, "wieghts"),
        ({"weights": {"rsi": 1.0}}, r"unknown patterns \['rsi'\]; there are crossover, trend,"),
        ({"weights": {}}, "not all 0"),
        ({"weights": {"trend": 0.0}}, "not all 0"),
        ({"weights": {"trend": float("nan")}}, "finite"),
        ({"fast": 100}, "fast is 100, must be below slow, which is 100"),
        ({"warmup": 5}, r"must be 20 \(bar\) or more"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": 1.1}, "threshold"),
        ({"cooldown": -1}, "cooldown"),
        ({"spike": 1}, "spike"),
        ({"rsi_period": 1}, "rsi_period"),
        ({"breakout": float("inf")}, "breakout"),
    ],
)
def test_a_mistake_is_named(told: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        READ.validate_python(told)


def test_unknown_patterns_are_refused_without_pydantic_too() -> None:
    with pytest.raises(ValueError, match="unknown patterns"):
        PatternParameters(weights={"crosover": 1.0})


def test_the_digest_tells_parameters_apart_and_not_their_spelling() -> None:
    told = PatternParameters(cooldown=30, weights={"trend": 1, "imbalance": 0.5})
    same = PatternParameters(cooldown=30.0, weights={"imbalance": 0.5, "trend": 1.0})
    assert told.digest == same.digest
    others = [replace(told, cooldown=31), replace(told, weights={"trend": 1.0})]
    assert len({told.digest, *(other.digest for other in others)}) == 3


def test_what_is_configured_is_what_there_is() -> None:
    assert list(STANDARD) == list(PATTERNS)


def test_a_configuration_is_read_without_the_compiler() -> None:
    code = (
        "import sys, aitrader_core.patterns.parameters as p; p.PatternParameters().digest;"
        "print(sorted({'numba', 'numpy'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "[]\n"
