"""Ends the supervisor's children when it ends, however it ends; then leaves the database.

Started by children.Guard. Each line of its input names a process group; the end of its input
means that the supervisor stops or is gone. SIGTERM means: at once.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path

from aitrader_core.storage.embedded import embedded_server

PATIENCE = 1.5  # seconds that the groups have to end by themselves: all state is in the database
_LAST = 5.0  # seconds for the kernel to clear away what was killed


def main() -> None:
    """`argv[1]`, if there is one, is the data of the embedded server to keep up."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the supervisor's business
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    data = sys.argv[1:]
    with embedded_server(Path(data[0])) if data else nullcontext():
        groups = [int(line) for line in sys.stdin]
        asked.clear()  # who stops a whole service signals every process of it
        end_groups(groups, lambda: bool(asked))


def end_groups(groups: list[int], hurry: Callable[[], bool]) -> None:
    """SIGTERM, and SIGKILL for what is left after a while, or as soon as there is a hurry.

    `hurry` is asked throughout, so that it can reap the caller's own children on the way.
    """
    left = _wait(_signal(groups, signal.SIGTERM), PATIENCE, hurry)
    _wait(_signal(left, signal.SIGKILL), _LAST, lambda: hurry() and False)


def _wait(groups: list[int], seconds: float, hurry: Callable[[], bool]) -> list[int]:
    deadline = time.monotonic() + seconds
    while groups and not hurry() and time.monotonic() < deadline:
        time.sleep(0.05)
        groups = _signal(groups, 0)
    return groups


def _signal(groups: list[int], number: int) -> list[int]:
    """Those that there are."""
    found = []
    for group in groups:
        with suppress(ProcessLookupError, PermissionError):  # gone, or (macOS) only to be reaped
            os.killpg(group, number)
            found.append(group)
    return found


if __name__ == "__main__":
    main()
