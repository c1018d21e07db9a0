"""An engine on a device: loaded from its plan, with contexts that carry batches through it."""

from collections.abc import Callable
from typing import Any

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.checked import Floats
from aitrader_core.inference.cuda import Cuda, Graph
from aitrader_core.inference.engine_key import Runtime
from aitrader_core.inference.tensorrt_module import TITLES, TensorRt, telling


class Engine:
    """`row` and `answer` are the shapes of what goes in and comes out for one row."""

    def __init__(
        self, module: TensorRt, backend: Runtime, plan: bytes, cuda: Cuda, learned: bytes = b""
    ) -> None:
        """`learned` are kernels of TensorRT-RTX from an earlier run. InferenceError for a plan that
        is not of this device and version."""
        self.module, self.backend, self.cuda = module, backend, cuda
        self.log = telling(module)
        self._runtime = module.Runtime(self.log)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        if self._engine is None:
            raise InferenceError(f"{TITLES[backend]} can't load its engine: {self.log.reason}")
        self.given, self.taken = self._names()
        self.row = tuple(self._engine.get_tensor_shape(self.given))[1:]
        self.answer = tuple(self._engine.get_tensor_shape(self.taken))[1:]
        self.stream = cuda.stream()
        self._told: list[Any] = []
        self._kernels = self._kept_kernels(learned) if backend == "tensorrt-rtx" else None

    @property
    def learned(self) -> bytes:
        """The kernels that TensorRT-RTX compiled; nothing of TensorRT, which has them in its
        plan."""
        return bytes(self._kernels.serialize()) if self._kernels else b""

    def context(self, *, fixed: bool) -> Any:
        """For one number of rows, which TensorRT-RTX captures by itself, or for any number."""
        if self._kernels is None:
            made = self._engine.create_execution_context()
        else:
            module, told = self.module, self._engine.create_runtime_config()
            told.set_runtime_cache(self._kernels)
            how = module.DynamicShapesKernelSpecializationStrategy
            told.dynamic_shapes_kernel_specialization_strategy = how.EAGER if fixed else how.NONE
            graphs = module.CudaGraphStrategy
            told.cuda_graph_strategy = graphs.WHOLE_GRAPH_CAPTURE if fixed else graphs.DISABLED
            made = self._engine.create_execution_context(told)
            self._told.append(told)  # nobody says that a context holds on to it
        if made is None:
            raise InferenceError(f"{TITLES[self.backend]} can't run here: {self.log.reason}")
        return made

    def _names(self) -> tuple[str, str]:
        engine, of = self._engine, self.module.TensorIOMode
        names = [engine.get_tensor_name(number) for number in range(engine.num_io_tensors)]
        (given,) = (name for name in names if engine.get_tensor_mode(name) == of.INPUT)
        (taken,) = (name for name in names if engine.get_tensor_mode(name) == of.OUTPUT)
        return given, taken

    def _kept_kernels(self, learned: bytes) -> Any:
        kernels = self._engine.create_runtime_config().create_runtime_cache()
        if learned:
            kernels.deserialize(learned)  # of another driver: it says no, and we compile again
        return kernels


class Lane:
    """Carries up to `rows` rows in buffers of its own. One call at a time.

    A `fixed` one always runs all of its rows, those of an earlier call behind those of this one,
    and so can be captured: what goes up, through and down is then one launch. Another one runs as
    many as it is given.
    """

    def __init__(self, engine: Engine, rows: int, *, fixed: bool, captured: bool = True) -> None:
        self.rows, self._fixed = rows, fixed
        self._engine, self._cuda, self._stream = engine, engine.cuda, engine.stream
        self._context = engine.context(fixed=fixed)
        self._given = self._cuda.pinned(rows, engine.row)
        self._taken = self._cuda.pinned(rows, engine.answer)
        self._up = self._cuda.memory(self._given.nbytes)
        self._down = self._cuda.memory(self._taken.nbytes)
        self._graph: Graph | None = None
        self._shaped = 0
        self._context.set_tensor_address(engine.given, self._up)
        self._context.set_tensor_address(engine.taken, self._down)
        self._warm_up()
        if fixed and captured and engine.backend == "tensorrt":
            self._graph = self._cuda.captured(self._stream, self._carry)
            self.run(self._given)

    def run(self, batch: Floats) -> Floats:
        """The answers to `batch`, which has `rows` rows or fewer."""
        count = len(batch)
        self._given[:count] = batch
        if not self._fixed:
            self._shape(count)
        if self._graph is None:
            self._carry()
        else:
            self._cuda.launch(self._graph, self._stream)
        self._cuda.wait(self._stream)
        return self._taken[:count].copy()

    def resident(self) -> Callable[[], None]:
        """Runs once through what is on the device already, and waits: to be timed."""

        def through() -> None:
            self._execute()
            self._cuda.wait(self._stream)

        return through

    def close(self) -> None:
        """The device's memory is free again."""
        if self._graph is not None:
            self._cuda.free_graph(self._graph)
        self._cuda.free(self._up, self._down)
        self._cuda.free_pinned(self._given, self._taken)

    def _warm_up(self) -> None:
        """What an engine puts off until it runs is done now, and is in no graph."""
        self._shape(self.rows)
        for _ in range(2):
            self._carry()
            self._cuda.wait(self._stream)

    def _carry(self) -> None:
        self._cuda.upload(self._up, self._given[: self._shaped], self._stream)
        self._execute()
        self._cuda.download(self._taken[: self._shaped], self._down, self._stream)

    def _execute(self) -> None:
        if not self._context.execute_async_v3(int(self._stream)):
            raise InferenceError(
                f"{TITLES[self._engine.backend]} failed on the device: {self._engine.log.reason}"
            )

    def _shape(self, rows: int) -> None:
        if rows == self._shaped:
            return
        if not self._context.set_input_shape(self._engine.given, (rows, *self._engine.row)):
            raise InferenceError(f"the engine takes no {rows} rows: {self._engine.log.reason}")
        self._shaped = rows
