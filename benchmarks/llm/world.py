"""The us arena with language models that ask a server in another process."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.settings import project_root
from benchmarks.ground import Ground, ground

ALONE = "llm_alone"  # the model that is answered at once
TOGETHER = tuple(f"llm_{number}" for number in range(1, 6))  # those that wait


@dataclass(frozen=True)
class World:
    """`url` is of the server that answers at once."""

    here: Ground
    floor: Floor
    url: str


@contextmanager
def world() -> Iterator[World]:
    with ground() as here, _server() as root:
        urls = {ALONE: f"{root}/v1", **dict.fromkeys(TOGETHER, f"{root}/slow/v1")}
        folder = configured(here.folder, urls)
        floor = Floor(load_arena(folder, "us"), here.floor.engine)
        floor.register_models()
        yield World(here, floor, urls[ALONE])


@contextmanager
def _server() -> Iterator[str]:
    command = (sys.executable, "-m", "benchmarks.llm.server")
    with subprocess.Popen(
        command, cwd=project_root(), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if not (url := process.stdout.readline().strip() if process.stdout else ""):
                raise RuntimeError("the server of the benchmark does not come up")
            yield url
        finally:
            process.terminate()


def configured(folder: Path, urls: dict[str, str]) -> Path:
    """A copy of configs/ whose us arena has these models alone."""
    copy = Path(shutil.copytree(project_root() / "configs", folder / "configs"))
    arena = copy / "arenas" / "us.yaml"
    terms: dict[str, Any] = yaml.safe_load(arena.read_text())
    arena.write_text(yaml.safe_dump({**terms, "models": list(urls)}))
    prices = {"input": 1, "output": 2}
    for name, url in urls.items():
        spec = {"kind": "llm", "model": "m", "endpoint": url, "token_prices": prices}
        (copy / "models" / f"{name}.yaml").write_text(yaml.safe_dump(spec))
    return copy
