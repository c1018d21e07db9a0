"""Programs that run beside us, each in a process group of its own, under a guard."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from aitrader_core.domain.errors import AitraderError
from aitrader_core.serve.guard import end_groups
from aitrader_core.serve.signals import Signals

YOUNG = 60.0  # seconds: a child that dies sooner would only die again
_TAIL = 12  # lines of a log that a sentence ends with


class ChildFailed(AitraderError):  # noqa: N818 - says what is so, as MissingBar does
    """A program that we need has ended, and why as far as its log tells."""


class Guard:
    """The process that ends the children, whether we stop or are killed."""

    def __init__(self, log: Path, data: Path | None) -> None:
        command = [sys.executable, "-m", "aitrader_core.serve.guard"]
        with log.open("w") as output:
            self._process = subprocess.Popen(
                [*command, *([] if data is None else [str(data)])],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,  # a signal to our group must not reach it
            )

        self._groups: list[int] = []

    def keep(self, group: int) -> None:
        self._groups.append(group)
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # killed: then we do its work ourselves
            self._process.stdin.write(f"{group}\n")
            self._process.stdin.flush()

    def end(self, children: Sequence["Child"], signals: Signals) -> None:
        """Stop every group that was kept; at once after a second signal."""

        def hurry() -> bool:
            for child in children:
                child.reap()
            return signals.hurry

        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        while self._process.poll() is None:
            if hurry():
                self._process.terminate()
            time.sleep(0.05)
        end_groups(self._groups, hurry)  # nothing is left, unless the guard was killed


class Child:
    """A program, its log, and when it was started."""

    def __init__(
        self, name: str, command: Sequence[str], env: Mapping[str, str], cwd: Path, log: Path
    ) -> None:
        self.name = name
        self.log = log
        self._command, self._env, self._cwd = command, env, cwd
        self.log.unlink(missing_ok=True)
        self.start()

    def start(self) -> None:
        with self.log.open("a") as output:
            try:
                self._process = subprocess.Popen(
                    self._command,
                    env=self._env,
                    cwd=self._cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    process_group=0,
                )
            except OSError as error:
                raise ChildFailed(
                    f"{self.name} cannot be started ({error}): install aitrader's packages anew"
                ) from error
        self.started = time.monotonic()

    @property
    def group(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def reap(self) -> None:
        """Whatever of its group is ours to bury: what is not, counts as running.

        Orphans are ours where we are process 1, as in a container.
        """
        with suppress(ChildProcessError):
            while os.waitpid(-self.group, os.WNOHANG)[0]:
                pass
        self.poll()

    def failure(self) -> ChildFailed:
        lines = self.log.read_text(errors="replace").splitlines()
        told = " | ".join(line.strip() for line in lines[-_TAIL:] if line.strip()) or "nothing"
        return ChildFailed(
            f"{self.name} ended with status {self.poll()}; the last that {self.log} says: {told}"
        )


class Household:
    """All the children, restarted where that may help."""

    def __init__(self, guard: Guard, logs: Path, env: Mapping[str, str], cwd: Path) -> None:
        self._guard, self._logs, self._env, self._cwd = guard, logs, env, cwd
        self.children: list[Child] = []

    def start(self, name: str, *command: str) -> Child:
        child = Child(name, command, self._env, self._cwd, self._logs / f"{name}.log")
        self.children.append(child)
        self._guard.keep(child.group)
        return child

    def check(self, servers: Sequence[Child], say: Callable[[str], None]) -> None:
        """Start again what has died after a while; ChildFailed for what died at once."""
        for child in servers:
            if child.poll() is None:
                continue
            if time.monotonic() - child.started < YOUNG:
                raise child.failure()
            say(f"{child.failure()}; starting it again")
            child.start()
            self._guard.keep(child.group)


@contextmanager
def household(
    logs: Path, data: Path | None, env: Mapping[str, str], cwd: Path, signals: Signals
) -> Iterator[Household]:
    """Children that are all gone at the end. `data` is the embedded server's, if it is used."""
    logs.mkdir(parents=True, exist_ok=True)
    guard = Guard(logs / "guard.log", data)
    family = Household(guard, logs, env, cwd)
    try:
        yield family
    finally:
        guard.end(family.children, signals)
