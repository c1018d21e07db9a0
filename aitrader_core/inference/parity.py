"""Whether a network answers on every backend that is here as it does on the CPU."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.network import Network
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import BACKENDS, PRECISIONS, Backend, Precision, RunnerOptions
from aitrader_core.inference.runner import InferenceRunner, RunnerInfo

if TYPE_CHECKING:  # numpy is for those who have a network to run
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

_UNEVEN = (1, 3, 8, 61, 512)  # batches that fill no bucket and those that do; the rest is one more


@dataclass(frozen=True, slots=True)
class Tolerance:
    """`absolute` and `relative` as numpy.allclose has them; `order` is the least share of rows that
    are decided alike, for the scores of some networks are all smaller than what is absolute."""

    absolute: float
    relative: float
    order: float = 0.999


TOLERANCES: dict[Precision, Tolerance] = {
    "fp32": Tolerance(1e-4, 1e-3),
    "fp16": Tolerance(5e-3, 0.0),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """`worst` is the largest absolute one, None where there are not as many finite answers; then
    `fault` may say why. `order` is the share of rows that are decided alike.
    """

    worst: float | None
    order: float
    is_within: bool
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """A backend that is here."""

    info: RunnerInfo
    difference: Difference


@dataclass(frozen=True, slots=True)
class Absent:
    """A backend that can't run the network here, and why."""

    backend: Backend
    precision: Precision
    reason: str


def random_rows(shape: Sequence[int], count: int, seed: int) -> "Rows":
    """`count` rows of `shape`, normally distributed: the same for the same seed."""
    import numpy as np

    return np.random.default_rng(seed).standard_normal((count, *shape), np.float32)


def compare(
    network: Network,
    rows: "Rows",
    options: RunnerOptions,
    backends: Sequence[Backend] = BACKENDS[1:],
    precisions: Sequence[Precision] = PRECISIONS,
) -> Iterator[Compared | Absent]:
    """One after another, in what order they are named; `options` say everything else.

    InferenceError where the CPU can't run the network.
    """
    on_the_cpu = replace(options, backend="ort-cpu", precision="fp32", strict=True)
    expected = open_runner(network, on_the_cpu).predict(rows)
    for backend in backends:
        for precision in precisions:
            asked = replace(options, backend=backend, precision=precision, strict=True)
            try:
                runner = open_runner(network, asked)
            except InferenceError as error:
                yield Absent(backend, precision, str(error))
            else:
                found = _difference(runner, rows, expected, TOLERANCES[precision])
                yield Compared(runner.info(), found)


def difference(answers: "Rows", expected: "Rows", tolerance: Tolerance) -> Difference:
    import numpy as np

    if answers.shape != expected.shape or not np.isfinite(answers).all():
        return Difference(None, 0.0, is_within=False)
    worst = float(np.abs(answers - expected).max())
    order = float(np.mean(_decided(answers) == _decided(expected)))
    is_close = np.allclose(answers, expected, tolerance.relative, tolerance.absolute)
    return Difference(worst, order, is_within=bool(is_close) and order >= tolerance.order)


def _difference(
    runner: InferenceRunner, rows: "Rows", expected: "Rows", tolerance: Tolerance
) -> Difference:
    try:
        return difference(_in_uneven_batches(runner, rows), expected, tolerance)
    except InferenceError as error:  # it is here, and can't answer what the CPU can
        return Difference(None, 0.0, is_within=False, fault=str(error))


def _decided(answers: "Rows") -> "NDArray[np.int64]":
    """What is done by it: the class of each row; of single scores, whether each is above the one
    before it, since it is by their order that they are chosen."""
    import numpy as np

    flat = answers.reshape(len(answers), -1)
    single = flat.shape[1] == 1
    decided = np.sign(flat[:, 0] - np.roll(flat[:, 0], 1)) if single else flat.argmax(axis=1)
    return np.asarray(decided, np.int64)


def _in_uneven_batches(runner: InferenceRunner, rows: "Rows") -> "Rows":
    """A row's answer may not depend on which rows it came with."""
    import numpy as np

    ends = np.cumsum(_UNEVEN)
    parts = np.split(rows, ends[ends < len(rows)])
    return np.concatenate([runner.predict(part) for part in parts])
