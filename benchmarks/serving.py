"""What it takes to ask a network over HTTP: `aitrader infer serve`, and clients beside it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import BytesIO
from statistics import median
from time import perf_counter
from urllib.request import Request, urlopen

import numpy as np

from benchmarks.line import Line, rate
from benchmarks.results.clients import Answered, Ask

NAME = "serving"
NETWORK, MOST = "daily_mlp", 65_536
CLIENTS = (1, 64)
_SERVE = "from aitrader_core.cli import main; main()"


def run(*, quick: bool) -> list[Line]:
    """Questions of a row each, as JSON; and as many rows as there may be, as an array."""
    rounds, seconds = (1, 1) if quick else (5, 5)
    with _served() as url:
        with urlopen(f"{url}/infer/networks") as told:
            (width,) = json.load(told)["networks"][0]["row"]
        rows = np.random.default_rng(7).standard_normal((MOST, width), np.float32)
        asks = [
            Ask("/infer", body=json.dumps({"network": NETWORK, "inputs": [row]}))
            for row in rows[:100].tolist()
        ]
        _answered(url, asks, 1, 1)  # to warm up
        lines = [_load(url, asks, clients, rounds, seconds) for clients in CLIENTS]
        taken = [_array(url, rows) for _ in range(3 if quick else 20)]
    return [*lines, rate(NAME, f"an array of {MOST:,} rows", MOST, taken, unit="rows/s")]


@contextmanager
def _served() -> Iterator[str]:
    command = [sys.executable, "-c", _SERVE, "infer", "serve", "--port", "0", "--network", NETWORK]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "/infer, " in line:
                yield line.split()[3].removesuffix("/infer,")
                return
        raise RuntimeError("the inference service does not come up")
    finally:
        process.terminate()
        process.wait(30)


def _load(url: str, asks: list[Ask], clients: int, rounds: int, seconds: int) -> Line:
    """RuntimeError when an answer was an error."""
    found = [_answered(url, asks, clients, seconds) for _ in range(rounds)]
    if errors := sum(each.errors for each in found):
        raise RuntimeError(f"{errors} of {sum(each.answers for each in found)} answers were errors")
    worst = [each.p99 for each in found]
    note = (
        f"p50 {median(each.p50 for each in found):.2f} ms, "
        f"{median(each.per_second for each in found):,.0f} answers a second, no errors"
    )
    what = f"a row as JSON, {clients} client{'s' * (clients > 1)}, p99"
    return Line(NAME, what, min(worst), median(worst), "ms", rounds, None, None, note)


def _answered(url: str, asks: list[Ask], clients: int, seconds: int) -> Answered:
    """By clients in a process of their own."""
    pace = ["--clients", str(clients), "--seconds", str(seconds)]
    command = [sys.executable, "-m", "benchmarks.results.clients", url, *pace]
    told = json.dumps([asdict(ask) for ask in asks])
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=True)
    return Answered(**json.loads(done.stdout))


def _array(url: str, rows: "np.typing.NDArray[np.float32]") -> float:
    """Seconds from the array to the answers."""
    began, sent = perf_counter(), BytesIO()
    np.save(sent, rows)
    address = f"{url}/infer?network={NETWORK}"
    with urlopen(Request(address, sent.getvalue(), {"Content-Type": "application/x-npy"})) as told:
        answers = np.load(BytesIO(told.read()))
    assert len(answers) == len(rows)
    return perf_counter() - began
