"""aitrader prices: import, status, gaps."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aitrader_core.cli.opening import (
    as_json_option,
    market_option,
    open_floor,
    span,
    span_options,
)
from aitrader_core.cli.printing import counted, print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.domain.market import Symbol
    from aitrader_core.market.checking import Gaps, UnknownSymbols
    from aitrader_core.runner.floor import Floor
    from aitrader_core.runner.import_prices import Imported


@click.group()
def prices() -> None:
    """Bars and corporate actions: bring them in, and see what is there and what is missing."""


@prices.command("import")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--actions", type=click.Path(path_type=Path), help="Splits and dividends, as CSV.")
@click.option(
    "--unknown-symbols",
    type=click.Choice(("refuse", "ignore")),
    default="refuse",
    show_default=True,
    help="What to do about symbols of FILE that the arena lacks.",
)
@click.option(
    "--gaps",
    type=click.Choice(("refuse", "allow")),
    default="refuse",
    show_default=True,
    help="What to do about sessions that FILE lacks.",
)
@span_options
@market_option
@as_json_option
def import_prices(
    file: Path | None,
    actions: Path | None,
    unknown_symbols: "UnknownSymbols",
    gaps: "Gaps",
    start: str | None,
    end: str | None,
    market: str,
    as_json: bool,
) -> None:
    """Store the prices of FILE (.jsonl, .csv or .parquet); without one, what is missing and the
    arena's own source has. Exit 1 when a download stopped before its end."""
    from aitrader_core.runner import import_prices as importing

    first, last = span(start, end)
    with open_floor(market) as floor:
        if file or actions:
            done = importing.import_files(
                floor,
                file,
                actions,
                unknown_symbols=unknown_symbols,
                gaps=gaps,
            )
        else:
            done = _import_missing(floor, first, last)
    if as_json:
        print_json(_imported_json(done))
    else:
        _print_imported(done)
    if done.stopped:
        sys.exit(1)


def _import_missing(floor: "Floor", first: date, last: date) -> "Imported":
    from datetime import UTC, datetime

    from aitrader_core.runner.import_prices import import_missing

    arena = floor.arena
    return import_missing(
        floor,
        max(first, arena.first_session),
        min(last, arena.last_session),
        datetime.now(UTC),
    )


def _imported_json(done: "Imported") -> dict[str, Any]:
    return {
        "new": done.saved.new,
        "restated": done.saved.restated,
        "first": done.first,
        "last": done.last,
        "vintages": done.vintages,
        "jumps": [str(jump) for jump in done.jumps],
        "stopped": done.stopped,
    }


def _print_imported(done: "Imported") -> None:
    from rich.console import Console

    what = f"{done.saved.new:,} new and {done.saved.restated:,} restated bars"
    when = f", {done.first} to {done.last}" if done.first else ""
    say(f"{what}{when}")
    for vintage in done.vintages:
        say(f"vintage: {vintage}")
    for jump in done.jumps:
        say(f"to be explained before anyone trades on it: {jump}")
    if done.stopped:
        Console(stderr=True, highlight=False).print(f"stopped: {done.stopped}", markup=False)


@prices.command()
@market_option
@as_json_option
def status(market: str, as_json: bool) -> None:
    """What is stored of each symbol, and the vintages that it came in."""
    with open_floor(market) as floor:
        by_symbol = floor.prices.sessions_by_symbol()
        vintages = floor.prices.vintages()
        gaps = _gaps(floor, by_symbol)
    rows = [
        {
            "symbol": symbol,
            "sessions": len(listed),
            "first": listed[0],
            "last": listed[-1],
            "missing": len(gaps.get(symbol, ())),
        }
        for symbol, listed in by_symbol.items()
    ]
    if as_json:
        print_json({"symbols": rows, "vintages": [asdict(v) for v in vintages]})
        return
    if not rows:
        say(f"there are no prices yet: aitrader prices import --market {market}")
        return
    columns = ("symbol", "sessions", "first", "last", "missing")
    print_table(columns, [tuple(map(str, r.values())) for r in rows], right=("sessions", "missing"))
    say("")
    named = [
        (v.label, f"{v.imported_at:%Y-%m-%d %H:%M}", f"{v.bars:,}", str(v.actions))
        for v in vintages
    ]
    print_table(("vintage", "imported", "bars", "actions"), named, right=("bars", "actions"))


@prices.command("gaps")
@market_option
@as_json_option
def list_gaps(market: str, as_json: bool) -> None:
    """Sessions and bars that a symbol lacks, and jumps that nothing explains; exit 1 if any."""
    with open_floor(market) as floor:
        by_symbol = floor.prices.sessions_by_symbol()
        missing = _gaps(floor, by_symbol)
        short = floor.prices.short_sessions()
        jumps = floor.suspects(floor.arena.calendar.first, floor.arena.calendar.last)
    if as_json:
        print_json(
            {
                "missing": {symbol: list(days) for symbol, days in missing.items()},
                "short": [asdict(session) for session in short],
                "jumps": [
                    {
                        "symbol": jump.symbol,
                        "session": jump.session,
                        "expected": jump.expected,
                        "open": jump.open,
                    }
                    for jump in jumps
                ],
            }
        )
    else:
        for symbol, days in missing.items():
            say(f"{symbol} lacks {counted(len(days), 'session')}: {_spelled(days)}")
        for doubt in (*short, *jumps):
            say(str(doubt))
        if not by_symbol:
            say(f"there are no prices yet: aitrader prices import --market {market}")
        elif not (missing or short or jumps):
            say(f"no gaps and no unexplained jumps in {counted(len(by_symbol), 'symbol')}")
    if missing or short or jumps:
        sys.exit(1)


def _gaps(
    floor: "Floor", by_symbol: Mapping["Symbol", Sequence[date]]
) -> Mapping["Symbol", Sequence[date]]:
    from aitrader_core.market.gaps import find_gaps

    return find_gaps(floor.arena.calendar, by_symbol)


def _spelled(days: Sequence[date]) -> str:
    first = ", ".join(str(day) for day in days[:5])
    return f"{first}, ..." if len(days) > 5 else first
