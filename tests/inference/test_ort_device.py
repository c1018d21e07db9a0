"""ONNX Runtime on a device, on a machine that only pretends to have one."""

from pathlib import Path

import numpy as np
import pytest

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.engine_cache import EngineCache
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import Backend, RunnerOptions
from tests.inference.networks import cnn, mlp, network, rows
from tests.inference.pretended import CUDA, TENSORRT, Machine, pretend

BUCKETS = (1, 8, 64)
WAY_OUT = ", or set AITRADER_INFERENCE_BACKEND to auto"


def asked(backend: Backend, **more: object) -> RunnerOptions:
    return RunnerOptions(backend, buckets=BUCKETS, **more)  # type: ignore[arg-type]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return pretend(monkeypatch, Machine())


def same(one: RunnerOptions, content: bytes) -> None:
    """Asked in any size and order, it answers what the CPU does."""
    runner = open_runner(network(content), one)
    on_cpu = open_runner(network(content), RunnerOptions("ort-cpu", one.precision))
    for size in (1, 5, 64, 200, 8, 1, 65):
        batch = rows(size, *runner.signature.row, seed=size)
        np.testing.assert_allclose(runner.predict(batch), on_cpu.predict(batch), atol=1e-5)


def test_cuda_has_one_session_and_a_graph_of_each_bucket(machine: Machine) -> None:
    same(asked("ort-cuda"), cnn())
    (session,) = machine.sessions
    assert session.provider == CUDA
    assert session.graphs == [1, 2, 3]  # 0 is its own
    assert session.options == {
        "device_id": "0",
        "use_tf32": "0",
        "cudnn_conv_algo_search": "HEURISTIC",
        "enable_cuda_graph": "1",
    }


def test_tensorrt_has_a_session_for_each_bucket_and_one_engine(
    machine: Machine, tmp_path: Path
) -> None:
    options = asked("ort-tensorrt", engines=tmp_path / "engines")
    same(options, cnn())
    assert [session.graphs for session in machine.sessions] == [[0], [0], [0]]
    (entry,) = EngineCache(tmp_path / "engines").entries()
    folder = tmp_path / "engines" / entry.key.name
    for session in machine.sessions:
        assert session.provider == TENSORRT
        assert session.options == {
            "device_id": "0",
            "trt_profile_min_shapes": "input:1x3x32",
            "trt_profile_opt_shapes": "input:8x3x32",
            "trt_profile_max_shapes": "input:64x3x32",
            "trt_engine_cache_enable": "True",
            "trt_engine_cache_path": str(folder),
            "trt_timing_cache_enable": "True",
            "trt_timing_cache_path": str(folder),
            "trt_fp16_enable": "False",
            "trt_cuda_graph_enable": "True",
        }
    assert (entry.key.runtime, entry.key.profile) == ("ort-tensorrt", (1, 8, 64))
    assert entry.key.version == "1.31.1 10.13.0"
    info = open_runner(network(cnn()), options).info()
    assert (info.engine, info.versions["tensorrt"]) == (entry.key.name, "10.13.0")
    assert [e.key for e in EngineCache(tmp_path / "engines").entries()] == [entry.key]


def test_without_a_folder_of_engines_nothing_is_kept(machine: Machine) -> None:
    same(asked("ort-tensorrt", precision="fp16"), mlp())
    kept = Path(machine.sessions[0].options["trt_engine_cache_path"])
    assert not kept.exists()
    assert machine.sessions[0].options["trt_fp16_enable"] == "True"


@pytest.mark.usefixtures("machine")
def test_auto_takes_the_device_that_works() -> None:
    info = open_runner(network(mlp()), asked("auto")).info()
    assert (info.requested, info.actual, info.fallback) == ("auto", "ort-cuda", None)
    assert info.device == "NVIDIA H200 (compute capability 9.0)"
    assert info.versions["cuda"] == info.versions["cuda of the driver"] == "13.0"


def test_without_buckets_a_batch_goes_as_it_is_and_no_graph_is_captured(machine: Machine) -> None:
    options = RunnerOptions("ort-cuda", buckets=(), most_rows=300)
    same(options, mlp())
    assert [session.options["enable_cuda_graph"] for session in machine.sessions] == ["0"]
    assert open_runner(network(mlp()), options).info().device.endswith(", without graphs")


def test_graphs_that_answer_for_another_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = pretend(monkeypatch, Machine(lies=True))
    same(asked("ort-cuda"), mlp())
    assert [s.options["enable_cuda_graph"] for s in machine.sessions] == ["1", "0"]
    assert ", without graphs" in open_runner(network(mlp()), asked("ort-cuda")).info().device


@pytest.mark.parametrize("backend", ["ort-cuda", "ort-tensorrt"])
def test_a_session_that_turned_to_the_cpu_is_none(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, Machine(turns=True))
    told = (
        f"{backend} was asked for, but onnxruntime 1.31.1 turned to CPUExecutionProvider: it is "
        "made for CUDA 13.0, and the driver of the NVIDIA H200 runs CUDA 13.0 at most: update the "
        "driver"
    )
    with pytest.raises(InferenceError) as refused:
        open_runner(network(mlp()), asked(backend))
    assert str(refused.value) == told + WAY_OUT
    info = open_runner(network(mlp()), asked(backend, strict=False)).info()
    assert (info.actual, info.fallback) == ("ort-cpu", told)


def test_auto_says_why_a_device_that_is_there_does_not_run_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = (
        "[ONNXRuntimeError] : 1 : FAIL : /src/cuda.cc:9 void it(int) CUDA failure 2: out of memory"
    )
    pretend(monkeypatch, Machine(fails=said))
    info = open_runner(network(mlp()), asked("auto")).info()
    assert info.actual == "ort-cpu"
    assert info.fallback == (
        "ort-cuda was tried, but the NVIDIA H200 can't run small.onnx (CUDA failure 2: out of "
        "memory): see docs/gpu.md"
    )
    with pytest.raises(InferenceError, match="ort-cuda was tried, but the NVIDIA H200 can't run"):
        open_runner(network(mlp()), asked("auto", strict=True))
