"""A network's card: fields for programs, then the same for people, reproduced to the byte."""

from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from textwrap import fill
from typing import Any

import yaml

from aitrader_core.agents.onnx import features
from aitrader_core.patterns import windows
from aitrader_core.training import card_prose as prose
from aitrader_core.training.evidence import Ranking
from aitrader_core.training.making import Made, Tested
from aitrader_core.training.recipes import RECIPES, Recipe

_WIDTH = 100


def card_of(made: Made) -> str:
    """Markdown with YAML before it."""
    told = yaml.dump(fields(made), Dumper=_Lines, sort_keys=False, width=_WIDTH)
    return f"---\n{told}---\n\n{_text(made)}"


class _Lines(yaml.SafeDumper):
    """Lists, and mappings of figures alone, stand on a line of their own."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        figures = all(isinstance(value, float | int) for value in mapping.values())
        return super().represent_mapping(tag, mapping, flow_style=figures or flow_style)

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
        flat = not any(isinstance(value, dict) for value in sequence)
        return super().represent_sequence(tag, sequence, flow_style=flat or flow_style)


def fields(made: Made) -> dict[str, Any]:
    recipe, history, samples = made.recipe, made.history, made.samples
    return {
        "name": recipe.name,
        "kind": recipe.kind,
        "sha256": sha256(made.content).hexdigest(),
        "bytes": len(made.content),
        "arena": recipe.arena,
        "prices": {"source": history.prices, "sha256": history.digest},
        "trained_on": {
            "first_session": str(samples.sessions[0]),
            "last_session": str(samples.sessions[-1]),
            "last_sample": str(samples.sessions[samples.at.max()]),
            "samples": len(samples),
            "symbols": {s: samples.symbols.count(s) for s in sorted(set(samples.symbols))},
            "sha256": samples.digest,
        },
        "demo_begins": str(history.demo),
        "features": _features(recipe),
        "target": prose.TARGETS[recipe.kind].format(horizon=recipe.horizon),
        "out_of_sample": made.out_of_sample.as_yaml(),
        "in_sample": made.in_sample.as_yaml(),
        "verdict": prose.verdict(made.out_of_sample),
        "summary": prose.summary(made.out_of_sample),
        "folds": [_fold(made, each) for each in made.tested],
        "seed": recipe.seed,
        "recipe": _recipe(recipe),
        "recipe_sha256": recipe.digest,
        "command": command(recipe),
    }


def command(recipe: Recipe) -> str:
    """Which makes the same network again."""
    seed = f" --seed {recipe.seed}" if recipe.seed != RECIPES[recipe.name].seed else ""
    return f"aitrader models train {recipe.name}{seed}"


def _features(recipe: Recipe) -> dict[str, Any]:
    if recipe.kind == "cnn":
        return {"version": windows.VERSION, "columns": prose.WINDOW}
    return {
        "version": features.VERSION,
        "compared": "each a z-score among the session's symbols, from -3 to 3",
        "columns": {name: prose.FEATURES[name] for name in features.NAMES},
    }


def _recipe(recipe: Recipe) -> dict[str, Any]:
    """What the card does not tell elsewhere."""
    told = asdict(recipe) | {"widths": list(recipe.widths)}
    elsewhere = ("name", "kind", "seed", "arena")
    return {key: value for key, value in told.items() if key not in elsewhere}


def _fold(made: Made, each: Tested) -> dict[str, Any]:
    sessions, fold = made.samples.sessions, each.fold
    return {
        "year": fold.year,
        "trained": [str(sessions[0]), str(sessions[fold.trained - 1])],
        "trained_samples": each.learnt,
        "tested": [str(sessions[fold.tested]), str(sessions[fold.ended - 1])],
        **each.found.as_yaml(),
    }


def _text(made: Made) -> str:
    recipe, kind = made.recipe, made.recipe.kind
    symbols = ", ".join(sorted(set(made.samples.symbols)))
    terms = {
        "horizon": recipe.horizon,
        "length": windows.LENGTH,
        "symbols": symbols,
        "last": made.samples.sessions[-1],
        "demo": made.history.demo,
    }
    return "\n\n".join(
        (
            f"# {recipe.name}: {prose.TITLES[kind]}",
            fill(
                f"**{prose.verdict(made.out_of_sample)}** It is here to show how a network trades, "
                "and claims to earn nothing.",
                _WIDTH,
            ),
            f"## What it is for\n\n{prose.USE[kind].format(**terms)}",
            f"## How it was tested\n\n{prose.HONESTY.format(**terms)}",
            _table(made),
            f"## Limits\n\n{prose.LIMITS[kind].format(**terms)}",
            f"## Making it again\n\n`{command(recipe)} --check` trains it again, and compares this "
            "card and the\nfile beside it, byte by byte.\n",
        )
    )


def _table(made: Made) -> str:
    """A row for each held-out year, for all of them, and for what was learnt from."""
    ranks = isinstance(made.out_of_sample, Ranking)
    head = ("rank IC", "hit rate", "top less bottom") if ranks else ("accuracy", "AUC", "gain")
    rows = [
        (str(each.fold.year), str(each.found.samples), *_figures(each.found))
        for each in made.tested
    ]
    for name, found in (("held out", made.out_of_sample), ("in sample", made.in_sample)):
        rows.append((name, str(found.samples), *_figures(found)))
    lines = [("", "samples", *head), ("---", *("---:" for _ in range(4))), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figures(found: Any) -> Sequence[str]:
    if isinstance(found, Ranking):
        spread = f"{100 * found.spread.mean:+.2f} % (t {found.spread.t:+.1f})"
        return prose.figure(found.rank_ic), f"{100 * found.hit_rate:.1f} %", spread
    return f"{100 * found.accuracy:.1f} %", f"{found.auc:.3f}", prose.figure(found.gain)
