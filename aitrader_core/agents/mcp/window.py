"""Between an agent outside and the desk that is open now, each in a thread of its own."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Lock

from aitrader_core.agents.llm.loop import Answered


@dataclass(frozen=True, slots=True)
class Asked:
    """A call of a tool: its name, its arguments as JSON, and who waits for what comes of it."""

    name: str
    arguments: str
    answer: Future[Answered] = field(default_factory=Future)


class Window:
    """Calls wait in the order they came; the one who trades takes them one at a time.

    A call that was not taken yet is withdrawn by canceling its answer.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: Queue[Asked] = Queue()
        self._lock = Lock()  # between a call that comes and the end of them all
        self._unheard: str | None = None  # what the agent has to know before it goes on
        self._closed: str | None = None

    def ask(self, name: str, arguments: str) -> Future[Answered]:
        """The answer, when there is one."""
        asked = Asked(name, arguments)
        with self._lock:
            if self._closed is None:
                self._waiting.put(asked)
            else:
                asked.answer.set_result(Answered(self._closed, is_error=True))
        return asked.answer

    def take(self, seconds: float) -> Asked | None:
        """The next call, which is to be answered; None when none comes within so many seconds."""
        ends = self._clock() + seconds
        while (left := ends - self._clock()) > 0:
            try:
                asked = self._waiting.get(timeout=left)
            except Empty:
                return None
            if not asked.answer.set_running_or_notify_cancel():
                continue
            if self._unheard is None:
                return asked
            asked.answer.set_result(Answered(self._unheard, is_error=True))
            self._unheard = None
        return None

    def turn_away(self, why: str) -> bool:
        """Tell whoever still waits: they meant what is over. Whether there was anybody."""
        told = False
        while True:
            try:
                asked = self._waiting.get_nowait()
            except Empty:
                return told
            if asked.answer.set_running_or_notify_cancel():
                asked.answer.set_result(Answered(why, is_error=True))
                told = True

    def interrupt(self, why: str) -> None:
        """A session ended that the agent did not end: tell it before it trades the next one."""
        if not self.turn_away(why):
            self._unheard = why

    def close(self, why: str) -> None:
        """No session follows."""
        with self._lock:
            self._closed = why
        self.turn_away(why)
