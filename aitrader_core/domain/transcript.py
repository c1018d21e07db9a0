"""What was said and done on a model-day, in order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from aitrader_core.domain.frozen import quick

SUMMARY = "summary"  # the role of the paragraph that a model-day may end with


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls of a language model took.

    `cached_tokens` are among the input's, `reasoning_tokens` among the output's. `seconds` is what
    was waited for the answers; `dollars` is None when no price is known.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    seconds: float = 0.0
    dollars: Decimal | None = Decimal(0)
    calls: int = 1

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Usage") -> "Usage":
        known = self.dollars is not None and other.dollars is not None
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            round(self.seconds + other.seconds, 6),
            (self.dollars or 0) + (other.dollars or Decimal(0)) if known else None,
            self.calls + other.calls,
        )


NOTHING_USED = Usage(calls=0)


@quick
@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transcript: `role` says who speaks, `tool` names the tool of a call.

    `id` ties a call to its answer; on what a language model said, it is the key of the stored
    model call, and `usage` is what that call took.
    """

    role: str
    text: str
    tool: str | None = None
    id: str | None = None
    usage: Usage | None = None


@dataclass(slots=True)
class Transcript:
    """Grows by one entry at a time; nothing is ever taken back."""

    entries: list[Entry] = field(default_factory=list)
    usage: Usage = NOTHING_USED

    def add(
        self,
        role: str,
        text: str,
        tool: str | None = None,
        id: str | None = None,
        usage: Usage | None = None,
    ) -> None:
        self.entries.append(Entry(role, text, tool, id, usage))
        if usage is not None:
            self.usage += usage

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)


def usage_of(entries: "tuple[Entry, ...]") -> Usage:
    """What all the calls of a transcript took together."""
    return sum((e.usage for e in entries if e.usage is not None), NOTHING_USED)
