"""The networks that are timed, with weights by a seed: a small one, a convolution, a large one."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from aitrader_core.inference.network import Network

Weights = Mapping[str, NDArray[np.float32]]

SEED = 7
CLASSES = 3
ABOUT = {
    "small": "A perceptron of 32 features and 64 hidden units, as daily networks are",
    "series": "Two 1-D convolutions of 32 and 64 channels over 3 x 64 values",
    "large": "A perceptron of 256 features and two layers of 512",
}


def networks() -> list[Network]:
    """In the order of ABOUT."""
    return [_perceptron("small", 32, 64), _series(), _perceptron("large", 256, 512, 512)]


def _perceptron(name: str, *sizes: int) -> Network:
    rng = np.random.default_rng(SEED)
    weights: dict[str, NDArray[np.float32]] = {}
    nodes, given = [], "input"
    for number, (wide, out) in enumerate(pairwise((*sizes, CLASSES)), 1):
        is_last = number == len(sizes)
        weights[f"w{number}"] = _normal(rng, wide, out, fan=wide)
        weights[f"b{number}"] = _normal(rng, out, fan=out)
        taken = "output" if is_last else f"h{number}"
        nodes.append(helper.make_node("Gemm", [given, f"w{number}", f"b{number}"], [taken]))
        if not is_last:
            nodes.append(helper.make_node("Relu", [taken], [given := f"a{number}"]))
    return _network(name, nodes, weights, sizes[:1])


def _series() -> Network:
    rng = np.random.default_rng(SEED)
    weights = {
        "w1": _normal(rng, 32, 3, 5, fan=15),
        "w2": _normal(rng, 64, 32, 5, fan=160),
        "w3": _normal(rng, 64, CLASSES, fan=64),
        "b3": _normal(rng, CLASSES, fan=CLASSES),
    }
    nodes = [
        helper.make_node("Conv", ["input", "w1"], ["c1"], kernel_shape=[5], pads=[2, 2]),
        helper.make_node("Relu", ["c1"], ["a1"]),
        helper.make_node("Conv", ["a1", "w2"], ["c2"], kernel_shape=[5], pads=[2, 2]),
        helper.make_node("Relu", ["c2"], ["a2"]),
        helper.make_node("GlobalAveragePool", ["a2"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w3", "b3"], ["output"]),
    ]
    return _network("series", nodes, weights, (3, 64))


def _normal(rng: np.random.Generator, *shape: int, fan: int) -> NDArray[np.float32]:
    return np.asarray(rng.standard_normal(shape) / np.sqrt(fan), np.float32)


def _network(
    name: str, nodes: Sequence[NodeProto], weights: Weights, row: tuple[int, ...]
) -> Network:
    told = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        name,
        [told("input", TensorProto.FLOAT, ["rows", *row])],
        [told("output", TensorProto.FLOAT, ["rows", CLASSES])],
        [numpy_helper.from_array(array, key) for key, array in weights.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    return Network(name, Path(f"{name}.onnx"), model.SerializeToString())
