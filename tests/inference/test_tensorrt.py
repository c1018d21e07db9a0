"""The native way through TensorRT, on a device that is none; `test_gpu.py` has a real one."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.engine_cache import EngineCache
from aitrader_core.inference.engines import build_engine
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.tensorrt import open_tensorrt
from tests.inference.fake_device import FakeCudart, FakeTensorRt
from tests.inference.networks import CHANNELS, FEATURES, LENGTH, cnn, mlp, network, rows

SMALL = (1, 4, 16)


@pytest.fixture
def cudart(monkeypatch: pytest.MonkeyPatch) -> FakeCudart:
    made = FakeCudart()
    for name in ("cuda", "cuda.bindings"):
        monkeypatch.setitem(sys.modules, name, type(sys)(name))
    monkeypatch.setitem(sys.modules, "cuda.bindings.runtime", made)
    return made


@pytest.fixture
def native(cudart: FakeCudart, monkeypatch: pytest.MonkeyPatch) -> FakeTensorRt:
    made = FakeTensorRt("tensorrt", "10.16.1.11", cudart)
    monkeypatch.setitem(sys.modules, "tensorrt", made)
    return made


@pytest.fixture
def rtx(cudart: FakeCudart, monkeypatch: pytest.MonkeyPatch) -> FakeTensorRt:
    cudart.capability = (8, 9)
    made = FakeTensorRt("tensorrt_rtx", "1.7.1.116", cudart)
    monkeypatch.setitem(sys.modules, "tensorrt_rtx", made)
    return made


@pytest.fixture
def options(tmp_path: Path) -> RunnerOptions:
    return RunnerOptions("tensorrt", buckets=SMALL, engines=tmp_path / "engines")


def answers(content: bytes, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"input": batch})[0])


@pytest.mark.parametrize("count", [1, 2, 4, 5, 16, 17, 50])
@pytest.mark.parametrize("graphs", [True, False])
def test_every_row_gets_its_own_answer(
    native: FakeTensorRt, options: RunnerOptions, count: int, graphs: bool
) -> None:
    runner = open_tensorrt(network(cnn()), options, graphs=graphs)
    for seed in (1, 2):  # what the first one left behind is in no later answer
        batch = rows(count, CHANNELS, LENGTH, seed=seed)
        assert np.array_equal(runner.predict(batch), answers(cnn(), batch))
    assert bool(native.cudart.launched) == graphs
    assert ("cleared", "tf32") in native.flags


@pytest.mark.usefixtures("native")
def test_answers_are_not_overwritten_by_later_ones(options: RunnerOptions) -> None:
    runner = open_tensorrt(network(mlp()), options)
    first = runner.predict(rows(3, FEATURES, seed=1))
    kept = first.copy()
    runner.predict(rows(3, FEATURES, seed=2))
    assert np.array_equal(first, kept)


@pytest.mark.usefixtures("native")
def test_without_buckets_any_number_goes_as_it_is(options: RunnerOptions) -> None:
    runner = open_tensorrt(network(mlp()), replace(options, buckets=(), most_rows=20))
    for count in (20, 1, 7):
        batch = rows(count, FEATURES)
        assert np.array_equal(runner.predict(batch), answers(mlp(), batch))


@pytest.mark.usefixtures("native")
def test_is_opened_checked_and_in_turn(options: RunnerOptions) -> None:
    runner = open_runner(network(cnn()), options)
    batch = rows(50, CHANNELS, LENGTH)
    with ThreadPoolExecutor(8) as threads:
        for given in threads.map(runner.predict, [batch] * 16):
            assert np.array_equal(given, answers(cnn(), batch))
    assert (runner.signature.row, runner.signature.width) == ((CHANNELS, LENGTH), 3)
    with pytest.raises(InferenceError, match="takes a float32 array"):
        runner.predict(batch[0])


def test_what_answers_otherwise_than_the_cpu_is_refused(
    native: FakeTensorRt, options: RunnerOptions
) -> None:
    native.instead = mlp(seed=8)
    with pytest.raises(InferenceError, match="tensorrt can't run .* its answers differ from"):
        open_runner(network(mlp()), options)


def test_a_second_one_reads_its_engine(native: FakeTensorRt, options: RunnerOptions) -> None:
    first = open_tensorrt(network(mlp()), options).info()
    second = open_tensorrt(network(mlp()), options).info()
    assert native.built == 1
    assert first == second
    assert (first.actual, first.device) == ("tensorrt", "Fake H200 (compute capability 9.0)")
    assert first.versions == {
        "tensorrt": "10.16.1.11",
        "cuda": "13.5",
        "cuda of the driver": "13.0",
    }
    assert first.engine is not None
    (entry,) = EngineCache(options.engines or Path()).entries()
    assert (entry.key.name, entry.key.profile) == (first.engine, (1, 4, 16))
    open_tensorrt(network(mlp()), replace(options, precision="fp16"))
    native.__version__ = "10.17.0"
    open_tensorrt(network(mlp()), options)
    assert native.built == 3


def test_what_no_longer_loads_is_built_again(native: FakeTensorRt, options: RunnerOptions) -> None:
    open_tensorrt(network(mlp()), options)
    native.broken = 1
    open_tensorrt(network(mlp()), options)
    assert native.built == 2
    native.broken = 2
    with pytest.raises(InferenceError, match="TensorRT can't load its engine: the plan is of"):
        open_tensorrt(network(mlp()), options)


def test_an_engine_for_more_rows_serves(native: FakeTensorRt, options: RunnerOptions) -> None:
    built = build_engine(network(mlp()), options, "tensorrt", rows=(1, 64, 64))
    assert open_tensorrt(network(mlp()), options).info().engine == built.entry.key.name
    open_tensorrt(network(mlp()), replace(options, buckets=(1, 128)))
    assert native.built == 2


def test_nothing_stays_on_the_device(native: FakeTensorRt, options: RunnerOptions) -> None:
    runner = open_tensorrt(network(mlp()), options)
    assert native.cudart.held
    runner.close()
    assert not native.cudart.held


def test_rtx_runs_what_was_built_for_its_device_and_keeps_its_kernels(
    rtx: FakeTensorRt, options: RunnerOptions
) -> None:
    options = replace(options, backend="tensorrt-rtx")
    built = build_engine(network(mlp()), options, "tensorrt-rtx", ("SM89", "SM120")).entry
    batch = rows(9, FEATURES)
    runner = open_tensorrt(network(mlp()), options)
    assert np.array_equal(runner.predict(batch), answers(mlp(), batch))
    assert (rtx.built, runner.info().engine) == (1, built.key.name)
    cache = EngineCache(options.engines or Path())
    kept = cache.read(built.key) or {}
    assert sorted(kept) == ["engine.plan", "kernels-8.9.cache"]
    assert kept["kernels-8.9.cache"].count(b"(") == len(SMALL)
    open_tensorrt(network(mlp()), options)
    assert cache.read(built.key) == kept


def test_rtx_says_what_it_does_not_run_on(rtx: FakeTensorRt, options: RunnerOptions) -> None:
    options = replace(options, backend="tensorrt-rtx")
    rtx.cudart.capability = (9, 0)
    with pytest.raises(InferenceError, match=r"Fake H200 .*9\.0\): it is for 7\.5, 8\.0"):
        open_tensorrt(network(mlp()), options)
    rtx.cudart.capability = (13, 0)  # newer than it knows: compiled on the spot
    open_tensorrt(network(mlp()), options)


def test_says_that_there_is_no_device(native: FakeTensorRt, options: RunnerOptions) -> None:
    with pytest.raises(InferenceError, match="no NVIDIA device 1: there are 0 to 0"):
        open_tensorrt(network(mlp()), replace(options, device=1))
    native.cudart.devices = 0
    with pytest.raises(InferenceError, match=r"no NVIDIA device here \(no CUDA-capable .* to auto"):
        open_tensorrt(network(mlp()), options)


def test_says_what_is_not_installed(
    options: RunnerOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(InferenceError, match="TensorRT is not installed.*docs/gpu.md"):
        open_tensorrt(network(mlp()), options)
    cuda = FakeCudart()
    monkeypatch.setitem(sys.modules, "tensorrt", FakeTensorRt("tensorrt", "8.6.1", cuda))
    with pytest.raises(InferenceError, match=r"8\.6\.1 is too old: 10 or newer"):
        open_tensorrt(network(mlp()), options)
    monkeypatch.setitem(sys.modules, "tensorrt", FakeTensorRt("tensorrt", "10.0.1", cuda))
    monkeypatch.setitem(sys.modules, "cuda.bindings.runtime", None)
    with pytest.raises(InferenceError, match="cuda-bindings is not installed"):
        open_tensorrt(network(mlp()), options)


def test_the_device_that_is_none_has_the_real_ones_names() -> None:
    """Of what is installed here: TensorRT-RTX, whose names are TensorRT's and more."""
    real = pytest.importorskip("tensorrt_rtx")
    for name in ("Builder", "OnnxParser", "Runtime", "ILogger", "BuilderFlag", "TensorIOMode"):
        assert hasattr(real, name)
        assert hasattr(FakeTensorRt, name)
    for held, names in {
        "BuilderFlag": ["TF32"],
        "NetworkDefinitionCreationFlag": ["STRONGLY_TYPED"],
        "DynamicShapesKernelSpecializationStrategy": ["EAGER", "NONE"],
        "CudaGraphStrategy": ["WHOLE_GRAPH_CAPTURE", "DISABLED"],
        "IExecutionContext": ["set_tensor_address", "set_input_shape", "execute_async_v3"],
        "ICudaEngine": ["create_runtime_config", "get_tensor_mode", "num_io_tensors"],
        "IRuntimeConfig": ["create_runtime_cache", "set_runtime_cache", "cuda_graph_strategy"],
        "IRuntimeCache": ["serialize", "deserialize"],
    }.items():
        assert not [name for name in names if not hasattr(getattr(real, held), name)]
    assert import_module("tensorrt_rtx").ComputeCapability.__members__
