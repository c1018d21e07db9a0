"""What the files under configs/ say, parsed once into frozen models."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_type_hints

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from aitrader_core.domain.errors import ConfigError
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.feed import VenueTerms

Parsed = TypeVar("Parsed")


def model_name(name: str) -> str:
    """`name`, if it can be one. ValueError says why not."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}", name):
        raise ValueError(
            f"{name!r} can't be a model's name, which is a partition key and a file's name: "
            "letters, digits and . _ - @, no comma and no bar"
        )
    return name


ModelName = Annotated[str, AfterValidator(model_name)]
Cash = Annotated[Decimal, Field(gt=0, lt=Decimal(10) ** 15, decimal_places=8)]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Span(Frozen):
    first_session: date
    last_session: date


class Choice(BaseModel):
    """One of several kinds, and that kind's own parameters."""

    model_config = ConfigDict(frozen=True, extra="allow")

    kind: str

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class ModelConfig(Choice):
    """configs/models/<name>.yaml, or configs/models/<arena>/<name>.yaml for one arena alone.

    `repeats` makes name@2 ... name@N of it. A language model with `anonymise: both` is name and
    name@anonymous, which trades the same market under other names and dates. Of the sessions up to
    its `knowledge_cutoff` the model may have read. One that `requires` an environment variable is
    absent where that is not set.
    """

    repeats: Annotated[int, Field(ge=1, le=99)] = 1
    knowledge_cutoff: date | None = None
    requires: str | None = None

    def variants(self, name: str) -> "dict[str, ModelConfig]":
        """By name: this one alone, unless it is to trade both ways."""
        if (self.kind, self.parameters.get("anonymise")) != ("llm", "both"):
            return {name: self}
        told = self.model_dump(exclude_unset=True)
        del told["anonymise"]  # as if it had never been said: the same configuration as without
        hidden = {**told, "anonymise": True}
        found = {name: told, f"{name}@anonymous": hidden}
        return {n: ModelConfig.model_validate(spec) for n, spec in found.items()}


def _kind_alone(value: object) -> object:
    """`prices: bundled` says the same as `prices: {kind: bundled}`."""
    return {"kind": value} if isinstance(value, str) else value


AnyChoice = Annotated[Choice, BeforeValidator(_kind_alone)]


class MarketConfig(Frozen):
    """configs/markets/<market>.yaml: what is true of a market whatever is traded there."""

    exchange: str
    currency: str
    rules: AnyChoice


class ArenaConfig(Frozen):
    """configs/arenas/<arena>.yaml: who trades what, from when to when, on which terms.

    `calls` says whether language models are asked: only for what is not on record, always, or
    never. `accepted_jumps` are opens far from the close before that are known to be true prices.
    Where there are `ticks`, pattern models trade on them, at a venue on the terms of `venue`.
    """

    market: str
    bars: Literal["daily", "intraday"] = "daily"
    prices: AnyChoice
    symbols: Annotated[tuple[str, ...], Field(min_length=1)]
    first_session: date
    last_session: date
    start_session: date | None = None
    initial_cash: Cash
    costs: str
    history: Annotated[int, Field(ge=1, le=10_000)]
    models: Annotated[tuple[ModelName, ...], Field(min_length=1)]
    calls: Literal["record", "live", "replay"] = "record"
    demo: Span | None = None
    accepted_jumps: dict[str, tuple[date, ...]] = {}
    ticks: AnyChoice | None = None
    venue: VenueTerms = VenueTerms()


def read(folder: Path, name: str, as_type: type[Parsed]) -> Parsed:
    """Parse `folder`/`name`.yaml. ConfigError names the file, the key and what is allowed."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise _missing(path, sorted(p.stem for p in folder.glob("*.yaml")))
    return parse(_content(path), as_type, str(path))


def arena_files(folder: Path) -> dict[str, Path]:
    """Every arena's file by its name: .yaml is ours, .json is AI-Trader's.

    ConfigError for two of one name, and for a name that can't be an asset's.
    """
    found: dict[str, Path] = {}
    for path in sorted((*folder.glob("*.json"), *folder.glob("*.yaml"))):
        if path.stem in found:
            raise ConfigError(f"{path}: {found[path.stem].name} has the same name: rename one")
        if not re.fullmatch(r"[A-Za-z0-9_]+", path.stem):
            raise ConfigError(
                f"{path}: can't be an arena's name, which is an asset's too: letters, digits and _"
            )
        found[path.stem] = path
    return found


def arena_file(folder: Path, name: str) -> Path:
    """ConfigError names those there are."""
    there = arena_files(folder)
    if name not in there:
        raise _missing(folder / f"{name}.yaml", sorted(there))
    return there[name]


def _missing(path: Path, there: Sequence[str]) -> ConfigError:
    has = f"{path.parent.name} has {', '.join(there) or 'none'}"
    return ConfigError(f"{path} does not exist; {has}")


def parse(content: object, as_type: type[Parsed], place: str) -> Parsed:
    """`content` as `as_type`. ConfigError names the place, the key and what is allowed."""
    if is_dataclass(as_type) and isinstance(content, dict):  # one of a user's own takes any key
        allowed = keys(as_type)
        if unknown := [str(key) for key in content if key not in allowed]:
            faults = "; ".join(f"{key}: {_unknown(key, allowed)}" for key in unknown)
            raise ConfigError(f"{place}: {faults}")
    try:
        return TypeAdapter(as_type).validate_python(content)
    except ValidationError as error:
        faults = "; ".join(_fault(as_type, fault) for fault in error.errors())
        raise ConfigError(f"{place}: {faults}") from error


def costs(config_dir: Path, name: str) -> CostProfile:
    return read(config_dir / "costs", name, CostProfile)


def cost_profiles(config_dir: Path) -> dict[str, CostProfile]:
    """Every one under `config_dir`/costs, by name."""
    names = sorted(path.stem for path in (config_dir / "costs").glob("*.yaml"))
    return {name: costs(config_dir, name) for name in names}


def _content(path: Path) -> object:
    try:
        content = yaml.safe_load(path.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not YAML: {error}") from error
    return {} if content is None else content


def _fault(as_type: type[Any], fault: Any) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "the file"
    if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        allowed = keys(_within(as_type, fault["loc"]))
        return f"{key}: {_unknown(str(fault['loc'][-1]), allowed)}"
    if fault["type"] in ("missing", "missing_argument"):
        return f"{key}: is missing"
    said = fault["msg"].removeprefix("Value error, ")
    return said if fault["type"] == "value_error" and not fault["loc"] else f"{key}: {said}"


def _unknown(key: str, allowed: Sequence[str]) -> str:
    return f"unknown key; {did_you_mean(key, allowed)}allowed are {', '.join(allowed) or 'none'}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question, with a space after it, or nothing when nothing is near."""
    near = get_close_matches(name, list(known), n=1)
    return f"did you mean {near[0]}? " if near else ""


def _within(as_type: type[Any], place: Sequence[Any]) -> type[Any]:
    """The type of the mapping that the last key of `place` is in."""
    for key in place[:-1]:
        if isinstance(key, int):
            continue  # one of a list, whose type we are at already
        found = _type_of(as_type, key)
        as_type = next((t for t in get_args(found) if t is not type(None)), found)  # X | None
    return as_type


def _type_of(as_type: type[Any], key: str) -> Any:
    if is_dataclass(as_type):
        return get_type_hints(as_type)[key]
    return as_type.model_fields[key].annotation


def keys(as_type: type[Any]) -> list[str]:
    found = (f.name for f in fields(as_type)) if is_dataclass(as_type) else as_type.model_fields
    return sorted(found)
