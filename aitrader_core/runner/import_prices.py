"""Bring prices into the database: from the arena's own source, or from a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

from aitrader_core.domain.market import Bar, CorporateAction, Symbol
from aitrader_core.market.checking import Gaps, UnknownSymbols
from aitrader_core.market.files import read_actions_file, read_price_file
from aitrader_core.market.gaps import Jump
from aitrader_core.market.source import DownloadStopped, Prices, Wanted
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.prices import Saved


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import brought, what to doubt in the spans that it touched, and why it stopped."""

    saved: Saved
    first: date | None
    last: date | None
    vintages: tuple[str, ...]
    jumps: tuple[Jump, ...]
    stopped: str | None = None


def import_missing(floor: Floor, first: date, last: date, now: datetime) -> Imported:
    """What the arena's source has of the sessions that lack a bar of any symbol.

    Parts are kept as they come. Raises what a source raises, except that it stopped, which is told.
    """
    parts: list[Prices] = []
    saved, stopped = Saved(), None
    try:
        for part in floor.arena.source.fetch(_wanted(floor, first, last), now):
            saved += _save(floor, part)
            parts.append(part)
    except DownloadStopped as stop:
        stopped = str(stop)
    return _imported(floor, parts, saved, stopped)


def import_files(
    floor: Floor,
    prices: Path | None,
    actions: Path | None,
    *,
    unknown_symbols: UnknownSymbols = "refuse",
    gaps: Gaps = "refuse",
) -> Imported:
    """The bars of one file and the corporate actions of another, all or nothing.

    PriceFileError names file and line of what is wrong, and the way out.
    """
    arena = floor.arena
    wanted = _wanted(floor, arena.first_session, arena.last_session)
    bars: Sequence[Bar] = ()
    listed: Sequence[CorporateAction] = ()
    if prices is not None:
        bars = read_price_file(prices, wanted, unknown_symbols=unknown_symbols, gaps=gaps).bars
    if actions is not None:
        listed = read_actions_file(actions, wanted, unknown_symbols=unknown_symbols)
    vintage = " + ".join(_edition(path) for path in (prices, actions) if path)
    part = Prices(bars, listed, arena.source.name, vintage)
    return _imported(floor, [part], _save(floor, part), None)


def _edition(path: Path) -> str:
    return f"{path.name} {sha256(path.read_bytes()).hexdigest()[:8]}"


def _wanted(floor: Floor, first: date, last: date) -> Wanted:
    arena = floor.arena
    sessions = arena.calendar.between(first, last)
    missing: Mapping[Symbol, Sequence[date]] = floor.prices.missing(arena.symbols, sessions)
    return Wanted(arena.calendar, missing, arena.is_intraday)


def _save(floor: Floor, part: Prices) -> Saved:
    return floor.prices.save(part.vintage, part.bars, part.actions)


def _imported(floor: Floor, parts: Sequence[Prices], saved: Saved, stopped: str | None) -> Imported:
    days = [bar.session for part in parts for bar in part.bars]
    days += [action.ex_date for part in parts for action in part.actions]
    if not days:
        return Imported(saved, None, None, (), (), stopped)
    first, last = min(days), max(days)
    labels = tuple(dict.fromkeys(part.vintage for part in parts))
    return Imported(saved, first, last, labels, tuple(floor.suspects(first, last)), stopped)
