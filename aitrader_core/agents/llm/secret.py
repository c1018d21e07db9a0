"""An API key: sent to its provider, and shown to nobody."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from aitrader_core.domain.errors import ConfigError

_SHORTEST = 6  # what is shorter ("none", "EMPTY") stands in for a key where none is needed


@dataclass(frozen=True)
class ApiKey:
    """Empty where there is none."""

    value: str = field(default="", repr=False)

    def hidden(self, text: str) -> str:
        """`text` without the key, however a server may have echoed it."""
        if len(self.value) < _SHORTEST:
            return text
        for spelling in (self.value, json.dumps(self.value)[1:-1], self.value.replace("/", "\\/")):
            text = text.replace(spelling, "***")
        return text


def read_key(environment: Mapping[str, str], variable: str) -> ApiKey:
    """ConfigError for what can't be sent in a header; its own message would tell the key."""
    value = environment.get(variable, "").strip()
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ConfigError(f"{variable} has a character that no API key has: export it again")
    return ApiKey(value)
