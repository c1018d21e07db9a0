"""The module of TensorRT or of TensorRT-RTX, whose names are the same, and what it tells."""

import re
from importlib import import_module
from typing import Any

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.cuda import Device
from aitrader_core.inference.engine_key import Runtime
from aitrader_core.inference.options import WAY_OUT

TensorRt = Any  # the module: it has no types
MODULES = {"tensorrt": "tensorrt", "tensorrt-rtx": "tensorrt_rtx"}
TITLES = {"tensorrt": "TensorRT", "tensorrt-rtx": "TensorRT-RTX"}
_OLDEST = {"tensorrt": 10, "tensorrt-rtx": 1}
_PACKAGES = {"tensorrt": "tensorrt-cu13", "tensorrt-rtx": "tensorrt-rtx-cu13"}
_LONGEST = 300  # characters of what it says, in a sentence of ours


def load_tensorrt(backend: Runtime) -> TensorRt:
    """InferenceError where it is not installed, can't be loaded, or is too old."""
    title = TITLES[backend]
    try:
        module = import_module(MODULES[backend])
    except ImportError as error:
        reason = f" ({error})" if not isinstance(error, ModuleNotFoundError) else ""
        raise InferenceError(
            f"{title} is not installed{reason}: install {_PACKAGES[backend]} "
            f"as docs/gpu.md says, or {WAY_OUT}"
        ) from error
    if int(module.__version__.split(".")[0]) < (oldest := _OLDEST[backend]):
        raise InferenceError(
            f"{title} {module.__version__} is too old: {oldest} or newer is needed, "
            f"install {_PACKAGES[backend]} as docs/gpu.md says"
        )
    return module


def supported(module: TensorRt) -> list[str]:
    """The compute capabilities that TensorRT-RTX has kernels for, in rising order: 8.9 is SM89."""
    names = module.ComputeCapability.__members__
    found = [int(name[2:]) for name in names if re.fullmatch(r"SM\d+", name)]
    return [f"{number // 10}.{number % 10}" for number in sorted(found)]


def check_supported(module: TensorRt, device: Device) -> None:
    """InferenceError for a device that TensorRT-RTX can't run on; it runs on newer ones."""
    known = supported(module)
    mine = _ordered(device.compute_capability)
    if device.compute_capability not in known and mine < _ordered(known[-1]):
        raise InferenceError(
            f"TensorRT-RTX {module.__version__} does not run on {device}: it is for "
            f"{', '.join(known)}; use the backend tensorrt or ort-cuda there"
        )


def telling(module: TensorRt) -> Any:
    """A logger that prints nothing and keeps what went wrong in `told`."""

    severities = module.ILogger.Severity

    class Telling(module.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            module.ILogger.__init__(self)
            self.told: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (severities.ERROR, severities.INTERNAL_ERROR):
                self.told.append(message)

        @property
        def reason(self) -> str:
            """The first of it, in one line."""
            return _plain(self.told[0]) if self.told else "it does not say why"

    return Telling()


def _plain(message: str) -> str:
    """Without the names and places of its own source."""
    text = re.sub(r"^[\w:]+: Error Code \d+: [\w ]+ \((\[[^]]*\] )?", "", message)
    text = re.sub(r"\(?\bIn \w+ at \S+\)?", "", text)
    return " ".join(text.split())[:_LONGEST].strip(" ().")


def _ordered(compute_capability: str) -> tuple[int, ...]:
    return tuple(map(int, compute_capability.split(".")))
