"""Networks on the CPU: what our runner takes beside a bare `session.run` of the same options.

Both are asked in turns, call by call, of the same batch; what a clock takes is subtracted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from aitrader_core.inference.network import Network
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import RunnerOptions
from benchmarks.line import Line

NAME = "inference"
ONE, MANY = 1, 4096  # rows
AIMS = {ONE: 1.5, MANY: 1.1}  # times as long as bare
CALLS = {ONE: 2_000, MANY: 20}  # of each, in a round

Floats = NDArray[np.float32]
Ask = Callable[[Floats], Any]


def run(*, quick: bool) -> list[Line]:
    """Rounds are short, so that no other process takes the processor in the midst of all."""
    rounds = 3 if quick else 50
    lines: list[Line] = []
    for name, content, row in (("MLP [12]", mlp(), (12,)), ("CNN [1, 32]", cnn(), (1, 32))):
        for rows in (ONE, MANY):
            batch = np.random.default_rng(rows).standard_normal((rows, *row), np.float32)
            lines += _lines(f"{name}, batch of {rows:,}", content, batch, rounds)
    return lines


def _lines(what: str, content: bytes, batch: Floats, rounds: int) -> Iterator[Line]:
    runner = open_runner(Network("bench", Path("bench.onnx"), content), RunnerOptions("ort-cpu"))
    bare = _bare(content)
    if not np.array_equal(runner.predict(batch), bare(["output"], {"input": batch})[0]):
        raise AssertionError("the runner answers otherwise than its session")
    calls = CALLS[len(batch)]
    taken = [_round(runner.predict, bare, batch, calls) for _ in range(rounds)]
    ours, theirs = np.percentile(taken, (50, 99), axis=2).transpose(2, 0, 1) - _idle()
    for at, which in enumerate(("p50", "p99")):
        yield _line(f"{what}, {which}", ours[at])
        yield _line(f"the same by session.run, {which}", theirs[at], ours[at])
    ratios = ours[0] / theirs[0]
    best, middle, aim = float(min(ratios)), float(median(ratios)), AIMS[len(batch)]
    yield Line(NAME, f"{what}, p50 to that of session.run", best, middle, "x", rounds, None, aim)


def _round(ours: Ask, bare: Any, batch: Floats, calls: int) -> NDArray[np.int64]:
    """[2, calls], in nanoseconds."""
    taken = np.empty((2, calls), np.int64)
    for n in range(calls):
        began = perf_counter_ns()
        ours(batch)
        between = perf_counter_ns()
        bare(["output"], {"input": batch})
        taken[:, n] = between - began, perf_counter_ns() - between
    return taken


def _idle() -> float:
    return -median(perf_counter_ns() - perf_counter_ns() for _ in range(1000))


def _line(what: str, each: NDArray[np.float64], ours: NDArray[np.float64] | None = None) -> Line:
    best, middle = float(min(each)) / 1e3, float(median(each)) / 1e3
    ratio = None if ours is None else float(min(each) / min(ours))
    return Line(NAME, what, best, middle, "us", len(each), ratio)


def _bare(content: bytes) -> Any:
    told = onnxruntime.SessionOptions()
    told.intra_op_num_threads = told.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, told, providers=["CPUExecutionProvider"])
    return session.run


def mlp() -> bytes:
    """[N, 12] -> [N, 1] through 32 and 16."""
    nodes = [
        helper.make_node("Gemm", ["input", "w1", "b1"], ["h1"]),
        helper.make_node("Relu", ["h1"], ["a1"]),
        helper.make_node("Gemm", ["a1", "w2", "b2"], ["h2"]),
        helper.make_node("Relu", ["h2"], ["a2"]),
        helper.make_node("Gemm", ["a2", "w3", "b3"], ["output"]),
    ]
    sizes = {"w1": (12, 32), "b1": (32,), "w2": (32, 16), "b2": (16,), "w3": (16, 1), "b3": (1,)}
    return _network(nodes, sizes, (12,), 1)


def cnn() -> bytes:
    """[N, 1, 32] -> [N, 3], of eight kernels."""
    nodes = [
        helper.make_node("Conv", ["input", "w1", "b1"], ["h1"], kernel_shape=[3], pads=[1, 1]),
        helper.make_node("Relu", ["h1"], ["a1"]),
        helper.make_node("GlobalAveragePool", ["a1"], ["p1"]),
        helper.make_node("Flatten", ["p1"], ["f1"]),
        helper.make_node("Gemm", ["f1", "w2", "b2"], ["output"]),
    ]
    return _network(nodes, {"w1": (8, 1, 3), "b1": (8,), "w2": (8, 3), "b2": (3,)}, (1, 32), 3)


def _network(
    nodes: Sequence[NodeProto],
    sizes: Mapping[str, tuple[int, ...]],
    row: tuple[int, ...],
    width: int,
) -> bytes:
    rng, told = np.random.default_rng(7), helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        NAME,
        [told("input", TensorProto.FLOAT, ["rows", *row])],
        [told("output", TensorProto.FLOAT, ["rows", width])],
        [
            numpy_helper.from_array(rng.standard_normal(size, np.float32), name)
            for name, size in sizes.items()
        ],
    )
    opset = [helper.make_opsetid("", 17)]
    model: ModelProto = helper.make_model(graph, opset_imports=opset, ir_version=9)
    return bytes(model.SerializeToString())
