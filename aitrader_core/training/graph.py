"""Networks as ONNX files: the same bytes for the same weights, whenever and wherever."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from aitrader_core.domain.errors import InputError
from aitrader_core.training.networks import KERNEL, STRIDE
from aitrader_core.training.recipes import Kind

# What the parsers of TensorRT 10 (opsets 9 to 22) and 11 (9 to 25), TensorRT-RTX and ONNX Runtime
# since 1.12 all read; later ones bring nothing to these operators but doubt.
OPSET, IR_VERSION = 17, 8
INPUT, OUTPUT, BATCH = "input", "output", "batch"
_MOST = 1_000_000  # bytes; committed networks are small

Weights = Mapping[str, NDArray[np.float64]]
Chain = list[tuple[str, list[str], dict[str, Any]]]  # operator, constants, attributes


def as_onnx(
    kind: Kind, weights: Weights, shape: Sequence[int], properties: Mapping[str, str]
) -> bytes:
    """`shape` is that of one row of input. There is no date and no version in it."""
    nodes, columns = _mlp(weights) if kind == "mlp" else _cnn(weights)
    graph = helper.make_graph(
        nodes,
        kind,
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [BATCH, *shape])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [BATCH, columns])],
        [numpy_helper.from_array(a.astype(np.float32), name) for name, a in weights.items()],
    )
    model = helper.make_model(
        graph,
        producer_name="aitrader",
        ir_version=IR_VERSION,
        opset_imports=[helper.make_opsetid("", OPSET)],
    )
    helper.set_model_props(model, dict(properties))
    onnx.checker.check_model(model, full_check=True)
    content = model.SerializeToString(deterministic=True)
    if len(content) > _MOST:
        raise InputError(f"the network takes {len(content):,} bytes: make it smaller")
    return bytes(content)


def _mlp(weights: Weights) -> tuple[list[Any], int]:
    layers = sum(name.startswith("weight_") for name in weights)
    chain: Chain = [("Sub", ["mean"], {}), ("Mul", ["scale"], {})]
    for n in range(1, layers + 1):
        chain += [("Gemm", [f"weight_{n}", f"bias_{n}"], {}), ("Relu", [], {})]
    chain[-1] = ("Mul", ["unit"], {})  # the last layer says what it says
    return _chained(chain), 1


def _cnn(weights: Weights) -> tuple[list[Any], int]:
    layers = sum(name.startswith("kernel_") for name in weights)
    slides = {"kernel_shape": [KERNEL], "strides": [STRIDE]}
    chain: Chain = []
    for n in range(1, layers + 1):
        chain += [("Conv", [f"kernel_{n}", f"bias_{n}"], slides), ("Relu", [], {})]
    chain += [("Flatten", [], {}), ("Gemm", ["weight", "bias"], {}), ("Softmax", [], {"axis": 1})]
    return _chained(chain), 2


def _chained(steps: Chain) -> list[Any]:
    """Each takes what the one before it gives."""
    nodes, told = [], INPUT
    for number, (operator, constants, attributes) in enumerate(steps, 1):
        given = OUTPUT if number == len(steps) else f"{operator.lower()}_{number}"
        nodes.append(helper.make_node(operator, [told, *constants], [given], given, **attributes))
        told = given
    return nodes
