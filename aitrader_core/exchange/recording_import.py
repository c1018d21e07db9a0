"""A recording as a model of an arena: its file under configs/, its name among the arena's."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aitrader_core.domain.errors import AitraderError, ConfigError, InputError
from aitrader_core.runner import config
from aitrader_core.runner.arena import load_arena


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the model is configured; `to_add` is what the arena's file still has to say."""

    path: Path
    to_add: str | None


def model_yaml(config_dir: Path, file: Path, logs: Path | None = None) -> str:
    """What configs/models/<arena>/<name>.yaml has to say to follow the recording."""
    told = {"kind": "recorded", "file": _path(config_dir, file), "mode": "as_recorded"}
    if logs is not None:
        told["logs"] = _path(config_dir, logs)
    return yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=1000)


def place(config_dir: Path, arena: str, name: str, text: str) -> Placed:
    """Write the model's file and add its name to the arena; both are as they were if the arena
    can't be loaded then. InputError for a name that is taken, or is none."""
    try:
        config.model_name(name)
    except ValueError as error:
        raise InputError(str(error)) from None
    arena_path = config.arena_file(config_dir / "arenas", arena)
    if arena_path.suffix == ".json":
        raise InputError(
            f"{arena_path} is AI-Trader's own file, which has no recordings: make an arena of YAML "
            "beside it, such as us.yaml, and import into that"
        )
    folder = config_dir / "models"
    path = folder / arena / f"{name}.yaml"
    for taken in (path, folder / f"{name}.yaml"):
        if taken.exists() and yaml.safe_load(taken.read_text()) != yaml.safe_load(text):
            raise InputError(f"{taken} is there and is another model: choose another --name")
    was = path.read_text() if path.exists() else None
    listed = arena_path.read_text()
    added = with_model(listed, name)
    try:
        _write(path, was or text)
        if added is not None:
            _write(arena_path, added)
            load_arena(config_dir, arena)
    except AitraderError:
        _write(arena_path, listed)
        if was is None:
            path.unlink(missing_ok=True)
        raise
    return Placed(path, None if added is not None else f"  - {name}")


def with_model(text: str, name: str) -> str | None:
    """An arena's file with `name` as the last of its `models` and nothing else changed; None
    where that is not sure to come out."""
    before = yaml.safe_load(text)
    if name in before["models"]:
        return text
    listed = _models_node(text)
    if listed is None or not listed.value:
        return None
    last = listed.value[-1]
    if listed.flow_style:
        at = last.end_mark.index
        after = f"{text[:at]}, {name}{text[at:]}"
    else:
        lines = text.splitlines(keepends=True)
        row = last.end_mark.line
        lines[row] = lines[row] if lines[row].endswith("\n") else f"{lines[row]}\n"
        indent = " " * listed.start_mark.column
        after = "".join([*lines[: row + 1], f"{indent}- {name}\n", *lines[row + 1 :]])
    return after if _says(after, {**before, "models": [*before["models"], name]}) else None


def _models_node(text: str) -> Any:
    root = yaml.compose(text, yaml.SafeLoader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    found = [node for key, node in pairs if key.value == "models"]
    return found[0] if found and isinstance(found[0], yaml.SequenceNode) else None


def _says(text: str, content: object) -> bool:
    try:
        found: object = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return found == content


def _path(config_dir: Path, path: Path) -> str:
    """From the folder that holds configs/, where it is below that."""
    whole = path.expanduser().resolve()
    root = config_dir.parent.resolve()
    return str(whole.relative_to(root) if whole.is_relative_to(root) else whole)


def _write(path: Path, text: str) -> None:
    _unless_refused(path, lambda: path.parent.mkdir(parents=True, exist_ok=True))
    _unless_refused(path, lambda: path.write_text(text))


def _unless_refused(path: Path, act: Callable[[], object]) -> None:
    try:
        act()
    except OSError as error:
        raise ConfigError(f"{path}: can't be written ({error.strerror}): allow it") from error
