"""One model in every configuration of a grid, each parsed as a file of its own would be."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import yaml

from aitrader_core.agents.llm.connections import Connections
from aitrader_core.domain.errors import ConfigError
from aitrader_core.runner.arena import Arena, Model, model_maker
from aitrader_core.runner.config import ModelConfig
from aitrader_core.runner.model_day import Trader

MOST = 10_000  # combinations of a grid
_UNSWEPT = {
    "llm": "a language model answers otherwise each time, and each answer is paid for",
    "mcp": "an agent outside plays it",
    "recorded": "a recording is what it is",
}

Grid = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Variant:
    """A model with some of its parameters changed, by their dotted paths."""

    parameters: Mapping[str, Any]
    model: Model

    def trader(self, arena: Arena, connections: Connections | None = None) -> Trader:
        """Without `connections`, one that asks nobody."""
        name = self.model.name
        return replace(arena, models={name: self.model}).trader(name, connections)


def variants(config_dir: Path, arena: Arena, name: str, grid: Grid) -> list[Variant]:
    """Every combination of `grid`, the last key's values changing fastest.

    A key is a dotted path into the model's configuration. ConfigError names the combination, the
    key, and what is allowed.
    """
    entry = arena.model(name)
    if why := _UNSWEPT.get(entry.config.kind):
        raise ConfigError(
            f"{name} is of kind {entry.config.kind}, of which no grid is tried: {why}"
        )
    _check(name, grid)
    make, found = model_maker(config_dir, arena.market), list[Variant]()
    for values in product(*grid.values()):
        chosen = dict(zip(grid, values, strict=True))
        place = f"{name} with {told(chosen)}" if chosen else name
        made = make(place, _family(entry), _changed(entry.config, chosen, place))
        found.append(Variant(chosen, next(model for model in made if model.name == name)))
    return found


def grid_of(texts: Iterable[str]) -> dict[str, list[Any]]:
    """`lookback=63,126` as a key and its values, each as a configuration file would have it."""
    found: dict[str, list[Any]] = {}
    for text in texts:
        key, is_there, values = text.partition("=")
        key = key.strip()
        if not (key and is_there):
            raise ConfigError(f"{text!r} is no parameter: write KEY=VALUE,VALUE, lookback=63,126")
        if key in found:
            raise ConfigError(f"{key}: is given twice: put all its values behind one {key}=")
        try:
            listed = yaml.safe_load(f"[{values}]")
        except yaml.YAMLError:
            raise ConfigError(f"{key}: {values!r} is no list of values") from None
        found[key] = [value.isoformat() if isinstance(value, date) else value for value in listed]
    return found


def told(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in parameters.items())


def _check(name: str, grid: Grid) -> None:
    for key, values in grid.items():
        if not values:
            raise ConfigError(f"{name}: {key}: no value is given")
        for at, value in enumerate(values):
            if value in values[:at]:
                raise ConfigError(f"{name}: {key}: {value} is given twice")
            _check_kept(f"{name}: {key}", value)
    tries = prod(len(values) for values in grid.values())
    if tries > MOST:
        raise ConfigError(f"{name}: {tries:,} combinations are too many: try {MOST:,} at most")


def _check_kept(place: str, value: Any) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise ConfigError(f"{place}: {value} can't be kept: give a number, text or truth") from None


def _family(entry: Model) -> str:
    """The name that its configuration was made under: of a repeat, without its number."""
    return re.sub(r"@\d+$", "", entry.name) if entry.config.repeats > 1 else entry.name


def _changed(config: ModelConfig, chosen: Mapping[str, Any], place: str) -> ModelConfig:
    told = deepcopy(config.model_dump(exclude_unset=True))
    for key, value in chosen.items():
        if key in ModelConfig.model_fields:
            raise ConfigError(
                f"{place}: {key}: is no parameter of kind {config.kind}, and can't be tried"
            )
        _put(told, key, value, place)
    return ModelConfig.model_validate(told)


def _put(told: dict[str, Any], key: str, value: Any, place: str) -> None:
    *parts, last = key.split(".")
    for number, part in enumerate(parts, 1):
        inner: object = told.setdefault(part, {})
        if not isinstance(inner, dict):
            outer = ".".join(parts[:number])
            raise ConfigError(f"{place}: {key}: {outer} is {inner}, which has no {last}")
        told = inner
    told[last] = value
