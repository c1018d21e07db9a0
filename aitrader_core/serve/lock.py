"""One `aitrader up` for each home, and how the others find it."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from aitrader_core.domain.errors import AitraderError

_PATIENCE = 0.5  # seconds: somebody who only looks holds the lock for a moment


class AlreadyUp(AitraderError):  # noqa: N818 - says what is so, as MissingBar does
    """Another process serves this home."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who serves a home; `url` is None while it starts, and for a demo, which has no UI."""

    pid: int | None = None
    url: str | None = None

    def __str__(self) -> str:
        place = f" at {self.url}" if self.url else ""
        return f"aitrader is up already{place}" + (f" (pid {self.pid})" if self.pid else "")


def holder(home: Path) -> Holder | None:
    """Who serves `home` just now; None when nobody does."""
    try:
        file = (home / "up.lock").open()
    except FileNotFoundError:
        return None
    with file:
        return None if _take(file, fcntl.LOCK_SH) else _told(home)


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home's lock, which ends with this process; AlreadyUp if somebody else has it."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "up.lock").open("a") as file:
        deadline = time.monotonic() + _PATIENCE
        while not _take(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise AlreadyUp(f"{_told(home)}: stop it first, or set another AITRADER_HOME")
            time.sleep(0.05)
        announce(home, None)
        try:
            yield
        finally:
            (home / "up.json").unlink(missing_ok=True)


def announce(home: Path, url: str | None) -> None:
    """Tell the others where to find us."""
    draft = home / "up.json.new"
    draft.write_text(json.dumps({"pid": os.getpid(), "url": url}))
    draft.rename(home / "up.json")


def _take(file: IO[str], how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _told(home: Path) -> Holder:
    try:
        told = json.loads((home / "up.json").read_text())
    except (FileNotFoundError, ValueError):
        return Holder()
    return Holder(told["pid"], told["url"])
