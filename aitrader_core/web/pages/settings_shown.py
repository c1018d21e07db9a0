"""How a model is configured, as its page shows it. Keys are never part of a configuration."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.registry import registered


@dataclass(frozen=True, slots=True)
class Settings:
    """`hash` is of all that decides a result; `is_gone`: the arena has it no longer."""

    kind: str
    told: str
    hash: str
    cutoff: date | None
    is_gone: bool = False


def example_model(arena: Arena) -> str:
    """One to show a command with: it costs nothing to run, where there is such a one."""
    kinds = {model.config.kind: name for name, model in reversed(arena.models.items())}
    return kinds.get("momentum") or next(iter(arena.models))


def settings_of(floor: Floor, model: str) -> Settings | None:
    """As configured now, else as last registered; None of one that is known to neither."""
    entry = floor.arena.models.get(model)
    if entry is not None:
        config = entry.config.model_dump(mode="json", exclude_unset=True)
        cutoff = entry.config.knowledge_cutoff
        return Settings(entry.config.kind, _told(config), entry.config_hash, cutoff)
    known = registered(floor.engine, floor.arena.market, model)
    if known is None:
        return None
    at = known["config"].get("knowledge_cutoff")
    cutoff = date.fromisoformat(at) if at else None
    return Settings(known["kind"], _told(known["config"]), known["config_hash"], cutoff, True)


def _told(config: dict[str, Any]) -> str:
    """As a file under configs/models has it."""
    return yaml.safe_dump(config, sort_keys=False, allow_unicode=True).strip()
