"""A file says what the function says that it was trained as."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from aitrader_core.domain.errors import InputError
from aitrader_core.training.fitting import answers
from aitrader_core.training.graph import as_onnx
from aitrader_core.training.networks import ARCHITECTURES, Weights
from aitrader_core.training.recipes import DAILY_MLP, TICK_CNN, Recipe

DEEP = replace(DAILY_MLP, widths=(7, 5))
KINDS = [(DAILY_MLP, (12,)), (DEEP, (3,)), (TICK_CNN, (32,))]


def drawn(recipe: Recipe, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Weights of which none is zero, on the grid that files are on."""
    lot = np.random.default_rng(5)
    found = ARCHITECTURES[recipe.kind].initial(lot, recipe, shape)
    if recipe.kind == "mlp":
        found |= {"mean": np.zeros(shape), "scale": np.ones(shape), "unit": np.ones(1)}
    moved = {name: a + lot.normal(0, 0.3, a.shape) for name, a in found.items()}
    return {name: np.round(a * 4096) / 4096 for name, a in moved.items()}


def file_of(recipe: Recipe, shape: tuple[int, ...], weights: Weights) -> bytes:
    row = shape if recipe.kind == "mlp" else (1, *shape)
    return as_onnx(recipe.kind, weights, row, {"aitrader.seed": "1"})


@pytest.mark.parametrize(("recipe", "shape"), KINDS)
def test_the_file_answers_as_the_function(recipe: Recipe, shape: tuple[int, ...]) -> None:
    weights = drawn(recipe, shape)
    content = file_of(recipe, shape, weights)
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    lot = np.random.default_rng(6)
    for rows in (1, 2, 33):
        inputs = lot.normal(0, 2, (rows, *shape)).astype(np.float32)
        fed = inputs if recipe.kind == "mlp" else inputs[:, None, :]
        (found,) = session.run(["output"], {"input": fed})
        expected = answers(weights, inputs, recipe)
        assert np.abs(expected).max() > 0.05, "it says something"
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("recipe", "shape"), KINDS)
def test_what_a_file_says_of_itself(recipe: Recipe, shape: tuple[int, ...]) -> None:
    content = file_of(recipe, shape, drawn(recipe, shape))
    assert content == file_of(recipe, shape, drawn(recipe, shape))
    model = onnx.load_from_string(content)
    assert (model.ir_version, [o.version for o in model.opset_import]) == (8, [17])
    assert {p.key: p.value for p in model.metadata_props} == {"aitrader.seed": "1"}
    assert (model.producer_name, model.producer_version, model.doc_string) == ("aitrader", "", "")
    for told, name in ((model.graph.input, "input"), (model.graph.output, "output")):
        (one,) = told
        assert one.name == name
        assert one.type.tensor_type.shape.dim[0].dim_param == "batch"


def test_a_network_that_is_too_large() -> None:
    recipe = replace(DAILY_MLP, widths=(20_000,))
    with pytest.raises(InputError, match="make it smaller"):
        file_of(recipe, (12,), drawn(recipe, (12,)))
