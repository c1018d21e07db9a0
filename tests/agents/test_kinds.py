"""A configuration of a model is checked when it is read, not when the model trades."""

import pytest
from pydantic import TypeAdapter, ValidationError

from aitrader_core.agents.kinds import KINDS
from aitrader_core.agents.rules import EqualWeight, MeanReversion, Momentum, RandomTrader


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_setting_is_an_error(kind: str) -> None:
    with pytest.raises(ValidationError, match="lokback"):
        TypeAdapter(KINDS[kind]).validate_python({"lokback": 20})


def test_settings_are_taken() -> None:
    read = TypeAdapter(Momentum).validate_python({"lookback": 20, "top": 3, "every": "month"})
    assert read == Momentum(20, 3, "month")


@pytest.mark.parametrize(
    ("kind", "setting", "value"),
    [
        (Momentum, "lookback", 1),
        (Momentum, "top", 0),
        (EqualWeight, "every", "year"),
        (MeanReversion, "entry", 0),
        (RandomTrader, "turnover", 1.1),
    ],
)
def test_a_setting_out_of_range_is_an_error(kind: type, setting: str, value: object) -> None:
    with pytest.raises(ValidationError, match=setting):
        TypeAdapter(kind).validate_python({setting: value})
