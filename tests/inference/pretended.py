"""A machine with an NVIDIA device, on the CPU: ONNX Runtime as its documentation has it.

What is captured is what ran first under its number, at the addresses that it ran with, and from
then on whatever is bound is not looked at: by the CUDA provider for each number, by TensorRT's for
the session. Who forgets that gets wrong answers here, too.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import onnxruntime as ort

from aitrader_core.inference import ort_device, ort_providers
from aitrader_core.inference.cuda_device import CudaDevice

H200 = CudaDevice("NVIDIA H200", "9.0", "13.0")
CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"


class Machine:
    """Stands where the module onnxruntime does.

    `fails` is said of every session on the device; `lies` makes it forget numbers of graphs;
    `turns` makes every session one of the CPU.
    """

    __version__, cuda_version = "1.31.1", "13.0"
    SessionOptions, RunOptions, capi = ort.SessionOptions, ort.RunOptions, ort.capi

    def __init__(self, *, fails: str = "", lies: bool = False, turns: bool = False) -> None:
        self.fails, self.lies, self.turns = fails, lies, turns
        self.sessions: list[Session] = []
        self.OrtValue = SimpleNamespace(ortvalue_from_shape_and_type=_on_the_host)

    def get_available_providers(self) -> list[str]:
        return [TENSORRT, CUDA, "CPUExecutionProvider"]

    def preload_dlls(self) -> None: ...

    def InferenceSession(  # noqa: N802 - its name
        self,
        content: bytes,
        told: Any,
        providers: Sequence[tuple[str, Mapping[str, str]]],
        enable_fallback: int,
    ) -> Any:
        ((provider, options),) = providers
        assert enable_fallback == 0
        if provider == "CPUExecutionProvider":
            return ort.InferenceSession(content, told, providers=[provider])
        if self.fails:
            raise RuntimeError(self.fails)
        if self.turns and _forbids_the_cpu(told):
            raise RuntimeError("graph nodes that are assigned to the default CPU EP, but ...")
        session = Session(
            content, "CPUExecutionProvider" if self.turns else provider, options, self
        )
        self.sessions.append(session)
        return session


class Session:
    def __init__(
        self, content: bytes, provider: str, options: Mapping[str, str], machine: Machine
    ) -> None:
        self._real = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
        self.provider, self.options, self._machine = provider, dict(options), machine
        self._captured: dict[int, tuple[Any, int]] = {}
        self.io_binding, self.run = self._real.io_binding, self._real.run
        for file in ("trt_engine_cache_path", "trt_timing_cache_path"):
            if file in options:
                (Path(options[file]) / f"{file}.bin").write_bytes(b"built")

    @property
    def graphs(self) -> list[int]:
        return sorted(self._captured)

    def get_providers(self) -> list[str]:
        return [self.provider, "CPUExecutionProvider"]

    def disable_fallback(self) -> None: ...

    def run_with_iobinding(self, binding: Any, told: Any) -> None:
        number = self._number(told)
        if number is not None:
            thread = threading.get_ident()
            binding, owner = self._captured.setdefault(number, (binding, thread))
            assert owner == thread, "a graph was run by another thread than its own"
        self._real.run_with_iobinding(binding)

    def _number(self, told: Any) -> int | None:
        if self.options.get("trt_cuda_graph_enable") == "True":
            return 0
        if self.options.get("enable_cuda_graph") != "1":
            return None
        try:
            return 0 if self._machine.lies else int(told.get_run_config_entry("gpu_graph_id"))
        except RuntimeError:
            return 0


def _forbids_the_cpu(told: Any) -> bool:
    try:
        return bool(told.get_session_config_entry("session.disable_cpu_ep_fallback") == "1")
    except RuntimeError:
        return False


def pretend(monkeypatch: Any, machine: Machine) -> Machine:
    """That this is it."""
    for module in (ort_device, ort_providers):
        monkeypatch.setattr(module, "cuda_device", lambda _: H200)
    monkeypatch.setattr(ort_device, "missing", lambda *_: None)
    monkeypatch.setattr(ort_device, "tensorrt_version", lambda: "10.13.0")
    monkeypatch.setattr(ort_device, "onnxruntime", lambda: machine)
    monkeypatch.setattr("aitrader_core.inference.opening.onnxruntime", lambda: machine)
    return machine


def _on_the_host(shape: Sequence[int], kind: Any, device: str, number: int) -> Any:
    assert (device, number) == ("cuda", 0)
    return ort.OrtValue.ortvalue_from_shape_and_type(shape, kind, "cpu", 0)
