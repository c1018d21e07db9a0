"""What can't be opened, and where: each a sentence that names it and the way out."""

import builtins
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference import installed
from aitrader_core.inference.network import Network
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import Backend, RunnerOptions
from aitrader_core.inference.ort_session import reason
from tests.inference import odd
from tests.inference.devices import no_device
from tests.inference.networks import mlp, network, rows

CPU = RunnerOptions("ort-cpu")
IS_BUILT_FOR_THE_CPU = "CUDAExecutionProvider" not in onnxruntime.get_available_providers()

BAD: Mapping[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty: restore it, or train it again"),
    "no ONNX": (b"<html>not found</html>", "can't be loaded: it is no ONNX file, or torn: restore"),
    "torn": (mlp()[:500], "can't be loaded: it is no ONNX file, or torn: restore it, or train"),
    "no graph": (b"\x08\x08", "can't be loaded: there is no network in it: restore it"),
    "opset": (
        odd.changed("opset", 99),
        r"is of opset 99, which onnxruntime 1\.\S+ doesn't know: export it for an older one",
    ),
    "IR": (
        odd.changed("ir", 99),
        r"is of ONNX IR version 99, and onnxruntime 1\.\S+ knows \d+ at most: export it for",
    ),
    "operator": (
        odd.unknown(),
        r"can't be loaded by onnxruntime 1\.\S+ \(This is an invalid model\): export it again",
    ),
    "two inputs": (odd.summed(), "has 2 inputs and 1 outputs: export it with one of each"),
    "float64": (
        odd.passed(["rows", 4], ["rows", 4], kind=TensorProto.DOUBLE),
        r"has the input input of double \[rows, 4\]: export it with float32 and a dynamic batch",
    ),
    "fixed batch": (
        odd.passed([5, 4], [5, 4]),
        r"has the input input of float \[5, 4\]: export it with float32 and a dynamic batch",
    ),
    "open row": (odd.passed(["rows", "many"], ["rows", "many"]), r"input input of float \[rows, m"),
    "no row": (odd.passed(["rows"], ["rows"]), r"takes input of float \[rows\]: export it with an"),
    "doubled": (
        odd.doubled(),
        r"answers 3 rows with \[6, 4\] instead of \[3, 4\]: export it with an output for each row",
    ),
    "neighbourly": (
        odd.neighbourly(),
        "answers a row otherwise when others are asked with it: export one that looks at each",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_network_is_refused(name: str) -> None:
    content, told = BAD[name]
    with pytest.raises(InferenceError, match=told) as refused:
        open_runner(network(content, "bad"), CPU)
    assert str(refused.value).startswith("bad.onnx ")
    assert "\n" not in str(refused.value)
    assert "onnxruntime_src" not in str(refused.value)


@pytest.mark.parametrize("name", ["empty", "torn", "opset", "two inputs"])
def test_no_backend_and_no_precision_makes_it_another_fault(name: str) -> None:
    content, _ = BAD[name]
    for options in (RunnerOptions(), RunnerOptions("ort-cuda", strict=False)):
        with pytest.raises(InferenceError, match=BAD[name][1]):
            open_runner(network(content, "bad"), options)
    with pytest.raises(InferenceError, match=r"^bad\.onnx"):
        open_runner(network(content, "bad"), RunnerOptions("ort-cpu", "fp16"))


def test_an_unusual_one_is_run_where_it_can_be() -> None:
    runner = open_runner(network(odd.logarithm()), CPU)
    assert runner.signature.row == (4,)
    assert runner.signature.width == 1
    assert runner.signature.metadata == {"aitrader.features": "daily-1"}
    asked = rows(3, 4) ** 2
    wanted = np.log(asked.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(runner.predict(asked), wanted, rtol=1e-5)
    with pytest.raises(InferenceError, match="answers nan to row 0, which goes up to 1: scale its"):
        runner.predict(-np.ones((1, 4), np.float32))


def test_onnxruntimes_words_are_cut_to_what_is_of_use() -> None:
    assert reason(
        "[ONNXRuntimeError] : 1 : FAIL : Node () Op (Gemm) went. Then more\nand more"
    ) == ("Node () Op (Gemm) went")
    source = (
        "[ONNXRuntimeError] : 1 : FAIL : /src/model.cc:25 a::B::C(d&&, e<f(), 3>) It broke (so)\n"
    )
    assert reason(source) == "It broke (so)"
    assert reason("plain words: ") == "plain words"
    assert len(reason("long " * 200)) <= 200


@pytest.mark.skipif(not IS_BUILT_FOR_THE_CPU, reason="onnxruntime-gpu is installed")
@pytest.mark.parametrize("backend", ["ort-cuda", "ort-tensorrt"])
def test_a_device_is_not_asked_of_what_is_built_for_the_cpu(backend: Backend) -> None:
    with pytest.raises(InferenceError) as refused:
        open_runner(network(mlp()), RunnerOptions(backend))
    version = onnxruntime.__version__
    assert str(refused.value) == (
        f"{backend} was asked for, but this installation's onnxruntime {version} is built for the "
        "CPU: install aitrader[gpu] instead of aitrader[cpu], or set AITRADER_INFERENCE_BACKEND to "
        "auto"
    )
    runner = open_runner(network(mlp()), RunnerOptions(backend, strict=False))
    info = runner.info()
    assert (info.requested, info.actual, info.device) == (backend, "ort-cpu", "CPU")
    assert info.fallback == str(refused.value).removesuffix(
        ", or set AITRADER_INFERENCE_BACKEND to auto"
    )
    assert runner.predict(rows(2, 32)).shape == (2, 3)


@pytest.mark.skipif(not IS_BUILT_FOR_THE_CPU, reason="onnxruntime-gpu is installed")
def test_auto_is_the_cpu_where_there_is_no_device_and_tells_of_no_trouble() -> None:
    info = open_runner(network(mlp()), RunnerOptions()).info()
    assert (info.requested, info.actual, info.fallback) == ("auto", "ort-cpu", None)
    assert info.versions == {"onnxruntime": onnxruntime.__version__}
    assert "fallback" not in info.told


@pytest.mark.parametrize("backend", ["tensorrt", "tensorrt-rtx"])
def test_native_tensorrt_is_not_replaced_in_silence(backend: Backend) -> None:
    if no_device() is None:
        pytest.skip("there is a device")
    with pytest.raises(InferenceError, match="AITRADER_INFERENCE_BACKEND"):
        open_runner(network(mlp()), RunnerOptions(backend))
    info = open_runner(network(mlp()), RunnerOptions(backend, strict=False)).info()
    assert info.actual == "ort-cpu"
    assert info.fallback


@pytest.mark.parametrize("backend", ["auto", "ort-cpu", "ort-cuda", "tensorrt"])
def test_two_runtimes_are_refused_before_either_is_imported(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "version", lambda _: "1.31.1")
    monkeypatch.setattr(builtins, "__import__", _without("onnxruntime", builtins.__import__))
    told = (
        r"^onnxruntime 1\.31\.1 and onnxruntime-gpu 1\.31\.1 are both installed and overwrite each "
        "other: uninstall both, then install the one that you want$"
    )
    with pytest.raises(InferenceError, match=told):
        open_runner(network(mlp()), RunnerOptions(backend))


def test_no_runtime_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    told = r"^onnxruntime can't be imported \(.*\): install aitrader\[cpu\], or aitrader\[gpu\] on"
    for backend in ("auto", "ort-cpu", "ort-cuda"):
        with pytest.raises(InferenceError, match=told):
            open_runner(network(mlp()), RunnerOptions(backend))


def test_half_precision_that_can_not_be_had_is_told_of_its_file() -> None:
    large = Network("large", Path("large.onnx"), mlp(scale=1e7))
    with pytest.raises(InferenceError, match=r"^large\.onnx: the network has the number"):
        open_runner(large, RunnerOptions("ort-cpu", "fp16"))
    assert open_runner(network(mlp()), RunnerOptions("ort-cpu", "fp16")).info().precision == "fp16"


def _without(name: str, really: Any) -> Any:
    def imported(asked: str, *others: Any, **more: Any) -> Any:
        assert asked != name, f"{name} was imported"
        return really(asked, *others, **more)

    return imported
