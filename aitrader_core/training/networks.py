"""The two networks as functions of their weights, in JAX; `graph.py` says the same in ONNX."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]
from numpy.typing import NDArray

from aitrader_core.training.recipes import Kind, Recipe

# Arrays of numpy or of JAX, by the names that they have in the graph. `mean`, `scale` and `unit`
# are those of the data, and are not learnt.
Weights = Mapping[str, Any]
KERNEL, STRIDE = 5, 2  # of a convolution


@dataclass(frozen=True, slots=True)
class Architecture:
    """`answer` is what the network says, `loss` what it is to make small for each sample."""

    initial: Callable[[np.random.Generator, Recipe, tuple[int, ...]], dict[str, Any]]
    answer: Callable[[Weights, Any], Any]
    loss: Callable[[Weights, Any, Any], Any]


def _mlp_initial(
    lot: np.random.Generator, recipe: Recipe, shape: tuple[int, ...]
) -> dict[str, NDArray[np.float64]]:
    sizes = (*shape, *recipe.widths, 1)
    found = {}
    for n, (come, go) in enumerate(pairwise(sizes), 1):
        found[f"weight_{n}"] = lot.normal(0.0, (2.0 / come) ** 0.5, (come, go))
        found[f"bias_{n}"] = np.zeros(go)
    found[f"weight_{n}"] *= 0.1  # nearly nothing is said before something is learnt
    return found


def _mlp(weights: Weights, inputs: Any) -> Any:
    """In units of the target."""
    told = (inputs - weights["mean"]) * weights["scale"]
    layers = sum(name.startswith("weight_") for name in weights)
    for n in range(1, layers):
        told = jax.nn.relu(told @ weights[f"weight_{n}"] + weights[f"bias_{n}"])
    return told @ weights[f"weight_{layers}"] + weights[f"bias_{layers}"]


def _mlp_answer(weights: Weights, inputs: Any) -> Any:
    return _mlp(weights, inputs) * weights["unit"]


def _mlp_loss(weights: Weights, inputs: Any, targets: Any) -> Any:
    """Huber's: returns have fat tails, and one crash should not be all that is learnt."""
    return optax.losses.huber_loss(_mlp(weights, inputs)[:, 0], targets / weights["unit"])


def _cnn_initial(
    lot: np.random.Generator, recipe: Recipe, shape: tuple[int, ...]
) -> dict[str, NDArray[np.float64]]:
    (length,) = shape
    found, channels = {}, 1
    for n, width in enumerate(recipe.widths, 1):
        spread = (2.0 / (channels * KERNEL)) ** 0.5
        found[f"kernel_{n}"] = lot.normal(0.0, spread, (width, channels, KERNEL))
        found[f"bias_{n}"] = np.zeros(width)
        channels, length = width, (length - KERNEL) // STRIDE + 1
    found["weight"] = lot.normal(0.0, 0.1 * (channels * length) ** -0.5, (channels * length, 2))
    found["bias"] = np.zeros(2)
    return found


def _logits(weights: Weights, inputs: Any) -> Any:
    told = inputs[:, None, :]
    layers = sum(name.startswith("kernel_") for name in weights)
    for n in range(1, layers + 1):
        told = jax.nn.relu(_convolved(told, weights[f"kernel_{n}"], weights[f"bias_{n}"]))
    return told.reshape(len(told), -1) @ weights["weight"] + weights["bias"]


def _convolved(told: Any, kernel: Any, bias: Any) -> Any:
    """As one product: XLA has no fast convolution of doubles on a CPU."""
    places = (told.shape[-1] - KERNEL) // STRIDE + 1
    ends = STRIDE * (places - 1) + 1
    shifted = jnp.stack([told[:, :, k : k + ends : STRIDE] for k in range(KERNEL)], axis=-1)
    return jnp.einsum("ncpk,ock->nop", shifted, kernel) + bias[:, None]


def _cnn_answer(weights: Weights, inputs: Any) -> Any:
    return jax.nn.softmax(_logits(weights, inputs))


def _cnn_loss(weights: Weights, inputs: Any, targets: Any) -> Any:
    labels = targets.astype(int)
    return optax.losses.softmax_cross_entropy_with_integer_labels(_logits(weights, inputs), labels)


MLP = Architecture(_mlp_initial, _mlp_answer, _mlp_loss)
CNN = Architecture(_cnn_initial, _cnn_answer, _cnn_loss)
ARCHITECTURES: Mapping[Kind, Architecture] = {"mlp": MLP, "cnn": CNN}
