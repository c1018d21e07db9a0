"""NVIDIA devices by cuda-bindings: which one is there, its memory, its stream, its graphs."""

import ctypes
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.options import WAY_OUT

_DRIVER = Path("/proc/driver/nvidia/version")

Graph = Any  # of cuda-bindings, which has no types: an executable graph
Stream = Any


@dataclass(frozen=True, slots=True)
class Device:
    """`compute_capability` as in "9.0"; `versions` of driver and CUDA."""

    number: int
    name: str
    compute_capability: str
    versions: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} (compute capability {self.compute_capability})"


class Cuda:
    """The calls that we make, on one device; each raises InferenceError with what CUDA says."""

    def __init__(self, number: int) -> None:
        """InferenceError where there is no such device, or no package to speak to it."""
        self._cudart = _cudart()
        self.device = self._found(number)

    def use(self) -> None:
        """Of this thread, which may be another one than that which opened the network."""
        self._ask("cudaSetDevice", self.device.number)

    def stream(self) -> Stream:
        """One that waits for no other; nothing can be captured on the default one."""
        return self._ask("cudaStreamCreateWithFlags", self._cudart.cudaStreamNonBlocking)

    def wait(self, stream: Stream) -> None:
        self._ask("cudaStreamSynchronize", stream)

    def memory(self, size: int) -> int:
        """The address of `size` bytes on the device."""
        return int(self._ask("cudaMalloc", size))

    def pinned(self, rows: int, row: tuple[int, ...]) -> NDArray[np.float32]:
        """Zeros on the host that the device reads and writes by itself."""
        count = rows * int(np.prod(row))
        address = int(self._ask("cudaMallocHost", 4 * count))
        held = (ctypes.c_float * count).from_address(address)
        made: NDArray[np.float32] = np.ctypeslib.as_array(held).reshape(rows, *row)
        made[:] = 0
        return made

    def upload(self, address: int, given: NDArray[np.float32], stream: Stream) -> None:
        kind = self._cudart.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._ask("cudaMemcpyAsync", address, given.ctypes.data, given.nbytes, kind, stream)

    def download(self, taken: NDArray[np.float32], address: int, stream: Stream) -> None:
        kind = self._cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._ask("cudaMemcpyAsync", taken.ctypes.data, address, taken.nbytes, kind, stream)

    def captured(self, stream: Stream, work: Callable[[], None]) -> Graph:
        """`work` as a graph, recorded and not done. Other threads may allocate meanwhile."""
        mode = self._cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        self._ask("cudaStreamBeginCapture", stream, mode)
        try:
            work()
        finally:
            graph = self._ask("cudaStreamEndCapture", stream)
        try:
            return self._ask("cudaGraphInstantiate", graph, 0)
        finally:
            self._ask("cudaGraphDestroy", graph)

    def launch(self, graph: Graph, stream: Stream) -> None:
        self._ask("cudaGraphLaunch", graph, stream)

    def free(self, *addresses: int) -> None:
        for address in addresses:
            self._ask("cudaFree", address)

    def free_pinned(self, *arrays: NDArray[np.float32]) -> None:
        for array in arrays:
            self._ask("cudaFreeHost", array.ctypes.data)

    def free_graph(self, graph: Graph) -> None:
        self._ask("cudaGraphExecDestroy", graph)

    def _found(self, number: int) -> Device:
        count, reason = self._try("cudaGetDeviceCount")
        if reason or not count:
            reason = f" ({reason})" if reason else ""
            raise InferenceError(f"there is no NVIDIA device here{reason}: {WAY_OUT}")
        if number >= count:
            raise InferenceError(f"there is no NVIDIA device {number}: there are 0 to {count - 1}")
        told = self._ask("cudaGetDeviceProperties", number)
        versions = {
            "cuda": _dotted(self._ask("cudaRuntimeGetVersion")),
            "cuda of the driver": _dotted(self._ask("cudaDriverGetVersion")),
        }
        name = bytes(told.name).split(b"\0")[0].decode()
        return Device(number, name, f"{told.major}.{told.minor}", versions | driver_version())

    def _ask(self, call: str, *arguments: Any) -> Any:
        answer, reason = self._try(call, *arguments)
        if reason:
            raise InferenceError(f"the NVIDIA device failed in {call}: {reason}")
        return answer

    def _try(self, call: str, *arguments: Any) -> tuple[Any, str]:
        """The answer, and why there is none."""
        error, *values = getattr(self._cudart, call)(*arguments)
        if int(error):
            told = self._cudart.cudaGetErrorString(error)[1]
            return None, told.decode() if isinstance(told, bytes) else str(told)
        return (values[0] if values else None), ""


def driver_version() -> dict[str, str]:
    """The kernel's driver, where there is one: `{"driver": "580.65.06"}`."""
    try:
        found = re.search(r"\b\d{3}\.\d+(\.\d+)?\b", _DRIVER.read_text())
    except OSError:
        return {}
    return {"driver": found[0]} if found else {}


def _cudart() -> Any:
    try:
        return import_module("cuda.bindings.runtime")
    except ImportError as error:
        raise InferenceError(
            "cuda-bindings is not installed: install the extra gpu as docs/gpu.md says, "
            f"or {WAY_OUT}"
        ) from error


def _dotted(version: int) -> str:
    """13010 is 13.1."""
    return f"{version // 1000}.{version % 1000 // 10}"
