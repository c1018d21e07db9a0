"""Networks that nobody should be able to open, and some that are only unusual."""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from tests.inference.networks import mlp

Shape = Sequence[int | str]


def changed(change: str, value: int) -> bytes:
    """The good one with another `opset` or `ir`."""
    model = onnx.load_from_string(mlp())
    if change == "opset":
        model.opset_import[0].version = value
    else:
        model.ir_version = value
    return bytes(model.SerializeToString())


def made_of(
    nodes: Sequence[NodeProto],
    asked: Shape,
    answered: Shape,
    *,
    kind: int = TensorProto.FLOAT,
    more: Sequence[str] = (),
    metadata: dict[str, str] | None = None,
) -> bytes:
    """From `input` to `output`; `more` are further inputs, shaped like the first."""
    told = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "odd",
        [told(name, kind, asked) for name in ("input", *more)],
        [told("output", kind, answered)],
        [numpy_helper.from_array(np.ones((4, 2), np.float32), "weights")],
    )
    opset = [helper.make_opsetid("", 17)]
    model: ModelProto = helper.make_model(graph, opset_imports=opset, ir_version=9)
    helper.set_model_props(model, metadata or {})
    return bytes(model.SerializeToString())


def passed(asked: Shape, answered: Shape, *, kind: int = TensorProto.FLOAT) -> bytes:
    """Answers what it is asked."""
    return made_of(
        [helper.make_node("Identity", ["input"], ["output"])], asked, answered, kind=kind
    )


def summed() -> bytes:
    """[N, 4] and another [N, 4] -> [N, 4]."""
    node = helper.make_node("Add", ["input", "other"], ["output"])
    return made_of([node], ["rows", 4], ["rows", 4], more=["other"])


def neighbourly() -> bytes:
    """[N, 4] -> [N, 4], each row a share of what all rows have."""
    node = helper.make_node("Softmax", ["input"], ["output"], axis=0)
    return made_of([node], ["rows", 4], ["rows", 4])


def doubled() -> bytes:
    """[N, 4] -> [2 N, 4]."""
    node = helper.make_node("Concat", ["input", "input"], ["output"], axis=0)
    return made_of([node], ["rows", 4], ["more", 4])


def unknown() -> bytes:
    return made_of([helper.make_node("Wish", ["input"], ["output"])], ["rows", 4], ["rows", 4])


def logarithm() -> bytes:
    """[N, 4] -> [N]: of the sum, which may be less than nothing."""
    nodes = [
        helper.make_node("MatMul", ["input", "weights"], ["sums"]),
        helper.make_node("ReduceMax", ["sums"], ["most"], axes=[1], keepdims=0),
        helper.make_node("Log", ["most"], ["output"]),
    ]
    return made_of(nodes, ["rows", 4], ["rows"], metadata={"aitrader.features": "daily-1"})
