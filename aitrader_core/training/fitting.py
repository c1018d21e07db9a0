"""Fits a network to samples: the same weights, to the last bit, wherever it is done."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax  # type: ignore[import-untyped]
from numpy.typing import NDArray

from aitrader_core.training.folds import Mask
from aitrader_core.training.networks import ARCHITECTURES, Weights
from aitrader_core.training.recipes import Kind, Recipe
from aitrader_core.training.samples import Samples

Arrays = dict[str, NDArray[np.float64]]
GRID = 2.0**-12  # processors differ by 1e-12 or so after training: far less than half of it
_DIGITS = 4  # of what the data's own scales are rounded to, for the same reason


def fit(samples: Samples, chosen: Mask, recipe: Recipe) -> Arrays:
    """Weights on the grid, learnt from the `chosen` samples in an order that the seed decides."""
    network = ARCHITECTURES[recipe.kind]
    lot = np.random.default_rng(recipe.seed)
    weights = network.initial(lot, recipe, samples.inputs.shape[1:])
    scales = _scales(samples, chosen) if recipe.kind == "mlp" else {}
    batches = _batches(lot, np.flatnonzero(chosen), recipe)
    with _doubles():
        train = _trained(recipe.kind, recipe.steps, recipe.rate, recipe.decay)
        learnt = train(weights, scales, samples.inputs, samples.targets, batches)
        on_grid = {name: np.round(np.asarray(v) / GRID) * GRID for name, v in learnt.items()}
    return on_grid | scales


def answers(weights: Weights, inputs: NDArray[np.float32], recipe: Recipe) -> NDArray[np.float64]:
    """What the network says of each row, in double precision."""
    with _doubles():
        told = _answering(recipe.kind)(dict(weights), inputs.astype(np.float64))
        return np.asarray(told, np.float64)


class _doubles:  # noqa: N801 - a context like those of JAX
    """JAX on the CPU and in double precision, for as long as it is entered."""

    def __enter__(self) -> None:
        self._entered = (
            jax.enable_x64(True),
            jax.default_device(jax.local_devices(backend="cpu")[0]),
        )
        for context in self._entered:
            context.__enter__()

    def __exit__(self, *error: Any) -> None:
        for context in reversed(self._entered):
            context.__exit__(*error)


def _scales(samples: Samples, chosen: Mask) -> Arrays:
    """Of the inputs and of the target, so that what is learnt has neither's units."""
    inputs = samples.inputs[chosen].astype(np.float64)
    spread = inputs.std(axis=0)
    return {
        "mean": _rounded(inputs.mean(axis=0)),
        "scale": _rounded(1.0 / np.where(spread > 0, spread, 1.0)),
        "unit": _rounded(samples.targets[chosen].std(keepdims=True)),
    }


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([float(f"{value:.{_DIGITS}g}") for value in values])


def _batches(
    lot: np.random.Generator, rows: NDArray[np.int64], recipe: Recipe
) -> NDArray[np.int64]:
    """Rows for each step: all of them in one order, then all of them in another, and so on."""
    wanted = recipe.steps * recipe.batch
    rounds = -(-wanted // len(rows))
    order = np.concatenate([lot.permutation(rows) for _ in range(rounds)])
    return order[:wanted].reshape(recipe.steps, recipe.batch)


@cache
def _trained(kind: Kind, steps: int, rate: float, decay: float) -> Callable[..., Any]:
    """The whole of a training as one compiled function: every fold has batches of one shape."""
    network = ARCHITECTURES[kind]
    optimizer = optax.adamw(optax.cosine_decay_schedule(rate, steps), weight_decay=decay)

    def loss(learnt: Any, scales: Any, inputs: Any, targets: Any) -> Any:
        return network.loss({**learnt, **scales}, inputs, targets).mean()

    def step(scales: Any, inputs: Any, targets: Any, state: Any, batch: Any) -> Any:
        learnt, moments = state
        slope = jax.grad(loss)(learnt, scales, inputs[batch], targets[batch])
        change, moments = optimizer.update(slope, moments, learnt)
        return (optax.apply_updates(learnt, change), moments), None

    @jax.jit
    def trained(learnt: Any, scales: Any, inputs: Any, targets: Any, batches: Any) -> Any:
        inputs = inputs.astype(jnp.float64)
        each = partial(step, scales, inputs, targets)
        (learnt, _), _ = jax.lax.scan(each, (learnt, optimizer.init(learnt)), batches)
        return learnt

    return trained


@cache
def _answering(kind: Kind) -> Callable[..., Any]:
    return jax.jit(ARCHITECTURES[kind].answer)
