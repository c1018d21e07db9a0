"""What a process holds in memory while one session of 50 million ticks runs through it."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from aitrader_core.runner.settings import project_root
from aitrader_core.simulation.ticks import Chunks, Ticks
from benchmarks.line import Line
from benchmarks.replay import stream

NAME = "replay-memory"
SEED = 7
AT_ONCE = 100_000  # ticks of a chunk: what is made at a time must not hide what is kept
LONGEST = 900  # seconds


def run(*, quick: bool) -> list[Line]:
    """MB resident after so many ticks, in a process of its own; `quick` with a tenth."""
    marks = [0, *(millions * (100_000 if quick else 1_000_000) for millions in (5, 25, 50))]
    done = subprocess.run(
        (sys.executable, "-m", "benchmarks.replay.memory", *map(str, marks)),
        cwd=project_root(),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the session failed: {done.stderr[-2_000:]}")
    held: dict[str, float] = json.loads(done.stdout)
    return [Line(NAME, what, megabytes, megabytes, "MB", 1) for what, megabytes in held.items()]


def measure(marks: list[int], replay: Callable[[Chunks], object]) -> dict[str, float]:
    """MB at each mark, ascending from 0 ticks on, and how far the peak was above the first."""
    replay(lambda: stream.chunks(SEED, 2 * AT_ONCE, AT_ONCE))  # compiles, and makes two chunks
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
    held: dict[str, float] = {}

    def chunks() -> Iterator[Ticks]:
        told = 0
        for ticks in stream.chunks(SEED, marks[-1], AT_ONCE):
            _note(held, marks, told)
            yield ticks
            told += len(ticks)
        _note(held, marks, told)

    replay(chunks)
    return {**held, "growth at the peak": _megabytes("VmHWM") - next(iter(held.values()))}


def _note(held: dict[str, float], marks: list[int], told: int) -> None:
    if told in marks:
        what = f"resident after {told:,} ticks" if told else "resident before the first tick"
        held[what] = _megabytes("VmRSS")


def _megabytes(what: str) -> float:
    """As Linux tells it of this process."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == what:
            return int(value.split()[0]) * 1_024 / 1_000_000
    raise RuntimeError(f"/proc/self/status tells no {what}")


if __name__ == "__main__":
    from benchmarks.replay.ours import ours

    print(json.dumps(measure([int(mark) for mark in sys.argv[1:]], ours)))
