"""A model's stored days as a folder of AI-Trader's: position/position.jsonl and log/<date>/."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from aitrader_core.agents.recorded import Recorded
from aitrader_core.agents.recording import listed_symbols
from aitrader_core.domain.errors import InputError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.exchange.log_lines import log_lines
from aitrader_core.exchange.position_lines import Dialect, opens_in, position_lines
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.history import records


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and where."""

    positions: Path
    days: int
    lines: int
    logs: int


def export(
    floor: Floor,
    model: str,
    to: Path,
    first: date = date.min,
    last: date = date.max,
    *,
    like: Path | None = None,
    opened: str | None = None,
) -> Exported:
    """Write the days of `model` from `first` to `last` under `to`/<model>. InputError when there
    are none, or other files are there.

    `like` is a position.jsonl whose order of symbols is kept to; `opened` dates the opening line.
    """
    kept = records(floor.engine, floor.arena.market, model, first, last, with_transcripts=True)
    days = [record.day for record in kept]
    if not days:
        raise InputError(f"{model} has no stored session of that span: see `aitrader models`")
    lines = list(
        position_lines(
            days, dialect_of(floor.arena, days, like), opened or _opened(floor.arena, days)
        )
    )
    files = {to / model / "position" / "position.jsonl": _text(lines)}
    for day in days:
        if said := list(log_lines(day.transcript, model)):
            files[to / model / "log" / str(day.session) / "log.jsonl"] = _text(said)
    _write(files)
    return Exported(next(iter(files)), len(days), len(lines), len(files) - 1)


def dialect_of(arena: Arena, days: Sequence[ModelDay], like: Path | None = None) -> Dialect:
    """The symbols as `like` lists them, or the recording that was traded, or else the arena; what
    is held beside them comes last."""
    order = listed_symbols(like) if like else _recorded(arena, days[0].model) or arena.symbols
    held = {s for day in days for s in (*day.closing.positions, *day.opening.portfolio.positions)}
    held |= {fill.order.symbol for day in days for fill in day.fills}
    return Dialect((*order, *sorted(held - set(order))), coins=arena.rules.quantity_step < 1)


def _recorded(arena: Arena, model: str) -> tuple[Symbol, ...]:
    """As its recording lists them, where it is one that can be read."""
    entry = arena.models.get(model)
    if entry is None or not isinstance(entry.agent, Recorded):
        return ()
    return listed_symbols(entry.agent.file) if entry.agent.file.is_file() else ()


def _opened(arena: Arena, days: Sequence[ModelDay]) -> str:
    """The bar before the first one that is told."""
    before = arena.calendar.previous(days[0].session)
    return opens_in(days[0]) or str(before or days[0].session)


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _write(files: dict[Path, str]) -> None:
    """All or, where one of them is there and says something else, none."""
    try:
        for path, text in files.items():
            if path.exists() and path.read_bytes() != text.encode():
                raise InputError(
                    f"{path} is there and says something else: remove it, or choose another folder"
                )
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    except OSError as error:
        raise InputError(
            f"{error.filename}: can't be written ({error.strerror}): choose another folder"
        ) from error
