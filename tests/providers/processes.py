"""Servers of others, as `tools/providers` has fetched them."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
COMES_UP = 60.0  # seconds


def fetched(pattern: str) -> Path:
    """The newest file of that pattern; skips the test where there is none."""
    folder = os.environ.get("AITRADER_PROVIDERS")
    if folder is None:
        pytest.skip("tools/providers runs this")
    found = sorted(Path(folder).glob(pattern))
    if not found:
        pytest.skip(f"{pattern.partition('/')[0]} is not there: tools/providers says why")
    return found[-1]


@contextmanager
def aimock(log: Path) -> Iterator[str]:
    """The base URL of an aimock that serves aimock.json, its models told apart by their names."""
    program = fetched("aimock-*/node_modules/@copilotkit/aimock/dist/cli.js")
    if (node := shutil.which("node")) is None:
        pytest.skip("aimock needs node")
    command = (node, str(program), "--port", "0", "--fixtures", str(HERE / "aimock.json"))
    with _serving((*command, "--strict"), log) as url:
        yield f"{url}/v1"


@contextmanager
def small_model(log: Path) -> Iterator[str]:
    """The base URL of a llama.cpp that serves SmolLM2, 135 million parameters of it."""
    python = fetched("model-*/bin/python")
    with _serving((str(python), str(HERE / "small_model.py")), log) as url:
        yield f"{url}/v1"


@contextmanager
def _serving(command: Sequence[str], log: Path) -> Iterator[str]:
    """Its URL, which it prints when it listens."""
    with log.open("w") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        yield _listening(process, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listening(process: subprocess.Popen[bytes], log: Path) -> str:
    """Raises RuntimeError with the last words of one that does not come up."""
    ends = time.monotonic() + COMES_UP
    while process.poll() is None and time.monotonic() < ends:
        if found := re.search(r"listening on (http://[\w.]+:\d+)", log.read_text()):
            return found[1]
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not come up: {log.read_text()[-1000:]}")
