"""Builds the plan of an engine: a network's graph, compiled for one kind of device."""

from collections.abc import Sequence
from typing import Any

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.engine_cache import PLAN, TIMING, Files
from aitrader_core.inference.engine_key import EngineKey
from aitrader_core.inference.half import halved
from aitrader_core.inference.network import Network
from aitrader_core.inference.tensorrt_module import TITLES, TensorRt, telling

PORTABLE = "8.0+"  # what TensorRT-RTX builds for when it is told nothing: Ampere and later


def plan(module: TensorRt, network: Network, key: EngineKey) -> Files:
    """The engine of `key`, and what its timings taught. InferenceError says what is in the way.

    Strongly typed: what is computed in half precision is what the graph says, and nothing else.
    """
    log = telling(module)
    builder = module.Builder(log)
    config = builder.create_builder_config()
    config.clear_flag(module.BuilderFlag.TF32)
    content = halved(network.content) if key.precision == "fp16" else network.content
    graph = _parsed(module, log, builder, network.name, content)
    _add_profile(builder, config, graph, key.profile)
    if key.runtime == "tensorrt-rtx":
        _aim(module, config, key.compute_capability)
    else:
        config.set_timing_cache(config.create_timing_cache(b""), False)
    built = builder.build_serialized_network(graph, config)
    if built is None:
        raise InferenceError(
            f"{TITLES[key.runtime]} can't build an engine of {network.name} for "
            f"{key.compute_capability}: {log.reason}"
        )
    files = {PLAN: bytes(built)}
    if key.runtime == "tensorrt":
        files[TIMING] = bytes(config.get_timing_cache().serialize())
    return files


def capabilities(key: str) -> Sequence[str]:
    """Those that an engine of TensorRT-RTX is built for; none when it is portable."""
    return () if key == PORTABLE else key.split(",")


def _parsed(module: TensorRt, log: Any, builder: Any, name: str, content: bytes) -> Any:
    """The network as TensorRT has it: one input and one output, any number of rows."""
    flag = getattr(module.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    graph = builder.create_network(0 if flag is None else 1 << int(flag))
    parser = module.OnnxParser(graph, log)
    if not parser.parse(content):
        told = "; ".join(str(parser.get_error(n)) for n in range(parser.num_errors))
        raise InferenceError(f"TensorRT can't read {name}: {told or log.reason}")
    if (graph.num_inputs, graph.num_outputs) != (1, 1):
        raise InferenceError(
            f"{name} has {graph.num_inputs} inputs and {graph.num_outputs} outputs: "
            "a network here has one of each"
        )
    rows, *row = graph.get_input(0).shape
    if rows != -1 or any(length < 1 for length in row):
        raise InferenceError(
            f"{name} takes {(rows, *row)}: its first dimension must be free and the others fixed "
            "(export it with a dynamic batch axis)"
        )
    return graph


def _add_profile(builder: Any, config: Any, graph: Any, rows: tuple[int, int, int]) -> None:
    given = graph.get_input(0)
    row = tuple(given.shape)[1:]
    profile = builder.create_optimization_profile()
    profile.set_shape(given.name, *((number, *row) for number in rows))
    if config.add_optimization_profile(profile) < 0:
        raise InferenceError(f"TensorRT refuses the profile of {rows} rows")


def _aim(module: TensorRt, config: Any, compute_capability: str) -> None:
    aims = capabilities(compute_capability)
    if aims:
        config.num_compute_capabilities = len(aims)
    for number, aim in enumerate(aims):
        member = module.ComputeCapability.__members__[f"SM{aim.replace('.', '')}"]
        config.set_compute_capability(member, number)
