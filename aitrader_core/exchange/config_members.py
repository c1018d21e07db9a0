"""The configuration that decided a run, as files of its archive; and an arena from them again.

They stand under run/ as they stand beside each other at home: run/configs/..., and what a model
reads (a recording) where it is from the folder that holds configs/.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

import yaml

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.llm.language_model import OPENAI, PreparedModel
from aitrader_core.domain.errors import ConfigError, InputError, ManifestError
from aitrader_core.exchange.archive import is_name
from aitrader_core.inference.network import FOLDER, Network
from aitrader_core.runner import config
from aitrader_core.runner.arena import Arena, load_arena, model_file, read_arena

ROOT = "run/"
CONFIGS = f"{ROOT}configs"
_BASE = "OPENAI_API_BASE"
_LARGEST = 256 << 10  # bytes of a YAML file
_DEEPEST = 20  # mappings and lists within each other
_ELSEWHERE = b"\n\x08location"  # where ONNX names a file that holds a tensor's numbers
_HERE = "kept elsewhere"  # what a variable that a model requires is set to, where it is not needed


def environment_of(arena: Arena, models: Sequence[str]) -> dict[str, str]:
    """What of the environment decided: where a model is asked that names no endpoint itself."""
    agents = (arena.model(model).agent for model in models)
    asked = {
        agent.base_url
        for agent in agents
        if isinstance(agent, PreparedModel) and agent.spec.endpoint is None
    } - {OPENAI}
    return {_BASE: asked.pop()} if asked else {}


def config_members(
    config_dir: Path, arena: Arena, models: Sequence[str], around: Mapping[str, str]
) -> dict[str, bytes]:
    """Those of `models` and what they have in common, by name. InputError for what can't be
    taken along. The arena's file has these models alone, and its prices without their place."""
    path = config.arena_file(config_dir / "arenas", arena.market)
    found, own = read_arena(config_dir, path, around)
    listed = [name for name in found.models if any(_is_of(name, m, found.models) for m in models)]
    told = found.model_dump(mode="json", exclude={"demo"}, exclude_defaults=True)
    told |= {"prices": "file", "models": listed, "calls": "replay"}
    members = {f"arenas/{arena.market}.yaml": _dumped(told)}
    files = [config_dir / "markets" / f"{found.market}.yaml"]
    files.append(config_dir / "costs" / f"{found.costs}.yaml")
    for name in listed:
        if name in own:
            spec = own[name].model_dump(mode="json", exclude_unset=True)
            members[f"models/{arena.market}/{name}.yaml"] = _dumped(spec)
        else:
            files.append(model_file(config_dir, arena.market, name))
    agents = [arena.model(model).agent for model in models]
    for agent in agents:
        if isinstance(agent, PreparedModel):
            files.append(config_dir / "prompts" / f"{agent.spec.prompt}.md")
    members |= {path.relative_to(config_dir).as_posix(): _read(path) for path in files}
    members |= {name: content for agent in agents for name, content in _networks(agent)}
    beside = {n: c for agent in agents for n, c in _beside(config_dir, agent)}
    taken = {f"{CONFIGS}/{name}": content for name, content in members.items()}
    return taken | {f"{ROOT}{name}": content for name, content in beside.items()}


def _is_of(name: str, model: str, listed: Sequence[str]) -> bool:
    """Whether `model` is the one that is listed as `name`, or a repeat or variant of it."""
    if model in listed:
        return model == name
    return model.startswith(f"{name}@")


def _networks(agent: Agent) -> Iterator[tuple[str, bytes]]:
    """The network that it was loaded with, and the card beside it, by their place in configs/."""
    network = getattr(agent, "network", None)
    if not isinstance(network, Network):
        return
    name = f"{FOLDER}/{network.name}"
    if not is_name(f"{CONFIGS}/{name}.onnx"):
        raise InputError(f"{network.path}: can't be named so in a run manifest: rename it")
    yield f"{name}.onnx", network.content
    card = network.path.with_suffix(".md")
    if card.is_file():
        yield f"{name}.md", _read(card)


def _beside(config_dir: Path, agent: Agent) -> Iterator[tuple[str, bytes]]:
    """The files that an agent reads itself, by their place from the folder that holds configs/."""
    home = config_dir.parent
    for field in fields(cast(Any, agent)):
        path = getattr(agent, field.name)
        if not isinstance(path, Path):
            continue
        if ".." in path.parts or not path.is_relative_to(home):
            raise InputError(
                f"{path} is outside of {home}, where another machine has it not: put it below, "
                f"correct the model's `{field.name}`, and trade it again"
            )
        for file in sorted(path.rglob("*.jsonl")) if path.is_dir() else (path,):
            name = file.relative_to(home).as_posix()
            if not is_name(f"{ROOT}{name}"):
                raise InputError(f"{file}: can't be named so in a run manifest: rename it")
            yield name, _read(file)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: can't be read ({error.strerror}): allow it") from None


def _dumped(content: object) -> bytes:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000).encode()


def load_packed(
    members: Mapping[str, bytes],
    folder: Path,
    arena: str,
    around: Mapping[str, str],
    *,
    trust_code: bool = False,
) -> Arena:
    """The arena of an archive, whose files are unpacked into `folder`, which is empty.

    ManifestError for one that would read or import what is not in the archive.
    """
    files = {n.removeprefix(ROOT): c for n, c in members.items() if n.startswith(ROOT)}
    told = {n: _yaml(n, c) for n, c in files.items() if n.endswith(".yaml")}
    for name, said in told.items():
        _check_code(name, said, trust_code=trust_code)
        _check_paths(name, said)
    for name, content in files.items():
        if _ELSEWHERE in content and name.endswith(".onnx"):
            raise ManifestError(f"{name}: has numbers in another file, which is not in the archive")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    required = {str(c["requires"]): _HERE for c in told.values() if c.get("requires")}
    known = {name: value for name, value in around.items() if name == _BASE}
    try:
        return load_arena(folder / "configs", arena, {**required, **known})
    except ConfigError as error:
        raise ManifestError(f"its configuration: {_without(folder, str(error))}") from None


def _yaml(name: str, content: bytes) -> dict[str, Any]:
    if len(content) > _LARGEST:
        raise ManifestError(f"{name}: is larger than any configuration: not read")
    try:
        text = content.decode()
        _check_shape(name, text)
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ManifestError(f"{name}: is no YAML: {error}") from None
    if not isinstance(found, dict):
        raise ManifestError(f"{name}: is no mapping")
    return found


def _check_shape(name: str, text: str) -> None:
    """Before it is loaded: an alias may unfold without end, and depth takes its time."""
    depth = 0
    for event in yaml.parse(text):
        if isinstance(event, yaml.AliasEvent):
            raise ManifestError(f"{name}: has an alias (*name), which may unfold without end")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ManifestError(f"{name}: is nested deeper than any configuration: not read")


def _check_code(name: str, content: dict[str, Any], *, trust_code: bool) -> None:
    """Kinds of the form module:Class would import whatever is called so here."""
    for place, kind in _kinds(content):
        if ":" not in kind:
            continue
        if not trust_code:
            raise ManifestError(
                f"{name}: {place} {kind} is code of its own, which is not in the archive: have it "
                "here, look at it, and say --trust-code"
            )
        if not _is_here(kind.partition(":")[0]):
            raise ManifestError(f"{name}: {place} {kind} can't be imported here: install it first")


def _kinds(content: object) -> Iterator[tuple[str, str]]:
    """Wherever a choice may be: `kind: x`, and `rules: x` or `prices: x` for short."""
    if not isinstance(content, dict):
        return
    for key, value in content.items():
        if key in ("kind", "rules", "prices") and isinstance(value, str):
            yield str(key), value
        yield from _kinds(value)


def _is_here(module: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _check_paths(name: str, content: object) -> None:
    """Nothing may name a file outside of the folder that it is unpacked into."""
    if isinstance(content, dict):
        for key, value in content.items():
            _check_paths(name, key)
            _check_paths(name, value)
    elif isinstance(content, list):
        for value in content:
            _check_paths(name, value)
    elif isinstance(content, str):
        parts = content.replace("\\", "/").split("/")
        if content.startswith(("/", "~", "\\")) or ".." in parts:
            raise ManifestError(
                f"{name}: {content[:80]!r} leads out of the archive: another machine has it not"
            )


def _without(folder: Path, text: str) -> str:
    return text.replace(f"{folder}/", "")
