"""A backend that answers otherwise than the CPU is found out, and one that is not here says why."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference import parity
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import Backend, RunnerOptions
from aitrader_core.inference.parity import (
    TOLERANCES,
    Absent,
    Compared,
    compare,
    difference,
    random_rows,
)
from aitrader_core.inference.runner import RunnerInfo
from aitrader_core.inference.timing import bare_session, time_calls
from tests.networks import WIDTH, linear

Rows = NDArray[np.float32]
NETWORK = linear("sum", [1.0, -2.0], 0.5)
ROWS = random_rows((WIDTH,), 700, seed=7)


class Fake:
    def __init__(self, options: RunnerOptions, answer: Callable[[Rows], Rows]) -> None:
        self._options, self._answer = options, answer

    def predict(self, batch: Rows) -> Rows:
        return self._answer(batch)

    def info(self) -> RunnerInfo:
        backend, precision = self._options.backend, self._options.precision
        return RunnerInfo("sum", "digest", backend, backend, precision, "a fake")


def exact(rows: Rows) -> Rows:
    return rows[:, :1] - 2 * rows[:, 1:2]


def of_the_batch(rows: Rows) -> Rows:
    """As one that forgets how far its buffer is filled."""
    return exact(rows) + np.float32(len(rows) == 8)


def compared(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[Rows], Rows]
) -> list[Compared | Absent]:
    def opened(_network: Network, options: RunnerOptions) -> Any:
        if options.backend == "tensorrt":
            raise InferenceError("TensorRT is not installed")
        return Fake(options, exact if options.backend == "ort-cpu" else answer)

    monkeypatch.setattr(parity, "open_runner", opened)
    backends: tuple[Backend, ...] = ("ort-cpu", "ort-cuda", "tensorrt")
    return list(compare(NETWORK, ROWS, RunnerOptions(), backends, ["fp32"]))


@pytest.mark.parametrize(
    ("answer", "is_within"),
    [
        (lambda rows: exact(rows) + np.float32(5e-5), True),
        (lambda rows: exact(rows) * np.float32(1.0005), True),
        (lambda rows: exact(rows) + np.float32(5e-3), False),
        (lambda rows: exact(rows) * np.float32(np.nan), False),
        (lambda rows: np.hstack([exact(rows)] * 2), False),
        (of_the_batch, False),
    ],
)
def test_a_backend_is_held_to_the_cpu(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[Rows], Rows], is_within: bool
) -> None:
    cpu, cuda, absent = compared(monkeypatch, answer)
    assert isinstance(cpu, Compared)
    assert isinstance(cuda, Compared)
    assert (cpu.difference.worst, cpu.difference.is_within) == (0.0, True)
    assert (cuda.info.actual, cuda.difference.is_within) == ("ort-cuda", is_within)
    assert absent == Absent("tensorrt", "fp32", "TensorRT is not installed")


def test_what_is_less_exact_has_to_decide_alike() -> None:
    full, half, generator = TOLERANCES["fp32"], TOLERANCES["fp16"], np.random.default_rng(7)
    for width in (1, 3):
        wide = generator.standard_normal((4096, width), np.float32)
        rounded = wide.astype(np.float16).astype(np.float32)
        assert difference(rounded, wide, half).is_within
        for tolerance in (full, half):
            narrow = wide / np.float32(20 / tolerance.absolute)  # every number is within it
            told = difference(np.roll(narrow, 1, axis=0), narrow, tolerance)
            assert not told.is_within, told
            assert told.worst is not None
            assert told.worst < tolerance.absolute


def test_the_cpu_answers_the_same_to_the_bit_in_any_batch() -> None:
    (told,) = compare(NETWORK, ROWS, RunnerOptions(), ["ort-cpu"], ["fp32"])
    assert isinstance(told, Compared)
    assert (told.difference.worst, told.difference.order) == (0.0, 1.0)


def test_contestants_take_turns_and_each_call_is_timed() -> None:
    now, asked = iter(range(0, 10**9, 500)), list[str]()
    rows = random_rows((WIDTH,), 4, seed=7)
    told = time_calls(
        {"a": lambda _: asked.append("a"), "b": lambda _: asked.append("b")},
        rows,
        20,
        clock=lambda: next(now),
    )
    assert "".join(asked) == "aaabbb" + "aabb" * 10
    assert (told["a"].calls, told["a"].p50, told["b"].p99) == (20, 0.5, 0.5)
    assert told["b"].rows_per_second == 8e6
    assert np.array_equal(np.asarray(bare_session(NETWORK, 1)(rows)), [exact(rows) + 0.5])
