"""The prices of a run that has none: of files, or of a database that has the same."""

from collections.abc import Sequence
from pathlib import Path

from aitrader_core.domain.market import Bar, CorporateAction
from aitrader_core.exchange.price_members import Priced
from aitrader_core.exchange.run_file import RunFile
from aitrader_core.market.files import read_actions_file, read_price_file
from aitrader_core.market.source import Wanted
from aitrader_core.runner.floor import Floor


def of_files(run: RunFile, prices: Sequence[Path], actions: Path | None) -> Priced:
    """What the run saw of them; of two bars the one of the later file. PriceFileError."""
    arena = run.arena
    wanted = Wanted(arena.calendar, dict.fromkeys(arena.symbols, ()), arena.is_intraday)
    bars = {
        (bar.session, bar.symbol, bar.at): bar
        for path in prices
        for bar in read_price_file(path, wanted, unknown_symbols="ignore", gaps="allow").bars
    }
    listed = read_actions_file(actions, wanted, unknown_symbols="ignore") if actions else ()
    return _seen(run, list(bars.values()), listed)


def of_database(run: RunFile, floor: Floor) -> Priced:
    """What the run saw of what is known there now."""
    found = floor.prices.load(run.arena.symbols, run.sessions[0], run.sessions[-1])
    return _seen(run, found.bars, found.actions)


def _seen(run: RunFile, bars: Sequence[Bar], actions: Sequence[CorporateAction]) -> Priced:
    first, last = run.sessions[0], run.sessions[-1]
    return Priced(
        [bar for bar in bars if first <= bar.session <= last],
        [action for action in actions if first <= action.ex_date <= last],
    )
