"""Half precision by conversion of the graph: close, the same choices, and no silent infinities."""

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.half import halved
from tests.inference.networks import CHANNELS, FEATURES, LENGTH, cnn, mlp, rows

ROWS = 4_096


@pytest.mark.parametrize(
    ("made", "row"), [(mlp, (FEATURES,)), (cnn, (CHANNELS, LENGTH))], ids=["mlp", "cnn"]
)
def test_is_close_and_chooses_the_same(made: Callable[[], bytes], row: tuple[int, ...]) -> None:
    batch, half = rows(ROWS, *row), halved(made())
    exact, close = answers(made(), batch), answers(half, batch)
    assert close.dtype == np.float32
    assert 0 < np.abs(close - exact).max() <= 5e-3
    assert (close.argmax(1) == exact.argmax(1)).mean() >= 0.999
    weights = onnx.load_from_string(half).graph.initializer
    assert {tensor.data_type for tensor in weights} == {TensorProto.FLOAT16}
    assert len(half) < len(made())


def test_says_which_number_is_too_large() -> None:
    with pytest.raises(InferenceError, match=r"the number 1\.4\d+e\+07 in w2, .* ends at 65,504"):
        halved(mlp(scale=4e7))


def test_says_that_a_torn_file_is_none() -> None:
    with pytest.raises(InferenceError, match="no ONNX file, or a torn one"):
        halved(mlp()[:-100])


def answers(content: bytes, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    (answer,) = session.run(["output"], {"input": batch})
    return np.asarray(answer)
