"""Ticks replayed a second, by us and by peers: one stream, each in a process of its own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from aitrader_core.runner.settings import project_root
from benchmarks.line import Line, rate
from benchmarks.replay import stream

NAME = "replay"
SEED = 7
LONGEST = 600  # seconds of one process
OURS = (sys.executable, "-m", "benchmarks.replay.ours")
PEERS = str(project_root() / "benchmarks/peers/run")


@dataclass(frozen=True, slots=True)
class Contestant:
    """Started once a round; replays the stream, or its first `ticks`, `repeats` times."""

    command: tuple[str, ...]
    repeats: int
    ticks: int | None = None
    counts: str = "orders"


@dataclass
class Taken:
    """Of all rounds of one contestant."""

    ticks: int = 0
    note: str = ""
    seconds: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        return self.ticks / min(self.seconds)

    @property
    def middle(self) -> float:
        return self.ticks / median(self.seconds)


SESSION, ENGINE = "aitrader, whole session", "aitrader, pattern engine alone"
NAUTILUS, HFTBACKTEST = "nautilus_trader, no-op strategy", "hftbacktest, rule at each tick"
CONTESTANTS: Mapping[str, Contestant] = {
    SESSION: Contestant((*OURS, "session"), 5),
    ENGINE: Contestant((*OURS, "engine"), 5, counts="signals"),
    NAUTILUS: Contestant((PEERS, "nautilus_replay", "noop"), 3, 500_000),
    "nautilus_trader, rule at each quote": Contestant(
        (PEERS, "nautilus_replay", "rule"), 2, 500_000
    ),
    HFTBACKTEST: Contestant((PEERS, "hftbacktest_replay", "rule"), 5),
    "hftbacktest, no-op at each tick": Contestant((PEERS, "hftbacktest_replay", "feed"), 5),
    "hftbacktest, no-op each 100 ms": Contestant((PEERS, "hftbacktest_replay", "elapse"), 5),
}
AIMS = {NAUTILUS: 5.0, HFTBACKTEST: 0.25}  # our rate to theirs


def run(*, quick: bool) -> list[Line]:
    """Five million ticks, three rounds in which each takes its turn; `quick` 100,000 in one."""
    with tempfile.TemporaryDirectory(prefix="aitrader-benchmark-", dir="/tmp") as folder:
        file = Path(folder) / "stream.npz"
        stream.write(file, SEED, 100_000 if quick else 5_000_000)
        return lines(take(CONTESTANTS, file, rounds=1 if quick else 3))


def take(contestants: Mapping[str, Contestant], file: Path, *, rounds: int) -> dict[str, Taken]:
    """RuntimeError with a process's last words when it fails."""
    taken = {name: Taken() for name in contestants}
    for _ in range(rounds):
        for name, contestant in contestants.items():
            told, entry = _told(contestant, file), taken[name]
            entry.seconds += told["seconds"]
            entry.ticks, counted = told["ticks"], f"{told['count']:,} {contestant.counts}"
            entry.note = f"version {told['version']}, {entry.ticks:,} ticks, {counted}"
    return taken


def lines(taken: Mapping[str, Taken]) -> list[Line]:
    """A rate of each, then ours to theirs where that has an aim."""
    ours = taken[SESSION]
    rates = [_rate(name, entry, ours) for name, entry in taken.items()]
    return rates + [_ratio(ours, peer, taken[peer]) for peer in AIMS if peer in taken]


def _rate(name: str, entry: Taken, ours: Taken) -> Line:
    line = rate(NAME, name, entry.ticks, entry.seconds, unit="ticks/s", note=entry.note)
    return line if entry is ours else replace(line, ratio=ours.best / entry.best)


def _ratio(ours: Taken, peer: str, theirs: Taken) -> Line:
    best, middle = ours.best / theirs.best, ours.middle / theirs.middle
    what, runs = f"{SESSION}, to {peer}", len(ours.seconds)
    return Line(NAME, what, best, middle, "x", runs, aim=AIMS[peer])


def _told(contestant: Contestant, file: Path) -> dict[str, Any]:
    asked: Sequence[str] = (str(file), "--repeats", str(contestant.repeats))
    if contestant.ticks is not None:
        asked = (*asked, "--ticks", str(contestant.ticks))
    done = subprocess.run(
        (*contestant.command, *asked),
        cwd=project_root(),
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(contestant.command)} failed: {done.stderr[-2_000:]}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
