"""From a clean clone to a filled leaderboard, and every check."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

from aitrader_core.runner.settings import project_root
from benchmarks.line import Line, duration

NAME = "setup"
RUN_AIM, TEST_AIM = 60, 300
LONGEST = 1_800  # seconds


def run(*, quick: bool) -> list[Line]:
    """The last commit, cloned into a folder that is gone afterwards; `quick` leaves ./test out."""
    folder = Path(tempfile.mkdtemp(prefix="aitrader-benchmark-", dir="/tmp"))
    folder.chmod(0o755)  # the server may run as nobody
    clone = folder / "clone"
    try:
        _seconds(folder, "git", "clone", "--quiet", str(project_root()), str(clone))
        started = _seconds(clone, "./run", "--once")
        note = "from a clean clone, installation included"
        lines = [duration(NAME, "./run --once", [started], aim=RUN_AIM, note=note)]
        if not quick:
            lines.append(duration(NAME, "./test", [_seconds(clone, "./test")], aim=TEST_AIM))
        return lines
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _seconds(where: Path, *command: str) -> float:
    """RuntimeError with its last words when the command fails."""
    clean = {name: value for name, value in os.environ.items() if "AITRADER_" not in name}
    began = perf_counter()
    done = subprocess.run(
        command,
        cwd=where,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stdout[-2_000:]}")
    return perf_counter() - began
