"""How long a network takes: single rows, and batches."""

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from aitrader_core.inference.network import Network
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.parity import random_rows
from aitrader_core.inference.runner import RunnerInfo

if TYPE_CHECKING:  # numpy is for those who have a network to run
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

Predict = Callable[["Rows"], object]
Clock = Callable[[], int]  # ns

_WARM = 50  # calls, or a tenth of those that are timed: of single rows
_ROUNDS = 10  # in which contestants take turns
_MOST, _ROWS, _FEWEST = 3_000, 400_000, 30  # calls of a single row, rows in all, calls of a batch


@dataclass(frozen=True, slots=True)
class Timed:
    """Calls of `rows` each, in microseconds."""

    rows: int
    calls: int
    p50: float
    p99: float

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.p50 * 1e6


@dataclass(frozen=True, slots=True)
class Benched:
    """`ours` by the sizes of batches, and `bare` likewise: ONNX Runtime's own call, where that is
    what runs."""

    info: RunnerInfo
    ours: tuple[Timed, ...]
    bare: tuple[Timed, ...] = ()


def time_network(
    network: Network, options: RunnerOptions, batches: Sequence[int], seed: int = 7
) -> Benched:
    """InferenceError where it can't be run as the options say."""
    runner = open_runner(network, options)
    contestants: dict[str, Predict] = {"ours": runner.predict}
    if runner.info().actual == "ort-cpu" and options.precision == "fp32":
        contestants["bare"] = bare_session(network, options.threads)
    taken: dict[str, list[Timed]] = {name: [] for name in contestants}
    for size in batches:
        rows = random_rows(runner.signature.row, size, seed)
        calls = max(_FEWEST, min(_MOST, _ROWS // size))
        for name, timed in time_calls(contestants, rows, calls).items():
            taken[name].append(timed)
    return Benched(runner.info(), *(tuple(each) for each in taken.values()))


def time_calls(
    contestants: Mapping[str, Predict], rows: "Rows", calls: int, clock: Clock = perf_counter_ns
) -> dict[str, Timed]:
    """Each is called with `rows` so many times, once it is warm; the answer is there when a call
    returns. They take turns, so that a slow moment of the machine slows all of them."""
    taken: dict[str, list[int]] = {name: [] for name in contestants}
    each = max(1, -(-calls // _ROUNDS))
    for predict in contestants.values():
        for _ in range(min(_WARM, 1 + calls // 10)):
            predict(rows)
    gc.collect()  # nobody pays for what was left before
    while any(len(one) < calls for one in taken.values()):
        for name, predict in contestants.items():
            for _ in range(each):
                began = clock()
                predict(rows)
                taken[name].append(clock() - began)
    return {name: _timed(len(rows), one) for name, one in taken.items()}


def bare_session(network: Network, threads: int) -> Predict:
    """ONNX Runtime's own call on the CPU, and nothing of ours: what a runner is held against."""
    import onnxruntime as ort

    told = ort.SessionOptions()
    told.intra_op_num_threads = threads
    session: Any = ort.InferenceSession(network.content, told, providers=["CPUExecutionProvider"])
    asked, answered = session.get_inputs()[0].name, [session.get_outputs()[0].name]
    return lambda rows: session.run(answered, {asked: rows})


def _timed(rows: int, taken: list[int]) -> Timed:
    import numpy as np

    p50, p99 = np.percentile(taken, (50, 99)) / 1_000
    return Timed(rows, len(taken), float(p50), float(p99))
