"""Makes a network: the held-out years first, then the one that is kept."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aitrader_core.agents.onnx import features, policy
from aitrader_core.patterns import shown, windows
from aitrader_core.training.evidence import Calling, Ranking, calling, ranking
from aitrader_core.training.fitting import answers, fit
from aitrader_core.training.folds import Fold, Mask, yearly
from aitrader_core.training.graph import as_onnx
from aitrader_core.training.history import History
from aitrader_core.training.recipes import Recipe
from aitrader_core.training.samples import Samples, daily_samples, window_samples

Evidence = Ranking | Calling
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Tested:
    """What a held-out year was, and what is found in it."""

    fold: Fold
    learnt: int  # samples
    found: Evidence


@dataclass(frozen=True)
class Made:
    """A network and all that its card tells. `content` is the ONNX file."""

    recipe: Recipe
    history: History
    samples: Samples
    content: bytes
    tested: tuple[Tested, ...]
    out_of_sample: Evidence
    in_sample: Evidence


def make(recipe: Recipe, history: History, progress: Progress = lambda _, __: None) -> Made:
    """`progress` is told how many of how many steps of training are done."""
    samples = samples_of(recipe, history)
    folds = yearly(samples.sessions, recipe.horizon, recipe.first_test)
    total = recipe.steps * (len(folds) + 1)
    said, base = np.zeros(len(samples)), np.zeros(len(samples))
    for done, fold in enumerate(folds):
        progress(done * recipe.steps, total)
        learns, tests = fold.trains(samples.at), fold.tests(samples.at)
        said[tests] = _said(recipe, samples, learns)[tests]
        base[tests] = samples.targets[learns].mean()
    progress(len(folds) * recipe.steps, total)
    content, kept = final(recipe, samples)
    progress(total, total)

    def evidence(of: NDArray[np.float64], rate: NDArray[np.float64], chosen: Mask) -> Evidence:
        if recipe.kind == "mlp":
            return ranking(samples, of, chosen)
        return calling(samples, of, rate, chosen)

    tested = tuple(
        Tested(
            fold,
            int(fold.trains(samples.at).sum()),
            evidence(said, base, fold.tests(samples.at)),
        )
        for fold in folds
    )
    held_out = samples.at >= folds[0].tested
    everything = np.ones(len(samples), np.bool_)
    known = np.full(len(samples), samples.targets.mean())
    return Made(
        recipe,
        history,
        samples,
        content,
        tested,
        evidence(said, base, held_out),
        evidence(kept, known, everything),
    )


def samples_of(recipe: Recipe, history: History) -> Samples:
    gather = daily_samples if recipe.kind == "mlp" else window_samples
    return gather(history, recipe.horizon)


def final(recipe: Recipe, samples: Samples) -> tuple[bytes, NDArray[np.float64]]:
    """The network that learnt from all samples, as a file, and what it says of each of them."""
    weights = fit(samples, np.ones(len(samples), np.bool_), recipe)
    row = samples.inputs.shape[1:] if recipe.kind == "mlp" else (1, *samples.inputs.shape[1:])
    content = as_onnx(recipe.kind, weights, row, _properties(recipe, samples))
    return content, _spoken(recipe, answers(weights, samples.inputs, recipe))


def _properties(recipe: Recipe, samples: Samples) -> dict[str, str]:
    """What the file itself says of where it comes from."""
    told = (
        {policy.METADATA: features.VERSION}
        if recipe.kind == "mlp"
        else {shown.METADATA: windows.VERSION}
    )
    return {
        **told,
        "aitrader.first_session": str(samples.sessions[0]),
        "aitrader.last_session": str(samples.sessions[-1]),
        "aitrader.seed": str(recipe.seed),
    }


def _said(recipe: Recipe, samples: Samples, learns: Mask) -> NDArray[np.float64]:
    weights = fit(samples, learns, recipe)
    return _spoken(recipe, answers(weights, samples.inputs, recipe))


def _spoken(recipe: Recipe, told: NDArray[np.float64]) -> NDArray[np.float64]:
    """The one number for a row: the score, or the chance of a rise."""
    return told[:, 0] if recipe.kind == "mlp" else told[:, 1]
