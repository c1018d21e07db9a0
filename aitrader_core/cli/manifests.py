"""aitrader manifest: export, verify, replay."""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from aitrader_core.cli.opening import (
    as_json_option,
    market_option,
    open_floor,
    span,
    span_options,
)
from aitrader_core.cli.printing import counted, print_json, say

if TYPE_CHECKING:
    from aitrader_core.exchange.price_members import Priced
    from aitrader_core.exchange.run_file import RunFile
    from aitrader_core.exchange.run_manifest import Asked
    from aitrader_core.exchange.run_verifying import Verdict
    from aitrader_core.runner.floor import Floor

Command = TypeVar("Command", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path)


def _trust_option(command: Command) -> Command:
    return click.option(
        "--trust-code", is_flag=True, help="Run models and rules whose code is installed here."
    )(command)


@click.group()
def manifest() -> None:
    """A run as one file, which another machine can verify and replay."""


@manifest.command("export")
@click.argument("what", metavar="JOB|MODEL...", nargs=-1, required=True)
@click.option("--to", "path", required=True, type=_FILE, metavar="RUN.zip")
@click.option("--without-prices", is_flag=True, help="Leave the prices out: name them only.")
@span_options
@market_option
@as_json_option
def export_command(
    what: tuple[str, ...],
    path: Path,
    without_prices: bool,
    start: str | None,
    end: str | None,
    market: str,
    as_json: bool,
) -> None:
    """Stored days, and all that they were made of: prices, configuration, model calls."""
    from aitrader_core.exchange.run_exporting import export
    from aitrader_core.runner.settings import environment, load_settings

    first, last = span(start, end)
    with open_floor(market) as floor:
        asked = _asked(floor, what, first, last)
        config_dir = load_settings().config_dir
        done = export(floor, config_dir, asked, environment(), path, with_prices=not without_prices)
    days = sum(done.days.values())
    if as_json:
        told = {"file": str(path), "digest": done.digest, "bytes": done.size}
        print_json({**told, "days": done.days})
        return
    say(f"{path}: {counted(days, 'model-day')} of {counted(len(done.days), 'model')}")
    say(f"digest {done.digest}, {counted(done.size, 'byte')}")


@manifest.command("verify")
@click.argument("path", metavar="RUN.zip", type=_FILE)
@_trust_option
@as_json_option
def verify_command(path: Path, trust_code: bool, as_json: bool) -> None:
    """Whether it is whole and unchanged, and its ledger adds up; needs no database. Exit 1 if
    not."""
    from aitrader_core.exchange.run_verifying import verify_run

    found = verify_run(path, trust_code=trust_code)
    if as_json:
        print_json(_verdict_json(found))
    else:
        _tell(found)
        days = sum(found.days.values())
        what = f"{counted(days, 'model-day')} of {counted(len(found.days), 'model')}"
        outcome = counted(len(found.faults), "fault") if found.faults else "all of it holds"
        say(f"{what}: {outcome}")
    if found.faults:
        sys.exit(1)


@manifest.command("replay")
@click.argument("path", metavar="RUN.zip", type=_FILE)
@click.option(
    "--prices",
    "files",
    multiple=True,
    type=_FILE,
    metavar="FILE",
    help="For a run without prices: bars, or with the option below actions; may be repeated.",
)
@click.option("--actions", type=_FILE, metavar="FILE", help="Its splits and dividends.")
@_trust_option
@as_json_option
def replay_command(
    path: Path, files: tuple[Path, ...], actions: Path | None, trust_code: bool, as_json: bool
) -> None:
    """Let its models decide again, offline, and compare every byte; exit 1 at any difference.

    Prices that are not in it come from --prices, or from the database here.
    """
    from aitrader_core.cli.progress import Meter
    from aitrader_core.cli.replaying import print_replayed, replayed_json
    from aitrader_core.exchange.run_file import open_run
    from aitrader_core.exchange.run_replaying import replay_run
    from aitrader_core.exchange.run_verifying import verdict
    from aitrader_core.runner.settings import load_settings, runner_options

    with open_run(path, trust_code=trust_code) as run:
        found = verdict(run)
        if found.faults:
            _refuse(found, as_json=as_json)
        with Meter() as meter:
            began = time.perf_counter()
            options = runner_options(load_settings())
            prices = partial(_prices, files=files, actions=actions)
            replayed = list(replay_run(run, options, prices, meter))
            seconds = time.perf_counter() - began
    if as_json:
        told = replayed_json(replayed)
        notes = [*found.notes, *(note for one in replayed for note in one.notes)]
        print_json({**_verdict_json(found), **told, "notes": notes})
    else:
        _tell(found)
        print_replayed(replayed, seconds)
    if any(one.differences for one in replayed):
        sys.exit(1)


def _asked(floor: "Floor", what: Sequence[str], first: date, last: date) -> "Asked":
    """Models, or those of one job. InputError for what nobody knows."""
    from aitrader_core.cli.opening import known_models
    from aitrader_core.cli.replaying import meant
    from aitrader_core.domain.errors import InputError
    from aitrader_core.exchange.run_manifest import Asked

    if len(what) > 1:
        if jobs := [name for name in what if name.isdecimal()]:
            raise InputError(f"name models, or one job alone: {jobs[0]} is a job's number")
        return Asked(list(dict.fromkeys(known_models(floor, what))), first, last)
    models, request = meant(floor, what[0])
    return Asked(models, first, last, request)


def _prices(run: "RunFile", files: Sequence[Path], actions: Path | None) -> "Priced":
    """Of the files given, or else of the database here."""
    from aitrader_core.exchange.price_sources import of_database, of_files
    from aitrader_core.runner.arena import load_arena
    from aitrader_core.runner.settings import load_settings

    if files:
        return of_files(run, files, actions)
    name = run.arena.market
    load_arena(load_settings().config_dir, name)  # its absence is told before anything starts
    with open_floor(name) as floor:
        return of_database(run, floor)


def _refuse(found: "Verdict", *, as_json: bool) -> None:
    if as_json:
        print_json(_verdict_json(found))
    else:
        _tell(found)
        say(f"{counted(len(found.faults), 'fault')}: nothing is replayed")
    sys.exit(1)


def _tell(found: "Verdict") -> None:
    for fault in found.faults:
        say(fault)
    for note in found.notes:
        say(f"note: {note}")
    say(f"digest {found.digest}")


def _verdict_json(found: "Verdict") -> dict[str, object]:
    told = {"digest": found.digest, "days": found.days}
    return {**told, "faults": found.faults, "notes": found.notes}
