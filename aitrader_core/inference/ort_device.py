"""Networks on an NVIDIA device, by ONNX Runtime's CUDA and TensorRT providers."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.bound import BoundRun, Bucket
from aitrader_core.inference.buckets import profile
from aitrader_core.inference.checked import CheckedRunner, Run
from aitrader_core.inference.cuda import driver_version
from aitrader_core.inference.cuda_device import CudaDevice, cuda_device
from aitrader_core.inference.engine_cache import EngineCache
from aitrader_core.inference.engine_key import EngineKey
from aitrader_core.inference.installed import onnxruntime
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import WAY_OUT, RunnerOptions
from aitrader_core.inference.ort_providers import (
    PROVIDERS,
    DeviceBackend,
    absence,
    cuda_options,
    missing,
    tensorrt_options,
    tensorrt_version,
)
from aitrader_core.inference.ort_session import (
    PlainRun,
    Ports,
    content_of,
    opened,
    ports_of,
    reason,
)
from aitrader_core.inference.proof import prove_alike, prove_rows
from aitrader_core.inference.runner import RunnerInfo, Signature
from aitrader_core.inference.turns import device_thread, device_turn

_ON_CPU = "assigned to the default CPU EP"  # onnxruntime's words


def open_on_device(
    network: Network, options: RunnerOptions, backend: DeviceBackend
) -> CheckedRunner:
    """Nothing of it runs on the CPU. InferenceError says what is missing, and the way out."""
    ort = onnxruntime()
    if why := absence(ort, backend, options.device) or missing(ort, backend):
        raise InferenceError(_not_here(options, backend, why))
    opening = _Opening(ort, network, options, backend, cuda_device(options.device))
    return device_thread(options.device).do(opening.runner)


@dataclass(frozen=True, slots=True)
class _Made:
    """A good network, and the folder that its engine may be kept in."""

    content: bytes
    ports: Ports
    signature: Signature
    folder: Path


@dataclass(frozen=True, slots=True)
class _Opening:
    """All of it is done by the device's thread."""

    ort: ModuleType
    network: Network
    options: RunnerOptions
    backend: DeviceBackend
    device: CudaDevice

    def runner(self) -> CheckedRunner:
        content = content_of(self.network, self.options.precision)
        told = self.ort.SessionOptions()
        told.intra_op_num_threads = self.options.threads
        # What is wrong with the network is found here, so that what comes later is the device's.
        session = opened(self.ort, self.network, content, told, [("CPUExecutionProvider", {})])
        ports, signature = ports_of(session, self.network)
        on_cpu = PlainRun(self.ort, session, ports, self.network)
        prove_rows(on_cpu, signature, self.network)
        key = self._key() if self.backend == "ort-tensorrt" else None
        with self._folder(key) as folder:
            run, told = self._run(_Made(content, ports, signature, folder), on_cpu)
        return CheckedRunner(
            _by_its_thread(run, self.options.device),
            signature,
            self._info(key, told),
            self.options.most_rows,
            device_turn(self.options.device),
        )

    def _run(self, made: _Made, on_cpu: Run) -> tuple[Run, str]:
        """What runs it, and what is to be told of that: captured graphs are only for speed, so
        that a network which can't be captured runs without."""
        if self.options.buckets:
            with suppress(InferenceError):
                return self._proven(self._bound(made, graphs=True), made, on_cpu), ""
            run = self._bound(made, graphs=False)
        else:
            session = self._session(made, graphs=False)
            run = PlainRun(self.ort, session, made.ports, self.network)
        return self._proven(run, made, on_cpu), ", without graphs"

    def _bound(self, made: _Made, *, graphs: bool) -> Run:
        """The CUDA provider keeps graphs by number. TensorRT's keeps one, and would run it for any
        bucket, so that each of its buckets has a session; the first one builds their engine."""
        where, shared = ("cuda", self.options.device), None
        buckets = {}
        for number, rows in enumerate(self.options.buckets, 1):  # 0 is onnxruntime's own
            session = shared or self._session(made, graphs=graphs)
            named = graphs and self.backend == "ort-cuda"
            buckets[rows] = Bucket(
                self.ort,
                session,
                made.ports,
                made.signature.row,
                rows,
                where,
                number if named else None,
            )
            shared = session if self.backend == "ort-cuda" or not graphs else None
        return BoundRun(self.ort, buckets, made.signature, self.network)

    def _session(self, made: _Made, *, graphs: bool) -> Any:
        provider = PROVIDERS[self.backend]
        told = self.ort.SessionOptions()
        told.use_deterministic_compute = True
        told.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        for_it = (
            cuda_options(self.options, graphs=graphs)
            if self.backend == "ort-cuda"
            else tensorrt_options(
                self.options, made.ports, made.signature.row, made.folder, graphs=graphs
            )
        )
        try:
            session = opened(self.ort, self.network, made.content, told, [(provider, for_it)])
        except InferenceError as error:
            why = self._refusal(made.content, (provider, for_it), error)
            raise InferenceError(_not_here(self.options, self.backend, why)) from error.__cause__
        if (first := session.get_providers()[0]) != provider:
            why = self._turned(first)
            raise InferenceError(_not_here(self.options, self.backend, why))
        session.disable_fallback()
        return session

    def _refusal(
        self, content: bytes, provider: tuple[str, dict[str, str]], error: InferenceError
    ) -> str:
        """Why no session was made, though the network is good."""
        if _ON_CPU not in str(error.__cause__):
            told = reason(str(error.__cause__))
            return f"the {self.device.name} can't run {self.network.path} ({told}): see docs/gpu.md"
        told = self.ort.SessionOptions()
        session = opened(self.ort, self.network, content, told, [provider])
        if (first := session.get_providers()[0]) != provider[0]:
            return self._turned(first)
        return (
            f"{self.network.path} has operators that it can't run on the {self.device.name}: "
            "export it with plainer ones"
        )

    def _turned(self, provider: str) -> str:
        return (
            f"onnxruntime {self.ort.__version__} turned to {provider}: it is made for CUDA "
            f"{self.ort.cuda_version}, and the driver of the {self.device.name} runs CUDA "
            f"{self.device.cuda} at most: update the driver"
        )

    def _proven(self, run: Run, made: _Made, on_cpu: Run) -> Run:
        """`run`, warm, with each of its graphs captured, and found to answer as the CPU does."""
        sizes = self.options.buckets or profile(self.options)
        try:
            why = prove_alike(run, on_cpu, made.signature, sizes)
        except InferenceError as error:
            why = reason(str(error.__cause__))
        if why:
            why = f"the {self.device.name} can't run {self.network.path} ({why}): see docs/gpu.md"
            raise InferenceError(_not_here(self.options, self.backend, why))
        return run

    def _key(self) -> EngineKey:
        return EngineKey(
            self.network.digest,
            "ort-tensorrt",
            f"{self.ort.__version__} {tensorrt_version()}",
            self.device.compute_capability,
            profile(self.options),
            self.options.precision,
        )

    @contextmanager
    def _folder(self, key: EngineKey | None) -> Iterator[Path]:
        """Where an engine is kept; without a folder of engines, until it is loaded."""
        if key is None or self.options.engines is None:
            with TemporaryDirectory(prefix="aitrader-engine-") as folder:
                yield Path(folder)
        else:
            with EngineCache(self.options.engines).held(key, self.network.name) as kept:
                yield kept

    def _info(self, key: EngineKey | None, told: str) -> RunnerInfo:
        versions = {
            "onnxruntime": self.ort.__version__,
            "cuda": self.ort.cuda_version,
            "cuda of the driver": self.device.cuda,
            **driver_version(),
        }
        versions |= {"tensorrt": tensorrt_version()} if key else {}
        return RunnerInfo(
            self.network.name,
            self.network.digest,
            self.options.backend,
            self.backend,
            self.options.precision,
            f"{self.device.name} (compute capability {self.device.compute_capability}){told}",
            versions,
            key.name if key else None,
        )


def _by_its_thread(run: Run, device: int) -> Run:
    thread = device_thread(device)
    return lambda batch: thread.do(lambda: run(batch))


def _not_here(options: RunnerOptions, backend: DeviceBackend, why: str) -> str:
    asked = "was asked for" if options.backend == backend else "was tried"
    way = f", or {WAY_OUT}" if options.is_strict else ""
    return f"{backend} {asked}, but {why}{way}"
