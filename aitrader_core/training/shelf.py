"""The networks under configs/networks, as their cards tell of them, and who uses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aitrader_core.domain.errors import ConfigError
from aitrader_core.inference.network import FOLDER, read_network
from aitrader_core.runner import config
from aitrader_core.runner.arena import model_file, read_arena
from aitrader_core.runner.config import ModelConfig

NAMED_BY = {"pattern": "score"}  # the key of a model's network, where it is not `network`


@dataclass(frozen=True, slots=True)
class Shelved:
    """`card` is empty where there is none; `users` are models, each as arena/model."""

    name: str
    digest: str
    size: int
    card: Mapping[str, Any]
    users: tuple[str, ...]

    @property
    def is_of_its_card(self) -> bool:
        """Whether the card tells of this very file."""
        return self.card.get("sha256") == self.digest

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "kind": self.card.get("kind"),
            "bytes": self.size,
            "sha256": self.digest,
            "is_of_its_card": self.is_of_its_card,
            "trained_on": self.card.get("trained_on"),
            "out_of_sample": self.card.get("out_of_sample"),
            "verdict": self.card.get("verdict"),
            "used_by": list(self.users),
        }


def shelf(config_dir: Path, environment: Mapping[str, str]) -> list[Shelved]:
    """By name. ConfigError for a card that is none, and for what is wrong in an arena."""
    used = users(config_dir, environment)
    found = []
    for path in sorted((config_dir / FOLDER).glob("*.onnx")):
        network = read_network(config_dir, path.stem)
        card = path.with_suffix(".md")
        told = fields_of(card.read_text(), str(card)) if card.is_file() else {}
        by = tuple(used.get(network.name, ()))
        found.append(Shelved(network.name, network.digest, len(network.content), told, by))
    return found


def card_text(config_dir: Path, name: str) -> str:
    """ConfigError where there is no such network, or no card of it."""
    path = read_network(config_dir, name).path.with_suffix(".md")
    if not path.is_file():
        raise ConfigError(f"{name} has no card: write {path}, as those beside it are written")
    return path.read_text()


def fields_of(text: str, place: str) -> Mapping[str, Any]:
    """What stands before the prose, as YAML between two lines ---; nothing where it has none."""
    if not text.startswith("---\n"):
        return {}
    head, _, _ = text.removeprefix("---\n").partition("\n---\n")
    try:
        found = yaml.safe_load(head)
    except yaml.YAMLError as error:
        raise ConfigError(f"{place}: its fields are not YAML: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{place}: its fields are to be KEY: VALUE, between two lines ---")
    return found


def users(config_dir: Path, environment: Mapping[str, str]) -> Mapping[str, list[str]]:
    """By network. Read from the configuration alone: a network that is missing is told, too."""
    found: dict[str, list[str]] = {}
    for arena, path in config.arena_files(config_dir / "arenas").items():
        listed, own = read_arena(config_dir, path, environment)
        for name in listed.models:
            spec = own.get(name) or config.read(
                model_file(config_dir, arena, name).parent, name, ModelConfig
            )
            if network := spec.parameters.get(NAMED_BY.get(spec.kind, "network")):
                found.setdefault(str(network), []).append(f"{arena}/{name}")
    return found
