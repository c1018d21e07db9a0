"""A network as a file: ONNX, from the folder that holds them."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from aitrader_core.domain.errors import ConfigError

FOLDER = "networks"  # under configs/


@dataclass(frozen=True, slots=True)
class Network:
    """What a file holds; nothing has looked into it yet: whoever opens it does."""

    name: str
    path: Path
    content: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """sha256, as hex."""
        return hashlib.sha256(self.content).hexdigest()


def read_network(config_dir: Path, name: str) -> Network:
    """`name` of configs/networks. ConfigError names those that are there."""
    path = config_dir / FOLDER / f"{name}.onnx"
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in path.parent.glob("*.onnx"))) or "none"
        raise ConfigError(f"network: there is no {path}; {path.parent} has {there}")
    content = path.read_bytes()
    if not content:
        raise ConfigError(f"network: {path} is empty: train it again, or restore it")
    return Network(name, path, content)
