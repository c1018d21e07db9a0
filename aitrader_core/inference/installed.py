"""The packages of ONNX Runtime: one of two may be installed."""

from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from aitrader_core.domain.errors import InferenceError

PACKAGES = ("onnxruntime", "onnxruntime-gpu")
_FATAL = 4  # of onnxruntime's five severities


def refuse_two_runtimes() -> None:
    """They overwrite each other's files, and then run what neither of them is."""
    found = [f"{name} {there}" for name in PACKAGES if (there := _version(name))]
    if len(found) > 1:
        raise InferenceError(
            f"{' and '.join(found)} are both installed and overwrite each other: uninstall both, "
            "then install the one that you want"
        )


def onnxruntime() -> ModuleType:
    """Its module, with its own log silenced: what is wrong is told once, by us."""
    refuse_two_runtimes()
    try:
        import onnxruntime as ort
    except ImportError as error:
        raise InferenceError(
            f"onnxruntime can't be imported ({error}): install aitrader[cpu], or aitrader[gpu] "
            "on a machine with an NVIDIA device"
        ) from error
    ort.set_default_logger_severity(_FATAL)
    module: ModuleType = ort
    return module


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
