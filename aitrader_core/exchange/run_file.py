"""A run manifest as another machine has it: checked part by part, no database needed."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from aitrader_core.agents.llm.calls import MemoryCalls
from aitrader_core.domain.errors import ConfigError, ManifestError
from aitrader_core.exchange.archive import read_archive
from aitrader_core.exchange.config_members import load_packed
from aitrader_core.exchange.day_lines import Owner, calls_of, records_of
from aitrader_core.exchange.manifest_parts import (
    CALLS,
    DAYS,
    FORMAT,
    MANIFEST,
    VERSION,
    RunManifest,
)
from aitrader_core.exchange.price_members import ACTIONS, BARS, Priced, priced_of
from aitrader_core.exchange.run_manifest import member_of
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.config import parse
from aitrader_core.storage.history import Record


@dataclass(frozen=True)
class RunFile:
    """Members that are as the manifest says; `arena` is made from them."""

    path: Path
    members: Mapping[str, bytes]
    manifest: RunManifest
    arena: Arena

    @property
    def digest(self) -> str:
        """Of the whole run: equal ones are the same run, whoever packed them."""
        return sha256(self.members[MANIFEST]).hexdigest()

    @cached_property
    def records(self) -> dict[str, list[Record]]:
        """The model-days by model, oldest first."""
        found: defaultdict[str, list[Record]] = defaultdict(list)
        for record in records_of(self.members[DAYS], DAYS):
            found[record.day.model].append(record)
        return dict(found)

    @cached_property
    def calls(self) -> dict[Owner, MemoryCalls]:
        """What each model-day was told by others."""
        found: defaultdict[Owner, MemoryCalls] = defaultdict(MemoryCalls)
        for owner, call in calls_of(self.members[CALLS], CALLS):
            found[owner].keep(call)
        return dict(found)

    @property
    def has_prices(self) -> bool:
        return self.manifest.prices.included

    @cached_property
    def priced(self) -> Priced:
        """The prices in the archive."""
        return priced_of(self.members, self.manifest.prices.bars)

    @cached_property
    def sessions(self) -> Sequence[date]:
        """All whose prices were seen, oldest first."""
        names = self.manifest.prices.names
        return self.arena.calendar.between(names[0][0], names[-1][1])

    @cached_property
    def names(self) -> dict[date, str]:
        """The source and vintage of what was seen on each session."""
        between = self.arena.calendar.between
        spans = self.manifest.prices.names
        return {session: name for a, b, name in spans for session in between(a, b)}


@contextmanager
def open_run(path: Path, *, trust_code: bool = False) -> Iterator[RunFile]:
    """The run in a file; what it is made of is unpacked into a folder that is gone afterwards.

    ManifestError for what is none, was changed, or is not safe to load.
    """
    members = read_archive(path)
    manifest = _manifest(path, members)
    name = str(manifest.arena.get("name"))
    with TemporaryDirectory(prefix="aitrader-run-") as folder:
        arena = load_packed(
            members, Path(folder), name, manifest.environment, trust_code=trust_code
        )
        yield RunFile(path, members, manifest, arena)


def _manifest(path: Path, members: Mapping[str, bytes]) -> RunManifest:
    told = _parsed(path, members)
    needed = {DAYS, CALLS, *((BARS, ACTIONS) if told.prices.included else ())}
    there = set(members) - {MANIFEST}
    if missing := sorted((needed | set(told.members)) - there):
        raise ManifestError(f"{path} has no {missing[0]}: get it again from where it was made")
    if extra := sorted(there - set(told.members)):
        raise ManifestError(f"{path} has {extra[0]}, which its manifest does not know")
    for name, said in told.members.items():
        if said != member_of(members[name]):
            raise ManifestError(f"{path}: {name} is not what its manifest vouches for")
    return told


def _parsed(path: Path, members: Mapping[str, bytes]) -> RunManifest:
    if MANIFEST not in members:
        raise ManifestError(f"{path} has no {MANIFEST}: it is no run manifest")
    try:
        raw = json.loads(members[MANIFEST])
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path}: {MANIFEST} is no JSON: {error}") from None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ManifestError(f"{path} is no {FORMAT}")
    if raw.get("version") != VERSION:
        raise ManifestError(
            f"{path} is of version {raw.get('version')!r} and this aitrader knows {VERSION}: use "
            "the version that made it, or a newer one"
        )
    try:
        return parse(raw, RunManifest, f"{path}: {MANIFEST}")
    except ConfigError as error:
        raise ManifestError(str(error)) from None
