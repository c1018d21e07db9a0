"""Networks on a real NVIDIA device: `./test -m gpu`, or tools/gpu where one is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from aitrader_core.inference.engines import NATIVE, build_engine
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import Backend, Precision, RunnerOptions
from aitrader_core.inference.parity import Compared, compare
from aitrader_core.inference.tensorrt import open_tensorrt
from tests.inference.devices import DEVICE_BACKENDS, no_device, not_here
from tests.inference.networks import CHANNELS, FEATURES, LENGTH, cnn, mlp, network, rows

ROWS = 5_000  # the largest bucket, and more
NETWORKS = {"mlp": (mlp, (FEATURES,)), "cnn": (cnn, (CHANNELS, LENGTH))}

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(no_device() is not None, reason=no_device() or ""),
]


@pytest.fixture(params=DEVICE_BACKENDS)
def options(request: pytest.FixtureRequest, tmp_path: Path) -> RunnerOptions:
    backend: Backend = request.param
    if why := not_here(backend):
        pytest.skip(f"{backend} is not here: {why}")
    return RunnerOptions(backend, strict=True, engines=tmp_path / "engines")


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize(("made", "row"), NETWORKS.values(), ids=NETWORKS)
def test_answers_as_the_cpu_does(
    options: RunnerOptions,
    precision: Precision,
    made: Callable[[], bytes],
    row: tuple[int, ...],
) -> None:
    asked = rows(ROWS, *row)
    (found,) = compare(network(made()), asked, options, [options.backend], [precision])
    assert isinstance(found, Compared), found
    assert found.difference.is_within, found
    assert (found.info.actual, found.info.fallback) == (options.backend, None)
    assert found.info.precision == precision


def test_every_thread_gets_its_own_answers(options: RunnerOptions) -> None:
    runner = open_runner(network(mlp()), options)
    asked = [rows(1 + 37 * number, FEATURES, seed=number) for number in range(16)]
    alone = [runner.predict(batch) for batch in asked]
    with ThreadPoolExecutor(8) as threads:
        for mine, together in zip(alone, threads.map(runner.predict, asked), strict=True):
            np.testing.assert_allclose(together, mine, rtol=1e-3, atol=1e-4)


def test_answers_are_the_same_with_and_without_graphs(options: RunnerOptions) -> None:
    asked = rows(ROWS, FEATURES)
    if options.backend in NATIVE:
        plain = open_tensorrt(network(mlp()), options, graphs=False)
        captured = open_tensorrt(network(mlp()), options)
        assert np.array_equal(captured.predict(asked), plain.predict(asked))
        return
    unpadded = open_runner(network(mlp()), replace(options, buckets=()))
    captured_too = open_runner(network(mlp()), options)
    np.testing.assert_allclose(
        captured_too.predict(asked), unpadded.predict(asked), rtol=1e-3, atol=1e-4
    )


def test_a_second_load_takes_a_tenth(options: RunnerOptions) -> None:
    if options.backend == "ort-cuda":
        pytest.skip("ort-cuda keeps no engines")
    open_runner(network(mlp()), options)  # the device is awake, the libraries are loaded
    first, second = (_seconds(options) for _ in range(2))
    assert second * 10 <= first


def test_what_is_built_in_advance_is_what_runs(options: RunnerOptions) -> None:
    if options.backend not in NATIVE:
        pytest.skip(f"{options.backend} builds when it is opened")
    native = next(runtime for runtime in NATIVE if runtime == options.backend)
    built = build_engine(network(mlp()), options, native, rows=(1, 64, 8192))
    assert open_runner(network(mlp()), options).info().engine == built.entry.key.name


def _seconds(options: RunnerOptions) -> float:
    began = perf_counter()
    open_runner(network(cnn()), options)
    return perf_counter() - began
