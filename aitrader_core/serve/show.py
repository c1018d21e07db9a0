"""What a long command shows while it works; the command line decides how."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

Meter = Callable[[int, int], None]  # done, of


class Show(Protocol):
    def say(self, sentence: str) -> None: ...

    def meter(self) -> AbstractContextManager[Meter]:
        """Shows progress while it is open."""

    def leaderboard(self, rows: list[dict[str, Any]]) -> None: ...
