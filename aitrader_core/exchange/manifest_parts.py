"""What manifest.json says, parsed once: every key has to be there, and none besides."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from aitrader_core.runner.config import Frozen

FORMAT, VERSION = "aitrader run manifest", 1
MANIFEST, DAYS, CALLS = "manifest.json", "days.jsonl", "calls.jsonl"

Count = Annotated[int, Field(ge=0)]


class MadeBy(Frozen):
    """Code and libraries; the commit where the code lay in a repository."""

    aitrader: str
    commit: str | None
    python: str
    libraries: dict[str, str]


class Fingerprints(Frozen):
    """What a model itself was made of: prompt, endpoint, price list, ..."""

    code: str
    agent: dict[str, str]


class ModelPart(Frozen):
    kind: str
    config: str
    made_of: tuple[Fingerprints, ...]
    first_session: date
    last_session: date
    days: Count


class SymbolPart(Frozen):
    bars: Count
    actions: Count
    sha256: str


class PricesPart(Frozen):
    """`names`: the first and last session of a span, and the source and vintage seen on it."""

    included: bool
    bars: Count
    names: Annotated[tuple[tuple[date, date, str], ...], Field(min_length=1)]
    symbols: dict[str, SymbolPart]


class Member(Frozen):
    bytes: Count
    sha256: str


class RunManifest(Frozen):
    format: str
    version: int
    made_by: MadeBy
    arena: dict[str, Any]
    environment: dict[str, str]
    models: dict[str, ModelPart]
    prices: PricesPart
    members: dict[str, Member]
