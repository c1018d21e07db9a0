"""A device that is none: what cuda-bindings and TensorRT do, on the host, as late as a device may.

A stream does nothing until it is waited for; what is captured is done when it is launched; a
context refuses to be captured at a shape that it has not run yet.
"""

import ctypes
import io
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort

MAGIC = b"a plan of "
OK, NO_DEVICE, BAD = 0, 100, 1


class Stream:
    def __init__(self) -> None:
        self.waiting: list[Callable[[], object]] = []
        self.captured: list[Callable[[], object]] | None = None

    def __int__(self) -> int:
        return id(self)

    def put(self, work: Callable[[], object]) -> None:
        (self.waiting if self.captured is None else self.captured).append(work)


class FakeCudart:
    """cuda.bindings.runtime; `held` is the memory that nobody has freed yet."""

    cudaStreamNonBlocking = 1  # noqa: N815 - their names
    cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)  # noqa: N815
    cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)  # noqa: N815

    def __init__(self, devices: int = 1, capability: tuple[int, int] = (9, 0)) -> None:
        self.devices, self.capability = devices, capability
        self.held: dict[int, Any] = {}
        self.streams: dict[int, Stream] = {}
        self.launched = 0

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("cuda"):
            raise AttributeError(name)
        return getattr(self, "do_" + name.removeprefix("cuda"))

    def do_GetDeviceCount(self) -> tuple[int, int]:  # noqa: N802
        return (OK if self.devices else NO_DEVICE), self.devices

    def do_GetErrorString(self, error: int) -> tuple[int, bytes]:  # noqa: N802
        return OK, {NO_DEVICE: b"no CUDA-capable device is detected"}.get(error, b"invalid")

    def do_GetDeviceProperties(self, _: int) -> tuple[int, Any]:  # noqa: N802
        major, minor = self.capability
        return OK, SimpleNamespace(name=b"Fake H200\0\0", major=major, minor=minor)

    def do_RuntimeGetVersion(self) -> tuple[int, int]:  # noqa: N802
        return OK, 13050

    def do_DriverGetVersion(self) -> tuple[int, int]:  # noqa: N802
        return OK, 13000

    def do_SetDevice(self, _: int) -> tuple[int]:  # noqa: N802
        return (OK,)

    def do_StreamCreateWithFlags(self, _: int) -> tuple[int, Stream]:  # noqa: N802
        stream = Stream()
        self.streams[int(stream)] = stream
        return OK, stream

    def do_StreamSynchronize(self, stream: Stream) -> tuple[int]:  # noqa: N802
        for work in stream.waiting:
            work()
        stream.waiting.clear()
        return (OK,)

    def do_Malloc(self, size: int) -> tuple[int, int]:  # noqa: N802
        memory = ctypes.create_string_buffer(b"\xff" * size, size)  # NaN until it is written
        self.held[ctypes.addressof(memory)] = memory
        return OK, ctypes.addressof(memory)

    do_MallocHost = do_Malloc  # noqa: N815

    def do_Free(self, address: int) -> tuple[int]:  # noqa: N802
        return (OK if self.held.pop(address, None) else BAD,)

    do_FreeHost = do_Free  # noqa: N815

    def do_MemcpyAsync(  # noqa: N802
        self, to: int, source: int, size: int, _: int, stream: Stream
    ) -> tuple[int]:
        stream.put(partial(ctypes.memmove, to, source, size))
        return (OK,)

    def do_StreamBeginCapture(self, stream: Stream, _: int) -> tuple[int]:  # noqa: N802
        stream.captured = []
        return (OK,)

    def do_StreamEndCapture(self, stream: Stream) -> tuple[int, Any]:  # noqa: N802
        graph, stream.captured = stream.captured, None
        return OK, graph

    def do_GraphInstantiate(self, graph: Any, _: int) -> tuple[int, Any]:  # noqa: N802
        return OK, tuple(graph)

    def do_GraphDestroy(self, _: Any) -> tuple[int]:  # noqa: N802
        return (OK,)

    do_GraphExecDestroy = do_GraphDestroy  # noqa: N815

    def do_GraphLaunch(self, graph: Any, stream: Stream) -> tuple[int]:  # noqa: N802
        self.launched += 1
        stream.waiting.extend(graph)
        return (OK,)


class FakeTensorRt:
    """tensorrt or tensorrt_rtx; `built` counts engines, `broken` refuses to load so many,
    `instead` is the network that is built whatever is asked for."""

    BuilderFlag = SimpleNamespace(TF32="tf32")
    NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)
    TensorIOMode = SimpleNamespace(INPUT="in", OUTPUT="out")
    DynamicShapesKernelSpecializationStrategy = SimpleNamespace(EAGER=1, NONE=2)
    CudaGraphStrategy = SimpleNamespace(WHOLE_GRAPH_CAPTURE=1, DISABLED=0)
    ComputeCapability = SimpleNamespace(__members__={f"SM{n}": n for n in (75, 80, 89, 120)})

    class ILogger:
        Severity = SimpleNamespace(ERROR="error", INTERNAL_ERROR="internal")

        def __init__(self) -> None:
            pass

    def __init__(self, name: str, version: str, cudart: FakeCudart) -> None:
        self.__name__, self.__version__ = name, version
        self.cudart, self.built, self.broken, self.instead = cudart, 0, 0, b""
        self.flags: list[tuple[str, str]] = []

    def Builder(self, _: Any) -> Any:  # noqa: N802
        config = SimpleNamespace(
            clear_flag=lambda flag: self.flags.append(("cleared", flag)),
            add_optimization_profile=lambda profile: 0 if profile.rows else -1,
            create_timing_cache=lambda known: known,
            set_timing_cache=lambda *_: True,
            get_timing_cache=lambda: SimpleNamespace(serialize=lambda: b"timings"),
            set_compute_capability=lambda *_: True,
        )
        return SimpleNamespace(
            create_builder_config=lambda: config,
            create_network=lambda flags: SimpleNamespace(strongly=flags),
            create_optimization_profile=Profile,
            build_serialized_network=self._build,
        )

    def _build(self, graph: Any, _: Any) -> bytes:
        self.built += 1
        assert graph.strongly == 1 << 1
        content: bytes = self.instead or graph.content
        return MAGIC + self.__version__.encode() + b"\n" + content

    def OnnxParser(self, graph: Any, _: Any) -> Any:  # noqa: N802
        def parse(content: bytes) -> bool:
            model = onnx.load_from_string(content)
            given = model.graph.input[0]
            sizes = given.type.tensor_type.shape.dim
            shape = tuple(size.dim_value or -1 for size in sizes)
            graph.content, graph.num_inputs, graph.num_outputs = content, 1, 1
            graph.get_input = lambda _: SimpleNamespace(name=given.name, shape=shape)
            return True

        return SimpleNamespace(parse=parse, num_errors=0)

    def Runtime(self, log: Any) -> Any:  # noqa: N802
        return SimpleNamespace(deserialize_cuda_engine=lambda plan: self._load(plan, log))

    def _load(self, plan: bytes, log: Any) -> "Engine | None":
        head, _, content = plan.partition(b"\n")
        if self.broken or head != MAGIC + self.__version__.encode():
            self.broken = max(self.broken - 1, 0)
            log.log("error", "the plan is of another version (In load at /src/plan.cpp:1)")
            return None
        return Engine(content, self.cudart)


class Profile:
    rows: tuple[int, ...] = ()

    def set_shape(self, _: str, *shapes: tuple[int, ...]) -> None:
        self.rows = tuple(shape[0] for shape in shapes)


class Kernels(io.BytesIO):
    """A runtime cache, which learns a kernel for each shape."""

    def serialize(self) -> bytes:
        return self.getvalue()

    def deserialize(self, known: bytes) -> bool:
        self.write(known)
        return True


class Engine:
    num_io_tensors = 2

    def __init__(self, content: bytes, cudart: FakeCudart) -> None:
        self.session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
        self.cudart = cudart
        self._ports = [*self.session.get_inputs(), *self.session.get_outputs()]

    def get_tensor_name(self, number: int) -> str:
        return str(self._ports[number].name)

    def get_tensor_mode(self, name: str) -> str:
        return "in" if name == self._ports[0].name else "out"

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        (port,) = (port for port in self._ports if port.name == name)
        return (-1, *port.shape[1:])

    def create_runtime_config(self) -> Any:
        told = SimpleNamespace(create_runtime_cache=Kernels)
        told.set_runtime_cache = lambda kernels: setattr(told, "kernels", kernels)
        return told

    def create_execution_context(self, told: Any = None) -> "Context":
        return Context(self, getattr(told, "kernels", None))


class Context:
    def __init__(self, engine: Engine, kernels: Kernels | None) -> None:
        self._engine, self._kernels = engine, kernels
        self._at: dict[str, int] = {}
        self._shape: tuple[int, ...] = ()
        self._ran: tuple[int, ...] = ()

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._at[name] = address
        return True

    def set_input_shape(self, _: str, shape: tuple[int, ...]) -> bool:
        self._shape = shape
        return True

    def execute_async_v3(self, handle: int) -> bool:
        stream = self._engine.cudart.streams[handle]
        shape = self._shape
        if stream.captured is not None and self._ran != shape:
            return False
        stream.put(lambda: self._run(shape))
        return True

    def _run(self, shape: tuple[int, ...]) -> None:
        given, taken = (self._engine.get_tensor_name(number) for number in (0, 1))
        batch = _array(self._at[given], shape)
        (answer,) = self._engine.session.run([taken], {given: batch})
        np.copyto(_array(self._at[taken], answer.shape), answer)
        if self._kernels is not None and str(shape).encode() not in self._kernels.getvalue():
            self._kernels.write(str(shape).encode())
        self._ran = shape


def _array(address: int, shape: tuple[int, ...]) -> Any:
    count = int(np.prod(shape))
    return np.ctypeslib.as_array((ctypes.c_float * count).from_address(address)).reshape(shape)
