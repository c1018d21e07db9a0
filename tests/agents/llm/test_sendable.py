"""What is sent on is JSON that every server reads."""

import json
from typing import Any

import pytest

from aitrader_core.agents.llm.dialect import Garbled
from aitrader_core.agents.llm.sendable import sendable


def nested(levels: int) -> Any:
    found: Any = 1
    for level in range(levels):
        found = [found] if level % 2 else {"a": found}
    return found


def test_it_has_no_half_letters_and_no_nan() -> None:
    said = {"a\ud800": ["\udfff", "😀", float("nan"), -float("inf"), 1.5, 7, None, True]}
    clean = {"a\ufffd": ["\ufffd", "😀", None, None, 1.5, 7, None, True]}
    assert sendable(said) == clean
    json.dumps(clean, ensure_ascii=False, allow_nan=False).encode()


def test_it_has_an_end() -> None:
    assert sendable(nested(100)) == nested(100)
    with pytest.raises(Garbled, match="more than 100 levels"):
        sendable(nested(101))
