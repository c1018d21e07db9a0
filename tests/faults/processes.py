"""The processes of one installation, found by its home, whatever became of their parents."""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Kind(StrEnum):
    UP = "up"
    GUARD = "guard"
    WEBSERVER = "webserver"
    DAEMON = "daemon"
    CODE_SERVER = "code server"  # the daemon's: the webserver has one of its own
    RUN = "run"
    POSTMASTER = "postmaster"
    BACKEND = "backend"  # it serves a client
    POSTGRES = "part of postgres"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    parent: int
    kind: Kind
    command: str


def processes_of(home: Path) -> list[Process]:
    """All that name `home` in command or environment, or work in its database."""
    found = {pid: seen for pid in _pids() if (seen := _seen(pid, home)) is not None}
    return [
        Process(pid, parent, _kind(command, found.get(parent, (0, ""))[1]), command)
        for pid, (parent, command) in found.items()
    ]


def kill(processes: Iterable[Process]) -> int:
    """SIGKILL; how many were still there."""
    count = 0
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
            count += 1
    return count


def left_over(home: Path, patience: float = 10.0) -> list[Process]:
    """What is still there after a while."""
    deadline = time.monotonic() + patience
    while (left := processes_of(home)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def _pids() -> list[int]:
    ours = os.getpid()
    return [int(p.name) for p in Path("/proc").glob("[0-9]*") if int(p.name) != ours]


def _seen(pid: int, home: Path) -> tuple[int, str] | None:
    """Parent and command, if it is one of ours. A zombie has neither command nor folder."""
    name, folder = os.fsencode(home), Path("/proc", str(pid))
    try:
        command = (folder / "cmdline").read_bytes()
        ours = name in command or name in (folder / "environ").read_bytes()
        if not ours and not str((folder / "cwd").readlink()).startswith(str(home)):
            return None
        parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
    except OSError:
        return None
    return int(parent), command.replace(b"\0", b" ").decode(errors="replace").strip()


def _kind(command: str, parent: str) -> Kind:
    marks = {
        "spawn_main": Kind.RUN,
        "dagster-daemon run": Kind.DAEMON,
        "dagster-webserver": Kind.WEBSERVER,
        "serve.guard": Kind.GUARD,
        "aitrader up": Kind.UP,
        "bin/postgres -D": Kind.POSTMASTER,
    }
    if command.startswith("postgres: "):
        return Kind.BACKEND if "[local]" in command else Kind.POSTGRES
    if "api grpc" in command:
        return Kind.CODE_SERVER if "dagster-daemon run" in parent else Kind.OTHER
    return next((kind for mark, kind in marks.items() if mark in command), Kind.OTHER)
