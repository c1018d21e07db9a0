"""What was said and done on a model-day, in order."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transcript: `role` says who speaks, `tool` names the call it answers."""

    role: str
    text: str
    tool: str | None = None


@dataclass(slots=True)
class Transcript:
    """Grows by one entry at a time; nothing is ever taken back."""

    entries: list[Entry] = field(default_factory=list)

    def add(self, role: str, text: str, tool: str | None = None) -> None:
        self.entries.append(Entry(role, text, tool))

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)
