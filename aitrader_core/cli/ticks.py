"""aitrader ticks: check, convert, show."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aitrader_core.cli.opening import as_json_option
from aitrader_core.cli.printing import counted, print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.market.ticks.findings import Finding, Findings
    from aitrader_core.market.ticks.making import Made
    from aitrader_core.market.ticks.recording import Recording
    from aitrader_core.market.ticks.source import Quotes
    from aitrader_core.market.ticks.store import Kept

_FILES = click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
_QUOTES = click.option(
    "--quotes",
    type=click.Choice(("recorded", "book")),
    default="recorded",
    show_default=True,
    help="Whether quotes are the recorded ones or the order book's.",
)


@click.group()
def ticks() -> None:
    """Recordings of Binance's streams and CSV files of trades: check them, keep them as Parquet."""


@ticks.command()
@_FILES
@as_json_option
def check(files: Sequence[Path], as_json: bool) -> None:
    """Say what is wrong with each FILE, by line; stores nothing. Exit 1 if there are faults."""
    from aitrader_core.market.ticks.making import make_ticks
    from aitrader_core.market.ticks.reading import read_files

    faults, told = 0, []
    for file in files:
        recording = read_files([file])
        made = make_ticks(recording)
        naive = _naive(recording, made)
        faults += made.findings.faults
        if as_json:
            sums = {"file": str(file), **_sums(recording, made), **made.findings.as_json()}
            told.append({**sums, "without_early_diffs": [str(finding) for finding in naive]})
        else:
            _print_checked(file, recording, made)
            for finding in naive:
                say(f"without its early diffs: {finding}")
    if as_json:
        print_json(told)
    if faults:
        sys.exit(1)


@ticks.command()
@_FILES
@click.option(
    "--to", "folder", required=True, type=click.Path(path_type=Path), help="Where they are kept."
)
@click.option(
    "--symbol",
    "symbols",
    multiple=True,
    metavar="THEIRS=OURS",
    help="The arena's name of an exchange's symbol; repeat for more.",
)
@_QUOTES
@as_json_option
def convert(
    files: Sequence[Path], folder: Path, symbols: Sequence[str], quotes: "Quotes", as_json: bool
) -> None:
    """Keep the sessions of all FILEs as Parquet, in place of what FOLDER has of them. Lines with
    faults are left out, and told."""
    from aitrader_core.market.ticks.making import make_ticks
    from aitrader_core.market.ticks.reading import read_files
    from aitrader_core.market.ticks.recording import sessions_of
    from aitrader_core.market.ticks.store import TickStore

    names = _names(symbols)
    store, recording = TickStore(folder), read_files(files, (), names)
    _check_all_told(names, recording)
    for session in sessions_of(recording):
        part = recording.session(session)
        made = make_ticks(part, quotes)
        with store.alone(session):
            store.write(session, part, [made.ticks], made.findings)
        kept = store.kept(session)
        if as_json:
            print_json(_kept_json(kept))
        else:
            say(f"{folder / str(session)}: {_counts(kept.trades, kept.quotes)}: {kept.findings}")


@ticks.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--session", "day", metavar="DATE", help="This one alone, with its findings.")
@as_json_option
def show(folder: Path, day: str | None, as_json: bool) -> None:
    """The sessions that FOLDER keeps as Parquet."""
    from aitrader_core.domain.errors import TickFileError
    from aitrader_core.market.ticks.store import TickStore
    from aitrader_core.runner.requests import parse_date

    store = TickStore(folder)
    sessions = [parse_date(day)] if day else store.sessions()
    if not sessions:
        way_out = f"aitrader ticks convert FILE... --to {folder}"
        raise TickFileError(f"{folder} keeps no session of ticks: bring some by {way_out}")
    kept = [store.kept(session) for session in sessions]
    if as_json:
        print_json([_kept_json(one) for one in kept])
        return
    columns = ("session", "symbols", "trades", "quotes", "from", "to", "faults", "name")
    print_table(columns, map(_row, kept), right=("trades", "quotes", "faults"))
    if day:
        say("")
        _print_findings(kept[0].findings)


def _naive(recording: "Recording", made: "Made") -> "list[Finding]":
    """What would be wrong with an order book that leaves out what overtook its snapshot."""
    from aitrader_core.market.ticks.findings import Kind
    from aitrader_core.market.ticks.making import make_ticks

    if not made.findings.counts[Kind.EARLY_DIFF]:
        return []
    naive = make_ticks(recording, early_diffs=False).findings
    return [f for f in naive if f.kind in (Kind.CROSSED_BOOK, Kind.STALE_BOOK)]


def _print_checked(file: Path, recording: "Recording", made: "Made") -> None:
    sums = _sums(recording, made)
    say(f"{file}: {_counts(sums['trades'], sums['quotes'])} of {', '.join(recording.symbols)}")
    if sums["first"]:
        say(f"received {_time(sums['first'])} to {_time(sums['last'])} UTC")
    if made.compared:
        agreed = "agrees with" if made.agreed == made.compared else "differs from"
        told = f"{made.agreed:,} of {counted(made.compared, 'diff')}"
        say(f"the order book {agreed} the recorded quotes: equal after {told}")
    _print_findings(made.findings)


def _print_findings(findings: "Findings") -> None:
    rows = [(f.kind.value, f"{f.file}:{f.line}", f.sentence) for f in findings]
    if rows:
        print_table(("kind", "where", "what"), rows)
    untold = sum(findings.counts.values()) - len(rows)
    more = f" ({untold:,} more than are listed)" if untold else ""
    dropped = f"; {counted(findings.dropped, 'line')} left out" if findings.dropped else ""
    say(f"{findings}{more}{dropped}")


def _sums(recording: "Recording", made: "Made") -> dict[str, Any]:
    from aitrader_core.simulation.ticks import TRADE

    trades = int((made.ticks.kind == TRADE).sum())
    first, last = recording.span or (0, 0)
    return {
        "symbols": list(recording.symbols),
        "events": len(recording),
        "trades": trades,
        "quotes": len(made.ticks) - trades,
        "first": first,
        "last": last,
        "book": {"compared": made.compared, "agreed": made.agreed},
    }


def _kept_json(kept: "Kept") -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(kept), "findings": kept.findings.as_json()}


def _row(kept: "Kept") -> tuple[str, ...]:
    return (
        str(kept.session),
        ", ".join(kept.symbols),
        f"{kept.trades:,}",
        f"{kept.quotes:,}",
        _time(kept.first)[11:19],
        _time(kept.last)[11:19],
        f"{kept.findings.faults:,}",
        kept.name[:8],
    )


def _counts(trades: int, quotes: int) -> str:
    return f"{counted(trades, 'trade')} and {counted(quotes, 'quote')}"


def _time(received: int) -> str:
    from aitrader_core.market.ticks.recording import session_of

    seconds, rest = divmod(received // 1_000_000, 1000)
    minutes, second = divmod(seconds % 86_400, 60)
    hour, minute = divmod(minutes, 60)
    return f"{session_of(received)} {hour:02}:{minute:02}:{second:02}.{rest:03}"


def _names(pairs: Sequence[str]) -> Mapping[str, str]:
    from aitrader_core.domain.errors import InputError

    halves = [pair.split("=", 1) for pair in pairs]
    names = {pair[0]: pair[-1] for pair in halves}
    are_pairs = all(len(pair) == 2 and all(pair) for pair in halves)
    if not are_pairs or len(names) < len(pairs) or len(set(names.values())) < len(names):
        raise InputError("--symbol takes THEIRS=OURS, each of them once: BTCUSDT=BTC-USDT")
    return names


def _check_all_told(names: Mapping[str, str], recording: "Recording") -> None:
    from aitrader_core.domain.errors import InputError

    told = recording.exchange_symbols
    if unknown := [name for name in names if name not in told]:
        there = f"they tell of {', '.join(told)}" if told else "no line of theirs could be read"
        raise InputError(f"--symbol: the files tell of no {', '.join(unknown)}; {there}")
