"""Opens a network on the backend that was asked for, or says why it can't run there."""

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.buckets import profile
from aitrader_core.inference.installed import onnxruntime, refuse_two_runtimes
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import WAY_OUT, RunnerOptions
from aitrader_core.inference.runner import InferenceRunner


def open_runner(network: Network, options: RunnerOptions) -> InferenceRunner:
    """Loaded and warm. InferenceError says in one sentence what stands in the way."""
    from aitrader_core.inference.ort_cpu import open_on_cpu

    refuse_two_runtimes()
    if options.backend == "ort-cpu" or (options.backend == "auto" and not _has_device(options)):
        return open_on_cpu(network, options)
    try:
        return _open_on_device(network, options)
    except InferenceError as error:
        if options.is_strict:
            raise
        return open_on_cpu(network, options, fallback=str(error))


def _open_on_device(network: Network, options: RunnerOptions) -> InferenceRunner:
    if options.backend in {"tensorrt", "tensorrt-rtx"}:
        return _open_tensorrt(network, options)
    from aitrader_core.inference.ort_device import open_on_device

    if options.backend == "ort-tensorrt":
        return open_on_device(network, options, "ort-tensorrt")
    return open_on_device(network, options, "ort-cuda")


def _open_tensorrt(network: Network, options: RunnerOptions) -> InferenceRunner:
    """The CPU looks at the network first, and then at what the device answers."""
    from aitrader_core.inference.checked import CheckedRunner
    from aitrader_core.inference.ort_cpu import open_on_cpu
    from aitrader_core.inference.proof import prove_alike
    from aitrader_core.inference.tensorrt import open_tensorrt
    from aitrader_core.inference.turns import device_turn

    on_cpu, turn = open_on_cpu(network, options), device_turn(options.device)
    with turn:
        native = open_tensorrt(network, options)
        info, sizes = native.info(), options.buckets or profile(options)
        if why := prove_alike(native.predict, on_cpu.predict, native.signature, sizes):
            raise InferenceError(f"{options.backend} can't run {network.path} ({why}): {WAY_OUT}")
    return CheckedRunner(native.predict, native.signature, info, options.most_rows, turn)


def _has_device(options: RunnerOptions) -> bool:
    """A device that onnxruntime might run on, as it is installed; it may turn out that it can't."""
    from aitrader_core.inference.ort_providers import absence

    return absence(onnxruntime(), "ort-cuda", options.device) is None
