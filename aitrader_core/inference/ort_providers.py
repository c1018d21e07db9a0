"""What ONNX Runtime's providers for NVIDIA devices need, and how they are told what to do."""

import ctypes
import re
from contextlib import redirect_stdout, suppress
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Literal

from aitrader_core.inference.buckets import profile
from aitrader_core.inference.cuda_device import cuda_device
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.ort_session import Ports

DeviceBackend = Literal["ort-cuda", "ort-tensorrt"]

PROVIDERS: dict[DeviceBackend, str] = {
    "ort-cuda": "CUDAExecutionProvider",
    "ort-tensorrt": "TensorrtExecutionProvider",
}
# What onnxruntime-gpu 1.31's TensorRT provider is linked with, whatever TensorRT is newest.
CUDNN = "libcudnn.so.9"
TENSORRT, TENSORRT_MAJOR = ("libnvinfer.so.10", "libnvonnxparser.so.10"), 10


def absence(ort: ModuleType, backend: DeviceBackend, device: int) -> str | None:
    """Why there is nothing here that could run it, and the way out; None where there is."""
    if PROVIDERS[backend] not in ort.get_available_providers():
        return (
            f"this installation's onnxruntime {ort.__version__} is built for the CPU: install "
            "aitrader[gpu] instead of aitrader[cpu]"
        )
    try:
        cuda_device(device)
    except LookupError as error:
        return f"{error}: run it on a machine with an NVIDIA device and its driver"
    return None


def missing(ort: ModuleType, backend: DeviceBackend) -> str | None:
    """The libraries that can't be loaded, and the way out; None when all of them are loaded now."""
    printed = StringIO()
    with redirect_stdout(printed):  # it prints what it can't load
        ort.preload_dlls()
    lost = re.findall(r"Failed to load (\S+?):", printed.getvalue())
    if backend == "ort-tensorrt" and not _load(CUDNN):
        lost.append(CUDNN)  # without which the other one runs
    if lost:
        return (
            f"libraries of CUDA {ort.cuda_version} can't be loaded ({', '.join(lost)}): install "
            "onnxruntime-gpu[cuda,cudnn]"
        )
    if backend == "ort-tensorrt" and (lost := [name for name in TENSORRT if not _load(name)]):
        return (
            f"onnxruntime {ort.__version__} is linked with TensorRT {TENSORRT_MAJOR}, of which "
            f"{' and '.join(lost)} can't be loaded: install tensorrt-cu13 "
            f"{TENSORRT_MAJOR}, or ask for the backend tensorrt, which runs on TensorRT "
            f"{TENSORRT_MAJOR + 1}"
        )
    return None


def tensorrt_version() -> str:
    """Of the library that was loaded: 101300 is 10.13.0."""
    number = ctypes.CDLL(TENSORRT[0]).getInferLibVersion()
    return f"{number // 10_000}.{number // 100 % 100}.{number % 100}"


def cuda_options(options: RunnerOptions, *, graphs: bool) -> dict[str, str]:
    """Full precision, and the same algorithms each time: a heuristic chooses them, no stopwatch."""
    return {
        "device_id": str(options.device),
        "use_tf32": "0",
        "cudnn_conv_algo_search": "HEURISTIC",
        "enable_cuda_graph": "1" if graphs else "0",
    }


def tensorrt_options(
    options: RunnerOptions, ports: Ports, row: tuple[int, ...], folder: Path, *, graphs: bool
) -> dict[str, str]:
    """`folder` is where it keeps its engine and timings. It takes no 1 and 0 for True and False."""
    least, best, most = (
        f"{ports.asked}:" + "x".join(map(str, (rows, *row))) for rows in profile(options)
    )
    return {
        "device_id": str(options.device),
        "trt_profile_min_shapes": least,
        "trt_profile_opt_shapes": best,
        "trt_profile_max_shapes": most,
        "trt_engine_cache_enable": "True",
        "trt_engine_cache_path": str(folder),
        "trt_timing_cache_enable": "True",
        "trt_timing_cache_path": str(folder),
        "trt_fp16_enable": str(options.precision == "fp16"),
        "trt_cuda_graph_enable": str(graphs),
    }


def _load(name: str) -> bool:
    """From the package tensorrt_libs, which no loader looks into, or from where loaders look."""
    package = find_spec("tensorrt_libs")
    folders = [Path(place) for place in package.submodule_search_locations or ()] if package else []
    for path in (*(str(folder / name) for folder in folders), name):
        with suppress(OSError):
            ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
            return True
    return False
