"""Engines built before anybody needs them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.buckets import profile
from aitrader_core.inference.cuda import Cuda, Device
from aitrader_core.inference.engine_cache import EngineCache, Entry
from aitrader_core.inference.engine_key import EngineKey, Runtime
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.tensorrt_module import TensorRt, load_tensorrt, supported
from aitrader_core.inference.tensorrt_plan import PORTABLE, plan

Rows = tuple[int, int, int]
NATIVE: tuple[Runtime, ...] = ("tensorrt", "tensorrt-rtx")


@dataclass(frozen=True, slots=True)
class Built:
    """`seconds` is what it took to build or, when it was there already, to find."""

    entry: Entry
    seconds: float
    is_new: bool


def build_engine(
    network: Network,
    options: RunnerOptions,
    backend: Runtime,
    compute_capabilities: Sequence[str] = (),
    rows: Rows | None = None,
) -> Built:
    """The engine that `options` would ask for, kept in `options.engines`.

    TensorRT-RTX needs no device: it builds for `compute_capabilities` ("8.9" or "SM89"), or for
    all from 8.0. The others build on the device for that device alone. InferenceError says what
    stands in the way.
    """
    if options.engines is None:
        raise InferenceError("there is no folder to keep engines in")
    if compute_capabilities and backend != "tensorrt-rtx":
        raise InferenceError(
            f"{backend} builds for the device that it runs on: leave the list of compute "
            "capabilities out, or build with tensorrt-rtx"
        )
    cache, began = EngineCache(options.engines), perf_counter()
    if backend == "ort-tensorrt":
        name, is_new = _opened(network, replace(options, backend=backend, strict=True), cache)
    else:
        module = load_tensorrt(backend)
        key = _key(module, network, options, backend, compute_capabilities)
        key = replace(key, profile=rows) if rows else key
        _, is_new = cache.get(key, network.name, lambda: plan(module, network, key))
        name = key.name
    taken = perf_counter() - began
    (entry,) = (entry for entry in cache.entries() if entry.key.name == name)
    return Built(entry, taken, is_new)


def engine_key(
    module: TensorRt,
    network: Network,
    options: RunnerOptions,
    backend: Runtime,
    device: Device,
) -> EngineKey:
    """Of the engine that runs `network` on `device`."""
    target = device.compute_capability
    if backend == "tensorrt-rtx" and float(target) >= float(PORTABLE.rstrip("+")):
        target = PORTABLE
    return EngineKey(
        network.digest, backend, module.__version__, target, profile(options), options.precision
    )


def native(backend: str) -> Runtime:
    """TypeError of ours for a backend that is no native TensorRT."""
    for runtime in NATIVE:
        if backend == runtime:
            return runtime
    raise TypeError(f"{backend} is no native TensorRT")


def aims(module: TensorRt, given: Sequence[str]) -> str:
    """`given` compute capabilities as a key has them: "8.6,8.9". InferenceError for an unknown."""
    known = supported(module)
    found = {_dotted(one): one for one in given}
    for number, said in found.items():
        if number not in known:
            raise InferenceError(
                f"TensorRT-RTX {module.__version__} does not build for {said}: it is for "
                f"{', '.join(known)}"
            )
    return ",".join(number for number in known if number in found) or PORTABLE


def _key(
    module: TensorRt,
    network: Network,
    options: RunnerOptions,
    backend: Runtime,
    compute_capabilities: Sequence[str],
) -> EngineKey:
    if backend == "tensorrt":
        return engine_key(module, network, options, backend, Cuda(options.device).device)
    target = aims(module, compute_capabilities)
    rows = profile(options)
    return EngineKey(network.digest, backend, module.__version__, target, rows, options.precision)


def _opened(network: Network, options: RunnerOptions, cache: EngineCache) -> tuple[str, bool]:
    """ONNX Runtime builds when a session is made."""
    from aitrader_core.inference.opening import open_runner

    before = {entry.key.name for entry in cache.entries()}
    name = open_runner(network, options).info().engine
    if name is None:
        raise InferenceError(f"ONNX Runtime kept no engine of {network.name}")
    return name, name not in before


def _dotted(given: str) -> str:
    """SM120 and 12.0 are the same."""
    number = given.strip().upper().removeprefix("SM")
    return number if "." in number else f"{number[:-1]}.{number[-1:]}"
