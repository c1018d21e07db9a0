"""Between an agent outside and the desk that is open now, each in a thread of its own."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Lock

from aitrader_core.agents.llm.loop import Answered

Use = Callable[[str, str], Answered]  # a tool's name, and its arguments as JSON


@dataclass(frozen=True, slots=True)
class _Asked:
    name: str
    arguments: str
    answer: Future[Answered] = field(default_factory=Future)


class Window:
    """Calls wait in the order they came; the one who trades takes them one at a time.

    A call that was not taken yet is withdrawn by canceling its answer.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waiting: Queue[_Asked] = Queue()
        self._lock = Lock()  # between a call that comes and the end of them all
        self._unheard: str | None = None  # what the agent has to know before it goes on
        self._closed: str | None = None

    def ask(self, name: str, arguments: str) -> Future[Answered]:
        """The answer, when there is one."""
        asked = _Asked(name, arguments)
        with self._lock:
            if self._closed is None:
                self._waiting.put(asked)
            else:
                asked.answer.set_result(Answered(self._closed, is_error=True))
        return asked.answer

    def serve(self, use: Use, seconds: float, over: Callable[[], str | None]) -> bool:
        """Answer calls until it is over; False when the seconds were over before that.

        `over` says what those are told who still wait then: they meant what is over.
        """
        ends = self._clock() + seconds
        while over() is None:
            if (left := ends - self._clock()) <= 0:
                return False
            try:
                asked = self._waiting.get(timeout=left)
            except Empty:
                return False
            if asked.answer.set_running_or_notify_cancel():
                self._answer(asked, use, over)
        return True

    def interrupt(self, why: str) -> None:
        """A session ended that the agent did not end: tell it before it trades the next one."""
        if not self._turn_away(why):
            self._unheard = why

    def close(self, why: str) -> None:
        """No session follows."""
        with self._lock:
            self._closed = why
        self._turn_away(why)

    def _turn_away(self, why: str) -> bool:
        """Whether there was anybody."""
        told = False
        while True:
            try:
                asked = self._waiting.get_nowait()
            except Empty:
                return told
            if asked.answer.set_running_or_notify_cancel():
                asked.answer.set_result(Answered(why, is_error=True))
                told = True

    def _answer(self, asked: _Asked, use: Use, over: Callable[[], str | None]) -> None:
        why, self._unheard = self._unheard, None
        if why is not None:
            asked.answer.set_result(Answered(why, is_error=True))
            return
        try:
            answered = use(asked.name, asked.arguments)
        except BaseException:
            asked.answer.set_result(Answered("error: the session failed", is_error=True))
            raise
        if (left := over()) is not None:  # what comes after this answer is for the next session
            self._turn_away(left)
        asked.answer.set_result(answered)
