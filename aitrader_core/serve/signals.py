"""A first signal asks to stop, a second one to hurry."""

import signal
import time
from types import FrameType
from typing import Self

_STEP = 0.1  # seconds until a signal is noticed


class Stopped(Exception):  # noqa: N818 - no error: somebody asked for it
    """Raised where we wait, once a signal has come."""


class Signals:
    """Own handlers: a SIGINT that was inherited as ignored would otherwise never end us."""

    def __init__(self) -> None:
        self.count = 0
        self.number = 0  # of the last one
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup
            self._before[number] = signal.signal(number, self._came)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    @property
    def hurry(self) -> bool:
        return self.count > 1

    def check(self) -> None:
        if self.count:
            raise Stopped

    def sleep(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        self.check()
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, _STEP))
            self.check()

    def _came(self, number: int, _frame: FrameType | None) -> None:
        self.count += 1
        self.number = number
