"""Progress: a bar on a terminal, a plain line now and then elsewhere; always on stderr."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

import click

from aitrader_core.cli.printing import console, counted

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_EVERY = 5.0  # seconds between two lines
_TENTHS = 10


class Meter:
    """Call it with how many model-days, or whatever it is, are done, of how many."""

    def __init__(self, noun: str = "model-day") -> None:
        self._noun = noun
        self._bar: tuple[Progress, TaskID] | None = None
        self._began = time.monotonic()
        self._told = (-1, self._began - _EVERY)  # tenths done, when

    def __enter__(self) -> Self:
        screen = console(err=True)
        if screen.is_terminal:
            self._bar = _bar(screen, f"{self._noun}s")
            self._bar[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar[0].stop()

    def __call__(self, done: int, total: int) -> None:
        if self._bar:
            progress, task = self._bar
            progress.update(task, completed=done, total=total)
            return
        now, tenths = time.monotonic(), _TENTHS * done // total if total else _TENTHS
        if tenths == self._told[0] or (now - self._told[1] < _EVERY and done < total):
            return
        self._told = (tenths, now)
        rate = done / (now - self._began) if now > self._began else 0.0
        click.echo(f"{done:,} of {counted(total, self._noun)} ({rate:.0f} a second)", err=True)


class Screen:
    """The runner's Show."""

    def say(self, sentence: str) -> None:
        click.echo(sentence)
        sys.stdout.flush()

    @contextmanager
    def meter(self) -> Iterator[Meter]:
        with Meter() as meter:
            yield meter

    def leaderboard(self, rows: list[dict[str, Any]]) -> None:
        from aitrader_core.cli.leaderboard import print_leaderboard

        click.echo()
        print_leaderboard(rows)
        click.echo()


def _bar(screen: Any, what: str) -> "tuple[Progress, TaskID]":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    progress = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=screen,
    )
    return progress, progress.add_task(what, total=None)
