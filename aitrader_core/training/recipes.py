"""How each network that comes with aitrader is made: all that decides its bytes beside the data."""

import json
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Literal, get_args

from aitrader_core.domain.errors import InputError

Kind = Literal["mlp", "cnn"]
Name = Literal["daily_mlp", "tick_cnn"]
NAMES: tuple[Name, ...] = get_args(Name)


@dataclass(frozen=True, slots=True)
class Recipe:
    """`widths` are the hidden units of an MLP, or the channels of a CNN's convolutions.

    Chosen once, small and round, before any figure was looked at; nobody has searched for better
    ones. `steps` of `batch` samples each are taken whatever the loss says: where to stop is
    not learnt from anything. `first_test` is the first year that is held out.
    """

    name: Name
    kind: Kind
    horizon: int  # sessions, or bars
    widths: tuple[int, ...]
    steps: int
    batch: int
    rate: float = 0.003
    decay: float = 0.01
    seed: int = 1
    first_test: int = 2004
    arena: str = "us"

    @property
    def digest(self) -> str:
        """sha256 of the whole of it."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


DAILY_MLP = Recipe("daily_mlp", "mlp", horizon=5, widths=(16,), steps=300, batch=512)
TICK_CNN = Recipe("tick_cnn", "cnn", horizon=5, widths=(8, 8), steps=400, batch=256)
RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (DAILY_MLP, TICK_CNN)}


def recipe_of(name: str, seed: int | None = None) -> Recipe:
    """InputError names those there are."""
    if name not in RECIPES:
        raise InputError(f"there is no network {name!r} to train: there are {', '.join(RECIPES)}")
    found = RECIPES[name]
    return found if seed is None else replace(found, seed=seed)
