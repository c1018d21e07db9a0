"""What a run was made of, as one file: manifest.json and the members that it vouches for."""

import platform
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from aitrader_core import __version__
from aitrader_core.domain.errors import InputError
from aitrader_core.domain.model_call import ModelCall
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.exchange.config_members import config_members, environment_of
from aitrader_core.exchange.day_lines import call_line, day_line, text
from aitrader_core.exchange.manifest_parts import (
    CALLS,
    DAYS,
    FORMAT,
    MANIFEST,
    VERSION,
    Fingerprints,
    MadeBy,
    Member,
    ModelPart,
    PricesPart,
    RunManifest,
)
from aitrader_core.exchange.price_members import Priced
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.remaking import kept_together
from aitrader_core.runner.replaying import calls_of
from aitrader_core.runner.settings import project_root
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.history import Record

_LIBRARIES = (
    *("pydantic", "sqlalchemy", "pyyaml", "pyarrow", "openai", "mcp", "simpleeval"),
    *("numpy", "onnxruntime", "onnxruntime-gpu"),
)
_SECRET = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "DATABASE_URL")
_SHORTEST = 8  # characters of a secret that is looked for


@dataclass(frozen=True, slots=True)
class Asked:
    """Days of `models`, those of one request only where it is given."""

    models: Sequence[str]
    first: date = date.min
    last: date = date.max
    request: str | None = None


def members_of(
    floor: Floor,
    config_dir: Path,
    asked: Asked,
    around: Mapping[str, str],
    *,
    with_prices: bool = True,
) -> dict[str, bytes]:
    """All of a run manifest's members. InputError where there is nothing, or it can't be told."""
    arena, records = floor.arena, list(_records(floor, asked))
    if not records:
        raise InputError("nothing is stored of that: see `aitrader models`")
    models = list(dict.fromkeys(record.day.model for record in records))
    sessions = [record.day.session for record in records]
    tape = floor.tape(min(sessions), max(sessions))
    _check_premises(arena, records, tape.prices)
    priced = Priced.on(tape)
    members = {
        DAYS: text([day_line(record) for record in records]),
        CALLS: text([call_line(owner, call) for owner, call in _calls(floor, records)]),
        **config_members(config_dir, arena, models, around),
        **(priced.members() if with_prices else {}),
    }
    told = RunManifest(
        format=FORMAT,
        version=VERSION,
        made_by=made_by(project_root()),
        arena=terms_of(arena),
        environment=environment_of(arena, models),
        models=_models(arena, records),
        prices=PricesPart(
            included=with_prices,
            bars=len(priced.bars),
            names=_spans(tape),
            symbols=priced.by_symbol(),
        ),
        members={name: member_of(content) for name, content in sorted(members.items())},
    )
    whole = {MANIFEST: f"{told.model_dump_json(indent=1)}\n".encode(), **members}
    check_secrets(whole, around)
    return whole


def member_of(content: bytes) -> Member:
    return Member(bytes=len(content), sha256=sha256(content).hexdigest())


def made_by(root: Path) -> MadeBy:
    """`root` is where the code lies."""
    return MadeBy(
        aitrader=__version__,
        commit=_commit(root),
        python=platform.python_version(),
        libraries={name: v for name in _LIBRARIES if (v := _version(name))},
    )


def terms_of(arena: Arena) -> dict[str, Any]:
    """What decides a result beside the models."""
    plain = TypeAdapter(dict[str, Any])
    return {
        "name": arena.market,
        "currency": arena.currency,
        "exchange": arena.calendar.exchange,
        "intraday": arena.is_intraday,
        "initial_cash": str(arena.initial_cash),
        "history": arena.history,
        "symbols": list(arena.symbols),
        "rules": {"kind": type(arena.rules).__name__, **_fields(plain, arena.rules)},
        "costs": _fields(plain, arena.costs),
    }


def _fields(plain: "TypeAdapter[dict[str, Any]]", thing: Any) -> dict[str, Any]:
    found: dict[str, Any] = plain.dump_python(asdict(thing), mode="json")
    return found


def _records(floor: Floor, asked: Asked) -> Iterator[Record]:
    for model in asked.models:
        stored = floor.model_days.sessions(floor.arena.market, model, asked.request)
        sessions = [session for session in stored if asked.first <= session <= asked.last]
        for kept in kept_together(floor, model, sessions, asked.request):
            yield from kept


def _check_premises(arena: Arena, records: Sequence[Record], names: Mapping[date, str]) -> None:
    """Nobody could make again what was made from other prices, or under other terms."""
    for record in records:
        day = record.day
        place = f"{day.model} on {day.session}"
        if record.contradictions:
            raise InputError(f"{place}: {record.contradictions[0]}: see `aitrader verify`")
        now = arena.model(day.model).config_hash
        if day.manifest.config != now:
            raise InputError(
                f"{place} was made under the configuration {day.manifest.config}, which is {now} "
                "today: put it back as it was, or trade the sessions again"
            )
        if day.manifest.prices != names[day.session]:
            raise InputError(
                f"{place} was made from prices {day.manifest.prices}, which are "
                f"{names[day.session]} today: trade the sessions again"
            )


def _calls(floor: Floor, records: Sequence[Record]) -> Iterator[tuple[tuple[str, date], ModelCall]]:
    """What each day was told by others, itself or in an earlier attempt."""
    for _, group in groupby(records, key=lambda record: record.day.model):
        kept = list(group)
        known = calls_of(floor, kept)
        for record in kept:
            day = record.day
            of_day = known.as_of(day.market, day.model, day.session, record.figures["stored_at"])
            own = list(of_day.of_day(day.market, day.model, day.session))
            keys = {call.key for call in own}
            named = dict.fromkeys(e.id for e in day.transcript if e.usage is not None and e.id)
            others = (of_day.find(key) for key in named if key not in keys)
            for call in (*(other for other in others if other), *own):
                yield (day.model, day.session), call


def _models(arena: Arena, records: Sequence[Record]) -> dict[str, ModelPart]:
    told = {}
    for model, group in groupby(records, key=lambda record: record.day.model):
        days = [record.day for record in group]
        told[model] = ModelPart(
            kind=arena.model(model).config.kind,
            config=days[0].manifest.config,
            made_of=made_of(days),
            first_session=days[0].session,
            last_session=days[-1].session,
            days=len(days),
        )
    return told


def made_of(days: Iterable[ModelDay]) -> tuple[Fingerprints, ...]:
    """Each that there is among `days`, as they first come."""
    found: list[Fingerprints] = []
    for manifest in (day.manifest for day in days):
        one = Fingerprints(code=manifest.code, agent=dict(sorted(manifest.agent.items())))
        if one not in found:
            found.append(one)
    return tuple(found)


def _spans(tape: Tape) -> tuple[tuple[date, date, str], ...]:
    grouped = groupby(tape.sessions, key=lambda session: tape.prices[session])
    spans = ((name, list(group)) for name, group in grouped)
    return tuple((span[0], span[-1], name) for name, span in spans)


def check_secrets(members: Mapping[str, bytes], around: Mapping[str, str]) -> None:
    """InputError for a key that somebody wrote into a file, or a model said."""
    for variable, value in sorted(around.items()):
        is_secret = any(word in variable.upper() for word in _SECRET)
        if not is_secret or len(value) < _SHORTEST:
            continue
        for name, content in members.items():
            if value.encode() in content:
                raise InputError(
                    f"the value of {variable} stands in {name}: nothing is written; take it out "
                    "where it came from"
                )


def _commit(root: Path) -> str | None:
    def git(*words: str) -> str:
        command = ("git", "-C", str(root), *words)
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no")
        return git("rev-parse", "HEAD") + (" and changes" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
