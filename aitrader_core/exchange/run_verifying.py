"""Whether a run manifest holds: its ledger adds up, and its fingerprints are those of its parts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aitrader_core.domain.errors import LedgerError
from aitrader_core.exchange.manifest_parts import ModelPart, SymbolPart
from aitrader_core.exchange.run_file import RunFile, open_run
from aitrader_core.exchange.run_manifest import made_by, made_of, terms_of
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.comparing import Difference
from aitrader_core.runner.settings import project_root
from aitrader_core.storage.history import Record
from aitrader_core.storage.rows import day_row


@dataclass(frozen=True, slots=True)
class Verdict:
    """`faults` are sentences, none where all holds; `notes` are worth knowing and no fault."""

    digest: str
    days: dict[str, int]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def verify_run(path: Path, *, trust_code: bool = False) -> Verdict:
    """Of a file alone. ManifestError for what can't even be read."""
    with open_run(path, trust_code=trust_code) as run:
        return verdict(run)


def verdict(run: RunFile) -> Verdict:
    faults = (
        *_of_manifest(run),
        *(str(fault) for kept in run.records.values() for fault in ledger_faults(run.arena, kept)),
        *_of_calls(run),
        *_of_prices(run),
    )
    days = {model: len(kept) for model, kept in run.records.items()}
    return Verdict(run.digest, days, faults, tuple(_notes(run)))


def _of_manifest(run: RunFile) -> Iterator[str]:
    """What it says of its parts, and the fingerprints of their configuration."""
    if (told := run.manifest.arena) != (now := terms_of(run.arena)):
        wrong = sorted(key for key in now if told.get(key) != now[key]) or ["keys"]
        yield f"the arena's {wrong[0]} is another in its configuration than in the manifest"
    said = run.manifest.models
    for model in sorted(said.keys() ^ run.records.keys()):
        yield f"{model}: is in the manifest and not among the days, or the reverse"
    for model, kept in run.records.items():
        entry = run.arena.models.get(model)
        if entry is None:
            yield f"{model}: is not in the configuration"
            continue
        for record in kept:
            if (was := record.day.manifest.config) != entry.config_hash:
                fault = f"made under the configuration {was}, and that here is {entry.config_hash}"
                yield str(Difference(model, record.day.session, fault))
        if model in said:
            yield from _of_model(model, said[model], kept, entry.config_hash)


def _of_model(model: str, said: ModelPart, kept: Sequence[Record], config: str) -> Iterator[str]:
    now = {
        "config": config,
        "first_session": kept[0].day.session,
        "last_session": kept[-1].day.session,
        "days": len(kept),
    }
    for key, value in now.items():
        if getattr(said, key) != value:
            yield f"{model}: {key} is {getattr(said, key)} in the manifest, and {value} here"
    if said.made_of != made_of(record.day for record in kept):
        yield f"{model}: was made of something else than the manifest says"


def ledger_faults(arena: Arena, kept: Sequence[Record]) -> Iterator[Difference]:
    """Closing = opening + fills + adjustments, figures follow, each day opens as the last closed.

    `kept` are one model's days, oldest first.
    """
    before = None
    for record in kept:
        day = record.day
        for fault in _of_day(arena, record, before):
            yield Difference(day.model, day.session, fault)
        before = record


def _of_day(arena: Arena, record: Record, before: Record | None) -> Iterator[str]:
    yield from record.contradictions
    try:
        yield from _of_opening(arena, record, before)
        yield from _of_facts(record)
    except (LedgerError, ArithmeticError) as error:
        yield f"does not add up: {error}"


def _of_opening(arena: Arena, record: Record, before: Record | None) -> Iterator[str]:
    day = record.day
    if day.market != arena.market:
        yield f"is of the arena {day.market}, not of {arena.market}"
    if before is None:
        if day.opening.after is None and day.opening.portfolio.cash != arena.initial_cash:
            yield f"begins with {day.opening.portfolio.cash}, not {arena.initial_cash}"
        return
    if arena.calendar.previous(day.session) != before.day.session:
        yield f"follows {before.day.session}, which is not the session before it"
    if day.opening != before.day.as_opening:
        yield f"does not open with the close of {before.day.session}"


def _of_facts(record: Record) -> Iterator[str]:
    day = record.day
    portfolio = day.opening.portfolio
    for fact in day.facts():
        portfolio = portfolio.apply(fact)
    figures = day_row(day)
    if portfolio != day.closing:
        yield "does not add up: opening, fills and adjustments give another closing"
    if figures.keys() != record.figures.keys():
        yield "has other figures than a model-day has"
        return
    for name, value in figures.items():
        if record.figures[name] != value:
            yield f"{name} is {record.figures[name]}, and its facts give {value}"


def _of_calls(run: RunFile) -> Iterator[str]:
    """Every answer that a day was told is there."""
    for kept in run.records.values():
        for day in (record.day for record in kept):
            calls = run.calls.get((day.model, day.session))
            named = [entry.id for entry in day.transcript if entry.usage is not None and entry.id]
            gone = [key for key in named if calls is None or calls.find(key) is None]
            if gone:
                fault = f"{len(gone)} of {len(named)} model calls are not in the archive"
                yield str(Difference(day.model, day.session, fault))


def _of_prices(run: RunFile) -> Iterator[str]:
    said = run.manifest.prices.symbols
    if run.has_prices and (fault := differing(said, run.priced.by_symbol())):
        yield f"its prices are not those that its manifest names: {fault}"
    for kept in run.records.values():
        for day in (record.day for record in kept):
            if (name := run.names.get(day.session)) != day.manifest.prices:
                fault = f"made from prices {day.manifest.prices}, and the manifest names {name}"
                yield str(Difference(day.model, day.session, fault))


def differing(said: Mapping[str, SymbolPart], now: Mapping[str, SymbolPart]) -> str | None:
    """The first symbol whose prices are others, and how; None where all are the same."""
    for symbol in sorted(said.keys() | now.keys()):
        was, found = said.get(symbol), now.get(symbol)
        if was is None or found is None:
            return f"{symbol} is {'new' if was is None else 'missing'}"
        if was.bars != found.bars:
            return f"{symbol} has {found.bars:,} bars instead of {was.bars:,}"
        if was.actions != found.actions:
            return f"{symbol} has {found.actions:,} corporate actions instead of {was.actions:,}"
        if was != found:
            return f"{symbol} has other prices"
    return None


def _notes(run: RunFile) -> Iterator[str]:
    was, now = run.manifest.made_by, made_by(project_root())
    for what in ("aitrader", "commit", "python"):
        if (theirs := getattr(was, what)) != (ours := getattr(now, what)):
            yield f"made by {what} {theirs or 'unknown'}, and here is {ours or 'unknown'}"
    for name, version in sorted(was.libraries.items()):
        if (ours := now.libraries.get(name, "none")) != version:
            yield f"made with {name} {version}, and here is {ours}"
    if not run.has_prices:
        yield "it has no prices: a replay needs them from elsewhere"
