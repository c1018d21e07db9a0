"""What a model said goes back into the next question: as JSON that every server reads."""

import math
import re
from typing import Any

from aitrader_core.agents.llm.dialect import Garbled

_DEEPEST = 100  # levels of lists and objects
_HALVES = re.compile("[\ud800-\udfff]")


def sendable(value: Any, deepest: int = _DEEPEST) -> Any:
    """JSON without infinities and without half a surrogate pair. Garbled for what has no end."""
    if isinstance(value, str):
        return _whole(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, list | dict):
        return value
    if not deepest:
        raise Garbled(f"it is nested more than {_DEEPEST} levels deep")
    if isinstance(value, list):
        return [sendable(item, deepest - 1) for item in value]
    return {_whole(key): sendable(item, deepest - 1) for key, item in value.items()}


def _whole(text: str) -> str:
    return _HALVES.sub("\ufffd", text)
