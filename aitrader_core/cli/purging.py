"""aitrader purge."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.opening import as_json_option
from aitrader_core.cli.printing import counted, print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.runner.retention import Purged

LONGEST = 36_500


@click.command()
@click.option("--older-than", type=click.IntRange(1, LONGEST), required=True, metavar="DAYS")
@click.option("--results", is_flag=True, help="Also the days of models that have not traded since.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
def purge(older_than: int, results: bool, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete what is older than so many days and what nothing that stays needs.

    Finished jobs, superseded and failed model-days, answers of language models that no day refers
    to, leaderboards but the newest, and the log of Dagster's runs but for what it knows of assets.
    Model-days that stand and prices stay.
    """
    from aitrader_core.domain.errors import InputError
    from aitrader_core.runner import retention
    from aitrader_core.runner.premises import ready_database
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.storage.database import engine_for

    is_asked = not (dry_run or yes)
    if is_asked and (as_json or not sys.stdin.isatty()):
        raise InputError(
            "nobody can be asked here whether to delete: add --yes, or --dry-run to see what goes"
        )
    with ready_database(load_settings()) as urls:
        age, now = timedelta(days=older_than), datetime.now(UTC)
        purged = partial(retention.purge, engine_for(urls.engine), age, now, results=results)
        if is_asked:
            expected = purged(dry_run=True)
            _show(expected)
            if not expected.total.rows:
                return
            click.confirm("Delete them?", abort=True)
        found = purged(dry_run=dry_run)
    if as_json:
        print_json(_as_json(found))
    elif is_asked:
        say(f"deleted {counted(found.total.rows, 'row')}")
    else:
        _show(found)


def _show(found: "Purged") -> None:
    total, which = found.total, f"older than {found.cutoff:%Y-%m-%d %H:%M} UTC"
    if total.rows:
        print_table(("table", "rows", "size"), _lines(found), right=("rows", "size"))
        did = "would go" if found.dry_run else "went"
        say(f"{counted(total.rows, 'row')} {which} {did}, {_size(total.bytes)}")
    else:
        say(f"nothing {which} is to go")
    for name in found.models:
        say(f"{name} has nothing stored then: it begins anew when it is next asked for")
    for reason in found.kept:
        say(reason)


def _lines(found: "Purged") -> Iterable[tuple[str, str, str]]:
    for table, gone in found.tables.items():
        if gone.rows:
            yield table, f"{gone.rows:,}", _size(gone.bytes)


def _size(number: int) -> str:
    kilobytes = number / 1_000
    return f"{kilobytes:,.0f} kB" if kilobytes < 10_000 else f"{kilobytes / 1_000:,.0f} MB"


def _as_json(found: "Purged") -> object:
    tables = {
        table: {"rows": gone.rows, "bytes": gone.bytes} for table, gone in found.tables.items()
    }
    return {
        "cutoff": found.cutoff,
        "dry_run": found.dry_run,
        "rows": found.total.rows,
        "bytes": found.total.bytes,
        "tables": tables,
        "models": found.models,
        "kept": found.kept,
    }
