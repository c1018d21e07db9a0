"""What a backend takes: to load, for a row, for many rows; and how far it is from the CPU."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.engines import NATIVE
from aitrader_core.inference.network import Network
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import Backend, Precision, RunnerOptions
from aitrader_core.inference.parity import TOLERANCES, Difference, difference, random_rows
from aitrader_core.inference.runner import InferenceRunner, RunnerInfo
from aitrader_core.inference.tensorrt import open_tensorrt
from aitrader_core.inference.timing import Timed, time_calls

SEED = 7
SIZES = (1, 256, 1_024, 4_096, 16_384, 65_536)
COMPARED = 4_096  # rows
DEVICE: tuple[Backend, ...] = ("ort-cuda", "ort-tensorrt", "tensorrt", "tensorrt-rtx")
_SECONDS = 1.5  # for one size of batch
_FEWEST, _MOST = 5, 3_000  # calls


@dataclass(frozen=True, slots=True)
class Contestant:
    """`threads` are those of the CPU, and count there alone."""

    backend: Backend
    precision: Precision = "fp32"
    threads: int = 1

    def __str__(self) -> str:
        if self.backend == "ort-cpu":
            return f"ort-cpu, {self.threads} thread{'' if self.threads == 1 else 's'}"
        return f"{self.backend}, {self.precision}"


@dataclass(frozen=True, slots=True)
class Measured:
    """`cold` builds what there is to build, `cached` finds it; both in seconds. `resident` are rows
    a second that never leave the device, by sizes, where it can be asked so."""

    network: str
    contestant: Contestant
    info: RunnerInfo
    cold: float
    cached: float
    difference: Difference
    timed: tuple[Timed, ...]
    resident: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """A backend that is not here, and why."""

    contestant: Contestant
    reason: str


def contestants() -> list[Contestant]:
    """All of them, here or not: the CPU by one thread and by all, each device backend twice."""
    cores = len(os.sched_getaffinity(0))
    on_cpu = [Contestant("ort-cpu", threads=threads) for threads in sorted({1, cores})]
    precisions: tuple[Precision, ...] = ("fp32", "fp16")
    return on_cpu + [Contestant(backend, each) for backend in DEVICE for each in precisions]


def measure(
    networks: Sequence[Network], sizes: Sequence[int] = SIZES, *, seconds: float = _SECONDS
) -> Iterator[Measured | Missing]:
    """Each contestant with each network. RuntimeError when the CPU is not here."""
    for contestant in contestants():
        try:
            _open(networks[0], contestant, None)  # the device is awake, the libraries are loaded
        except InferenceError as error:
            if contestant.backend == "ort-cpu":
                raise RuntimeError(str(error)) from error
            yield Missing(contestant, str(error))
            continue
        for network in networks:
            yield _measured(network, contestant, sizes, seconds)


def _measured(
    network: Network, contestant: Contestant, sizes: Sequence[int], seconds: float
) -> Measured:
    with tempfile.TemporaryDirectory(prefix="aitrader-engines-") as folder:
        cold, _ = _loaded(network, contestant, Path(folder))
        cached, runner = _loaded(network, contestant, Path(folder))
        return Measured(
            network.name,
            contestant,
            runner.info(),
            cold,
            cached,
            _difference(network, runner, contestant.precision),
            tuple(_timed(runner, size, seconds) for size in sizes),
            tuple(_resident(network, contestant, sizes, Path(folder), seconds)),
        )


def _loaded(
    network: Network, contestant: Contestant, folder: Path
) -> tuple[float, InferenceRunner]:
    began = perf_counter()
    runner = _open(network, contestant, folder)
    return perf_counter() - began, runner


def _open(network: Network, contestant: Contestant, folder: Path | None) -> InferenceRunner:
    return open_runner(network, _options(contestant, folder))


def _options(contestant: Contestant, folder: Path | None) -> RunnerOptions:
    return RunnerOptions(
        contestant.backend,
        contestant.precision,
        strict=True,
        threads=contestant.threads,
        engines=folder,
    )


def _difference(network: Network, runner: InferenceRunner, precision: Precision) -> Difference:
    rows = random_rows(runner.signature.row, COMPARED, SEED)
    expected = open_runner(network, RunnerOptions("ort-cpu")).predict(rows)
    return difference(runner.predict(rows), expected, TOLERANCES[precision])


def _timed(runner: InferenceRunner, size: int, seconds: float) -> Timed:
    rows = random_rows(runner.signature.row, size, SEED)
    calls = _calls(lambda: runner.predict(rows), seconds)
    return time_calls({"it": runner.predict}, rows, calls)["it"]


def _calls(once: Callable[[], object], seconds: float) -> int:
    """As many as fit into `seconds`."""
    once()
    began = perf_counter()
    once()
    return max(_FEWEST, min(_MOST, int(seconds / max(perf_counter() - began, 1e-6))))


def _resident(
    network: Network, contestant: Contestant, sizes: Sequence[int], folder: Path, seconds: float
) -> Iterator[tuple[int, float]]:
    """Of native TensorRT alone: ONNX Runtime is asked through its bindings."""
    if contestant.backend not in NATIVE:
        return
    options = replace(_options(contestant, folder), buckets=tuple(sizes))
    runner = open_tensorrt(network, options)
    for size in sizes:
        through = runner.resident(size)
        nobody_s = random_rows((1,), 1, SEED)
        calls = _calls(through, seconds)
        timed = time_calls({"it": partial(_ignoring, through)}, nobody_s, calls)["it"]
        yield size, size / timed.p50 * 1e6
    runner.close()


def _ignoring(through: Callable[[], None], _: object) -> None:
    through()
