"""Engines of TensorRT-RTX, which are really built here: no device is needed for that."""

from pathlib import Path

import pytest

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.engine_cache import PLAN, EngineCache
from aitrader_core.inference.engines import build_engine
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from tests.inference.networks import cnn, mlp, network

rtx = pytest.importorskip(
    "tensorrt_rtx", reason="tensorrt-rtx-cu13 is not installed: its wheels are for Linux x86-64"
)


@pytest.fixture
def options(tmp_path: Path) -> RunnerOptions:
    return RunnerOptions("tensorrt-rtx", engines=tmp_path, most_rows=4096)


def cache(options: RunnerOptions) -> EngineCache:
    assert options.engines is not None
    return EngineCache(options.engines)


def test_is_built_without_a_device_for_any_number_of_rows(options: RunnerOptions) -> None:
    built = build_engine(network(cnn()), options, "tensorrt-rtx", rows=(1, 256, 4096))
    assert built.is_new
    key = built.entry.key
    assert (key.runtime, key.version, key.precision) == ("tensorrt-rtx", rtx.__version__, "fp32")
    assert (key.profile, key.compute_capability) == ((1, 256, 4096), "8.0+")
    assert key.digest == network(cnn()).digest
    files = cache(options).read(key)
    assert files is not None
    assert len(files[PLAN]) > 100_000
    again = build_engine(network(cnn()), options, "tensorrt-rtx", rows=(1, 256, 4096))
    assert (again.is_new, again.entry.key) == (False, key)


def test_rows_precision_and_devices_make_another_one(options: RunnerOptions) -> None:
    half = RunnerOptions("tensorrt-rtx", "fp16", engines=options.engines, most_rows=4096)
    made = [
        build_engine(network(mlp()), options, "tensorrt-rtx"),
        build_engine(network(mlp()), options, "tensorrt-rtx", rows=(1, 1, 1)),
        build_engine(network(mlp()), options, "tensorrt-rtx", ("SM120", "8.9")),
        build_engine(network(mlp()), half, "tensorrt-rtx"),
        build_engine(network(cnn()), options, "tensorrt-rtx"),
    ]
    assert all(built.is_new for built in made)
    assert len({built.entry.key.name for built in made}) == len(made)
    assert made[2].entry.key.compute_capability == "8.9,12.0"
    plans = {bytes((cache(options).read(b.entry.key) or {})[PLAN]) for b in made}
    assert len(plans) == len(made)


def test_says_what_it_does_not_build_for(options: RunnerOptions) -> None:
    with pytest.raises(InferenceError, match=r"does not build for SM90: it is for 7\.5, 8\.0,"):
        build_engine(network(mlp()), options, "tensorrt-rtx", ("SM90",))
    with pytest.raises(InferenceError, match="builds for the device that it runs on"):
        build_engine(network(mlp()), options, "ort-tensorrt", ("SM89",))


def test_says_what_it_cannot_read(options: RunnerOptions) -> None:
    with pytest.raises(InferenceError, match="TensorRT can't read torn: .*ModelProto|parse"):
        build_engine(network(mlp()[:-100], "torn"), options, "tensorrt-rtx")
    with pytest.raises(InferenceError, match=r"small takes \(8, 32\): its first dimension"):
        build_engine(of_eight_rows(), options, "tensorrt-rtx")
    assert cache(options).entries() == []


def test_says_what_a_device_cannot_compute(options: RunnerOptions) -> None:
    with pytest.raises(
        InferenceError, match=r"small for 7\.5: Cannot compile .*\(SM75\): \w.*[^.]$"
    ):
        build_engine(network(cnn()), options, "tensorrt-rtx", ("7.5",))


def of_eight_rows() -> Network:
    import onnx

    model = onnx.load_from_string(mlp())
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 8
    return network(model.SerializeToString())
