"""What this machine has to run networks on."""

from functools import cache

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.cuda import Cuda
from aitrader_core.inference.cuda_device import cuda_device
from aitrader_core.inference.engines import NATIVE, native
from aitrader_core.inference.installed import onnxruntime
from aitrader_core.inference.options import Backend
from aitrader_core.inference.ort_providers import DeviceBackend, absence, missing
from aitrader_core.inference.tensorrt_module import check_supported, load_tensorrt

DEVICE_BACKENDS: tuple[Backend, ...] = ("ort-cuda", "ort-tensorrt", "tensorrt", "tensorrt-rtx")


def no_device() -> str | None:
    """Why there is no NVIDIA device; None where there is one."""
    try:
        cuda_device(0)
    except LookupError as error:
        return f"no NVIDIA device: {error}"
    return None


@cache
def not_here(backend: Backend) -> str | None:
    """Why `backend` can't be tried: it is not installed, or not for this device. What comes after
    that is no reason to skip a test, but one to fail it."""
    if why := no_device():
        return why
    if backend not in NATIVE:
        of: DeviceBackend = "ort-tensorrt" if backend == "ort-tensorrt" else "ort-cuda"
        return absence(onnxruntime(), of, 0) or missing(onnxruntime(), of)
    try:
        module = load_tensorrt(native(backend))
        device = Cuda(0).device
        if backend == "tensorrt-rtx":
            check_supported(module, device)
    except InferenceError as error:
        return str(error)
    return None
