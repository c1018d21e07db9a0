"""Networks on TensorRT and TensorRT-RTX, natively."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
import onnx

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.buckets import pieces
from aitrader_core.inference.checked import Floats
from aitrader_core.inference.cuda import Cuda
from aitrader_core.inference.engine_cache import PLAN, EngineCache, Files
from aitrader_core.inference.engine_key import EngineKey
from aitrader_core.inference.engines import engine_key, native
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import RunnerInfo, Signature
from aitrader_core.inference.tensorrt_engine import Engine, Lane
from aitrader_core.inference.tensorrt_module import TensorRt, check_supported, load_tensorrt
from aitrader_core.inference.tensorrt_plan import plan


def open_tensorrt(
    network: Network, options: RunnerOptions, *, graphs: bool = True
) -> "TensorRtRunner":
    """Its engine read or built, loaded and warm. InferenceError says what stands in the way.

    What it is asked is not looked at, and one thread at a time may ask. `graphs=False` captures
    nothing: to compare.
    """
    backend = native(options.backend)
    module = load_tensorrt(backend)
    cuda = Cuda(options.device)
    if backend == "tensorrt-rtx":
        check_supported(module, cuda.device)
    cuda.use()
    wanted = engine_key(module, network, options, backend, cuda.device)
    opening = _Opening(module, cuda, network, options, wanted)
    key, engine = opening.engine()
    runner = TensorRtRunner(network, options, key, engine, graphs=graphs)
    opening.keep_kernels(key, engine)
    return runner


class TensorRtRunner:
    """A lane for each bucket; without buckets one that takes any number of rows."""

    def __init__(
        self,
        network: Network,
        options: RunnerOptions,
        key: EngineKey,
        engine: Engine,
        *,
        graphs: bool,
    ) -> None:
        self._engine, self._buckets = engine, options.buckets or (options.most_rows,)
        self._lanes = {
            rows: Lane(engine, rows, fixed=bool(options.buckets), captured=graphs)
            for rows in self._buckets
        }
        device = engine.cuda.device
        self._info = RunnerInfo(
            network.name,
            network.digest,
            options.backend,
            native(options.backend),
            options.precision,
            str(device),
            {engine.module.__name__: key.version, **device.versions},
            engine=key.name,
        )
        width = int(np.prod(engine.answer, dtype=int))
        self.signature = Signature(engine.row, width, _metadata(network))

    def predict(self, batch: Floats) -> Floats:
        self._engine.cuda.use()
        parts = [
            self._lanes[bucket].run(batch[first:end])
            for first, end, bucket in pieces(len(batch), self._buckets)
        ]
        answers = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return answers.reshape(len(batch), -1)

    def info(self) -> RunnerInfo:
        return self._info

    def resident(self, rows: int) -> Callable[[], None]:
        """A call that runs the bucket of `rows` on what is on the device, and waits: to be
        timed."""
        return self._lanes[rows].resident()

    def close(self) -> None:
        """Gives the device's memory back; nobody may ask any more."""
        for lane in self._lanes.values():
            lane.close()


class _Opening:
    """The way to an engine: one that is there and serves, or one that is built now."""

    def __init__(
        self,
        module: TensorRt,
        cuda: Cuda,
        network: Network,
        options: RunnerOptions,
        wanted: EngineKey,
    ) -> None:
        self._module, self._cuda, self._network = module, cuda, network
        self._cache = EngineCache(options.engines) if options.engines else None
        self._wanted = wanted
        self._kernels = f"kernels-{cuda.device.compute_capability}.cache"
        self._learned = b""

    def engine(self) -> tuple[EngineKey, Engine]:
        if self._cache is None:
            return self._wanted, self._loaded(self._built())
        for key, files in self._serving(self._cache):
            with suppress(InferenceError):
                return key, self._loaded(files)
        files, is_new = self._wanted_files(self._cache)
        try:
            return self._wanted, self._loaded(files)
        except InferenceError:
            if is_new:
                raise
        self._cache.remove(self._wanted.name)  # of a driver before this one, say
        return self._wanted, self._loaded(self._wanted_files(self._cache)[0])

    def keep_kernels(self, key: EngineKey, engine: Engine) -> None:
        """Those that were compiled while it warmed up: the next one to open it needs not."""
        if self._cache is None or engine.learned == self._learned:
            return
        # engines that were built elsewhere may lie where nothing can be written
        with suppress(InferenceError):
            self._cache.add(key, self._network.name, {self._kernels: engine.learned})

    def _serving(self, cache: EngineCache) -> Iterator[tuple[EngineKey, Files]]:
        """Those that were built in advance, when there is none of exactly what is wanted."""
        if cache.read(self._wanted) is not None:
            return
        mine = self._cuda.device.compute_capability
        for entry in cache.entries():
            if entry.key.serves(self._wanted, mine) and (files := cache.read(entry.key)):
                yield entry.key, files

    def _wanted_files(self, cache: EngineCache) -> tuple[Files, bool]:
        return cache.get(self._wanted, self._network.name, self._built)

    def _built(self) -> Files:
        return plan(self._module, self._network, self._wanted)

    def _loaded(self, files: Files) -> Engine:
        self._learned = files.get(self._kernels, b"")
        backend = native(self._wanted.runtime)
        return Engine(self._module, backend, files[PLAN], self._cuda, self._learned)


def _metadata(network: Network) -> dict[str, str]:
    told = onnx.load_from_string(network.content).metadata_props
    return {entry.key: entry.value for entry in told}
