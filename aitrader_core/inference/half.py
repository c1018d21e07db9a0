"""A network in half precision: its graph converted, its inputs and outputs as they were."""

from collections.abc import Iterator

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import GraphProto, ModelProto, TensorProto, numpy_helper

from aitrader_core.domain.errors import InferenceError

MOST = 65_504.0  # the largest number that half precision has
_PLACES = 6  # of significant digits, in what we say


def halved(content: bytes) -> bytes:
    """`content` with weights and sums in float16; whoever asks it gives and takes float32 as ever.

    InferenceError for what is no network, or has a number that float16 hasn't. What is summed up on
    the way may still leave its range: that shows only in answers that are not finite.
    """
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    model = _parsed(content)
    for tensor in _numbers(model.graph):
        _check(tensor)
    made = OnnxModel(convert_float_to_float16(model, keep_io_types=True))
    made.topological_sort()  # its casts are put at the end
    try:
        onnx.checker.check_model(made.model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InferenceError(
            f"the network can't be converted to half precision ({reason}): run it in fp32"
        ) from error
    halved: bytes = made.model.SerializeToString()
    return halved


def _parsed(content: bytes) -> ModelProto:
    try:
        model = onnx.load_from_string(content)
    except DecodeError as error:
        raise InferenceError("this is no ONNX file, or a torn one: restore the network") from error
    if any(t.data_location == TensorProto.EXTERNAL for t in model.graph.initializer):
        raise InferenceError(
            "the network keeps its weights in another file: save it as one file for half precision"
        )
    return model


def _numbers(graph: GraphProto) -> Iterator[TensorProto]:
    """All float32 numbers that a graph holds, those of its branches and loops too."""
    yield from (t for t in graph.initializer if t.data_type == TensorProto.FLOAT)
    for node in graph.node:
        for attribute in node.attribute:
            tensors = (attribute.t, *attribute.tensors)
            yield from (t for t in tensors if t.data_type == TensorProto.FLOAT)
            for inner in (attribute.g, *attribute.graphs):
                yield from _numbers(inner)


def _check(tensor: TensorProto) -> None:
    numbers = numpy_helper.to_array(tensor)
    too_large = np.abs(numbers[np.isfinite(numbers)]).max(initial=0.0)
    if too_large > MOST:
        raise InferenceError(
            f"the network has the number {too_large:.{_PLACES}g} in {tensor.name or 'a constant'}, "
            f"and half precision ends at {MOST:,.0f}: run it in fp32, or scale its features"
        )
