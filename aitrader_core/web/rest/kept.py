"""Answers that were made before, and may be given again."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Generic, TypeVar

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, except for its tag."""

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Answers:
    """By tag, the newest: a tag names all that its answer says, so that none is ever stale."""

    def __init__(self, most_bytes: int = 64_000_000) -> None:
        self._most, self._bytes = most_bytes, 0
        self._bodies: OrderedDict[str, Body] = OrderedDict()
        self._turn = Lock()

    def get(self, tag: str) -> Body | None:
        with self._turn:
            if tag in self._bodies:
                self._bodies.move_to_end(tag)
            return self._bodies.get(tag)

    def keep(self, tag: str, body: Body) -> Body:
        with self._turn:
            if tag not in self._bodies:
                self._bodies[tag] = body
                self._bytes += len(body.content)
            while self._bytes > self._most:
                self._bytes -= len(self._bodies.popitem(last=False)[1].content)
        return body


class Look(Generic[Made]):
    """What takes long to find out and changes seldom: made again when it is older than `age`.

    Whoever comes while it is made gets the older one, or waits where there is none.
    """

    def __init__(self, age: timedelta) -> None:
        self._age = age
        self._found: tuple[datetime, Made] | None = None
        self._turn = Lock()

    def at(self, now: datetime, make: Callable[[], Made]) -> tuple[datetime, Made]:
        """When it was made, and what."""
        found = self._found
        if found is not None and (now - found[0] < self._age or not self._turn.acquire(False)):
            return found
        if found is None:
            self._turn.acquire()
        try:
            if self._found is None or now - self._found[0] >= self._age:
                self._found = (now, make())
            return self._found
        finally:
            self._turn.release()
