"""Small networks with weights by a seed: a perceptron of features, a convolution of a series."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from aitrader_core.inference.network import Network

FEATURES, CLASSES = 32, 3
CHANNELS, LENGTH = 3, 32


def mlp(seed: int = 7, scale: float = 1.0) -> bytes:
    """[N, 32] -> [N, 3]; the weights of its last layer are multiplied by `scale`."""
    rng = np.random.default_rng(seed)
    weights = {
        "w1": _normal(rng, FEATURES, 64),
        "b1": _normal(rng, 64),
        "w2": _normal(rng, 64, CLASSES) * np.float32(scale),
        "b2": _normal(rng, CLASSES),
    }
    nodes = [
        helper.make_node("Gemm", ["input", "w1", "b1"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("Gemm", ["active", "w2", "b2"], ["output"]),
    ]
    return _model(nodes, weights, (FEATURES,))


def cnn(seed: int = 7) -> bytes:
    """[N, 3, 32] -> [N, 3]."""
    rng = np.random.default_rng(seed)
    weights = {
        "w1": _normal(rng, 16, CHANNELS, 5),
        "b1": _normal(rng, 16),
        "w2": _normal(rng, 16, CLASSES),
        "b2": _normal(rng, CLASSES),
    }
    nodes = [
        helper.make_node("Conv", ["input", "w1", "b1"], ["c"], kernel_shape=[5], pads=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Gemm", ["f", "w2", "b2"], ["output"]),
    ]
    return _model(nodes, weights, (CHANNELS, LENGTH))


def network(content: bytes, name: str = "small") -> Network:
    return Network(name, Path(f"{name}.onnx"), content)


def rows(number: int, *row: int, seed: int = 7) -> NDArray[np.float32]:
    """Standard normal."""
    return np.random.default_rng(seed).standard_normal((number, *row), np.float32)


def _normal(rng: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    """Of a size that keeps what comes out of a layer about as large as what goes in."""
    fan = max(int(np.prod(shape[:-1])) if len(shape) == 2 else int(np.prod(shape[1:])), 1)
    return np.asarray(rng.standard_normal(shape) / np.sqrt(fan), np.float32)


def _model(
    nodes: Sequence[NodeProto], weights: Mapping[str, NDArray[np.float32]], row: tuple[int, ...]
) -> bytes:
    told = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "small",
        [told("input", TensorProto.FLOAT, ["rows", *row])],
        [told("output", TensorProto.FLOAT, ["rows", CLASSES])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    model: ModelProto = helper.make_model(graph, opset_imports=opset, ir_version=9)
    content: bytes = model.SerializeToString()
    return content
