"""Bytes of a feed, from a socket or a pipe, and since when they were there to be read."""

import select
import socket
from array import array
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from fcntl import ioctl
from os import read
from termios import FIONREAD

from aitrader_core.domain.errors import InputError

AT_ONCE = 1 << 16  # bytes of one read
WINDOW = 1 << 18  # bytes that a socket holds for us, before who sends has to wait

Clock = Callable[[], int]  # ns, monotonic


class Inlet:
    """Reads what is there, up to `AT_ONCE`, and nothing ahead of time.

    Whoever sends has to wait while nobody reads and the socket or the pipe is full: nothing is
    dropped, and memory is bounded. `arrived` is since when the first byte of the last read has
    been there, told late by no means: what was found waiting counts from the last time that we
    looked and it wasn't there.
    """

    def __init__(self, descriptor: int, clock: Clock) -> None:
        self._descriptor, self._clock = descriptor, clock
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)
        self._looked = clock()
        self._seen: deque[tuple[int, int]] = deque()  # so many bytes were there, and not before
        self.size = 0  # bytes, of all reads
        self.arrived = 0
        self.backlog = 0  # bytes left waiting after the last read
        self.largest_backlog = 0

    def read(self, timeout: float) -> bytes | None:
        """None when nothing comes within `timeout` seconds; nothing at the feed's end.

        A feed that breaks off has ended.
        """
        since = self._looked
        if not self._poll.poll(0):
            if not self._poll.poll(timeout * 1000):
                return None
            since = self._clock()
        data = b""
        with suppress(ConnectionError):
            data = read(self._descriptor, AT_ONCE)
        self._note(len(data), since)
        return data

    def _note(self, size: int, since: int) -> None:
        while self._seen and self._seen[0][0] <= self.size:
            self._seen.popleft()
        self.arrived = self._seen[0][1] if self._seen else since
        before, self._looked = self._looked, self._clock()
        self.size += size
        self.backlog = _waiting(self._descriptor)
        self.largest_backlog = max(self.largest_backlog, self.backlog)
        if self.backlog:
            self._seen.append((self.size + self.backlog, max(before, self.arrived)))


def connect(host: str, port: int, timeout: float = 10.0) -> socket.socket:
    """To a feed. InputError when nobody is there."""
    place = f"{host}:{port}"
    feed = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    feed.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WINDOW)  # before the window is agreed on
    feed.settimeout(timeout)
    try:
        feed.connect((host, port))
    except OSError as error:
        feed.close()
        raise InputError(
            f"there is no feed at {place}: {error.strerror or error}; start one, such as "
            f"`aitrader ticks play FILE --to {place}`"
        ) from error
    feed.settimeout(None)
    return feed


def _waiting(descriptor: int) -> int:
    """Bytes that could be read now; 0 where that can't be told."""
    count = array("i", [0])
    with suppress(OSError):
        ioctl(descriptor, FIONREAD, count)
    return count[0]
