"""What every backend promises of a runner: those of an NVIDIA device where there is one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.bound import BoundRun, Bucket
from aitrader_core.inference.checked import CheckedRunner
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import Backend, RunnerOptions
from aitrader_core.inference.ort_session import ports_of
from aitrader_core.inference.runner import InferenceRunner
from tests.inference.devices import DEVICE_BACKENDS, not_here
from tests.inference.networks import cnn, mlp, network, rows

MOST, BUCKETS = 300, (1, 8, 64)
NETWORKS = {"mlp": mlp(), "cnn": cnn()}

Opened = Callable[[bytes], InferenceRunner]


def on_cpu(content: bytes, _: Path) -> InferenceRunner:
    return open_runner(network(content), RunnerOptions("ort-cpu", most_rows=MOST))


def in_half_precision(content: bytes, _: Path) -> InferenceRunner:
    return open_runner(network(content), RunnerOptions("ort-cpu", "fp16", most_rows=MOST))


def in_buckets(content: bytes, _: Path) -> InferenceRunner:
    """As on a device: through buffers that stay, padded."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    of = network(content)
    ports, signature = ports_of(session, of)
    buckets = {
        size: Bucket(onnxruntime, session, ports, signature.row, size, ("cpu", 0))
        for size in BUCKETS
    }
    info = replace(on_cpu(content, Path()).info(), actual="ort-cuda")
    run = BoundRun(onnxruntime, buckets, signature, of)
    return CheckedRunner(run, signature, info, MOST, Lock())


def on_device(backend: Backend) -> Callable[[bytes, Path], InferenceRunner]:
    def opened(content: bytes, folder: Path) -> InferenceRunner:
        if why := not_here(backend):
            pytest.skip(why)
        options = RunnerOptions(backend, most_rows=MOST, buckets=BUCKETS, engines=folder)
        return open_runner(network(content), options)

    return opened


@pytest.fixture(
    params=[
        pytest.param(on_cpu, id="ort-cpu"),
        pytest.param(in_half_precision, id="ort-cpu-fp16"),
        pytest.param(in_buckets, id="buckets"),
        *(
            pytest.param(on_device(name), id=name, marks=pytest.mark.gpu)
            for name in DEVICE_BACKENDS
        ),
    ]
)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    return lambda content: request.param(content, tmp_path)


def is_exact(runner: InferenceRunner) -> bool:
    """The same to the bit, whatever comes with it: promised on the CPU."""
    return runner.info().actual == "ort-cpu"


def agree(
    runner: InferenceRunner, one: NDArray[np.float32], other: NDArray[np.float32]
) -> np.bool_ | bool:
    if is_exact(runner):
        return np.array_equal(one, other)
    return np.allclose(one, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_answers_are_the_networks(opened: Opened, name: str) -> None:
    """As onnx itself works them out."""
    runner = opened(NETWORKS[name])
    batch = rows(70, *runner.signature.row)
    reference = ReferenceEvaluator(onnx.load_from_string(NETWORKS[name]))
    told: Any = reference.run(None, {"input": batch})
    wanted = np.asarray(told[0], np.float32)
    answers = runner.predict(batch)
    assert answers.shape == (70, runner.signature.width)
    assert answers.dtype == np.float32
    close = 2e-2 if runner.info().precision == "fp16" else 1e-3
    np.testing.assert_allclose(answers, wanted, rtol=0, atol=close)
    assert np.abs(wanted).max() > 0.5  # of a size at which that says something


@pytest.mark.parametrize("name", NETWORKS)
def test_a_rows_answer_is_its_own_whatever_comes_with_it(opened: Opened, name: str) -> None:
    runner = opened(NETWORKS[name])
    batch = rows(MOST, *runner.signature.row)
    together = runner.predict(batch)
    for size in (1, 2, 7, 8, 9, 63, 64, 65, 128, 200):
        parts = [runner.predict(batch[at : at + size]) for at in range(0, MOST, size)]
        assert agree(runner, np.concatenate(parts), together), size


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_on_the_cpu_it_is_the_same_to_the_bit_up_to_the_largest_batch(
    name: str, threads: int
) -> None:
    """What is stored was asked in large batches, what is traded one by one."""
    options = RunnerOptions("ort-cpu", most_rows=4096, threads=threads)
    runner = open_runner(network(NETWORKS[name]), options)
    batch = rows(4096, *runner.signature.row)
    together = runner.predict(batch)
    for size in (1, 3, 500, 4095):
        some = range(0, 4096, size)[:40]
        parts = np.concatenate([runner.predict(batch[at : at + size]) for at in some])
        assert parts.tobytes() == together[: len(parts)].tobytes(), size


def test_answers_stay_when_more_is_asked(opened: Opened) -> None:
    runner = opened(mlp())
    batch = rows(8, *runner.signature.row)
    first = runner.predict(batch)
    kept = first.copy()
    assert not np.array_equal(runner.predict(batch + 1), kept)
    assert np.array_equal(first, kept)


def test_rows_may_lie_apart(opened: Opened) -> None:
    runner = opened(mlp())
    batch = rows(20, *runner.signature.row)
    apart = np.asfortranarray(batch)
    assert not apart.flags.c_contiguous
    assert np.array_equal(runner.predict(apart), runner.predict(batch))
    assert np.array_equal(runner.predict(batch[::2]), runner.predict(batch[::2].copy()))


def test_threads_may_ask_at_once(opened: Opened) -> None:
    runner = opened(mlp())
    batches = [rows(1 + n % 90, *runner.signature.row, seed=n) for n in range(60)]
    wanted = [runner.predict(batch) for batch in batches]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(runner.predict, batches))
    assert all(agree(runner, *pair) for pair in zip(found, wanted, strict=True))


def test_numbers_up_to_the_largest_are_taken(opened: Opened) -> None:
    """Their squares have no place in float32, which is nobody's concern."""
    runner = opened(mlp())
    if runner.info().precision == "fp32":
        assert np.isfinite(
            runner.predict(np.full((2, *runner.signature.row), 1e30, np.float32))
        ).all()


WRONG = {
    r"takes a float32 array of \[rows, 32\], and was given float64 of \[2, 32\]": np.ones((2, 32)),
    r"and was given float32 of \[2, 31\]": np.ones((2, 31), np.float32),
    r"and was given float32 of \[32\]": np.ones(32, np.float32),
    r"and was given float32 of \[2, 32\] \(MaskedArray\)": np.ma.ones((2, 32), np.float32),
    r"and was given list": [[1.0] * 32],
    r"was given no rows: ask it of one or more": np.ones((0, 32), np.float32),
    r"was given 301 rows, and takes 300 at most: ask it in several": np.ones((301, 32), np.float32),
}


@pytest.mark.parametrize("told", WRONG)
def test_what_is_no_batch_is_refused(opened: Opened, told: str) -> None:
    with pytest.raises(InferenceError, match=f"network small .*{told}"):
        opened(mlp()).predict(WRONG[told])  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_by_its_place(opened: Opened, value: float) -> None:
    runner = opened(cnn())
    batch = rows(MOST, *runner.signature.row)
    batch[201, 2, 31] = value
    told = rf"asked of row 201, which has {value} at \[2, 31\]: leave that row out"
    with pytest.raises(InferenceError, match=told):
        runner.predict(batch)


def test_answers_that_are_not_finite_are_none(opened: Opened) -> None:
    runner = opened(mlp(scale=1e3))
    batch = rows(9, *runner.signature.row)
    batch[4] = 3e38
    with pytest.raises(InferenceError, match=r"answers (nan|-?inf) to row 4, which goes up to 3e"):
        runner.predict(batch)


def test_who_answers_is_told(opened: Opened) -> None:
    info = opened(mlp()).info()
    assert (info.network, info.fallback) == ("small", None)
    assert info.digest == network(mlp()).digest
    assert info.versions
    assert "onnxruntime" not in info.versions or info.versions["onnxruntime"].startswith("1.")
