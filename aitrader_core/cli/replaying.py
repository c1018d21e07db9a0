"""aitrader replay."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.opening import (
    as_json_option,
    known_models,
    market_option,
    open_floor,
    span,
)
from aitrader_core.cli.printing import counted, print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.runner.floor import Floor
    from aitrader_core.runner.replaying import Replayed


@click.command()
@click.argument("what", metavar="JOB|MODEL")
@click.option("--from", "start", metavar="DATE", help="The first session.")
@click.option("--to", "end", metavar="DATE", help="The last session.")
@market_option
@as_json_option
def replay(what: str, start: str | None, end: str | None, market: str, as_json: bool) -> None:
    """Let the models of stored days decide again, language models by their kept calls alone;
    exit 1 if anything comes out otherwise."""
    from aitrader_core.cli.progress import Meter
    from aitrader_core.runner import replaying

    first, last = span(start, end)
    with open_floor(market) as floor, Meter() as meter:
        models, request = meant(floor, what)
        began = time.perf_counter()
        found = list(replaying.replay(floor, models, first, last, request, meter))
        seconds = time.perf_counter() - began
    if as_json:
        print_json(replayed_json(found))
    elif not any(replayed.days for replayed in found):
        say("nothing is stored of that")
    else:
        print_replayed(found, seconds)
    if any(replayed.differences for replayed in found):
        sys.exit(1)


def meant(floor: "Floor", what: str) -> tuple[Sequence[str], str | None]:
    """Models, and the request that their days were made for. InputError for what nobody knows."""
    from aitrader_core.cli.jobs import known
    from aitrader_core.domain.errors import InputError
    from aitrader_core.storage.history import models_of

    if not what.isdecimal():
        return known_models(floor, [what]), None
    job = known(floor.jobs.get(int(what)), int(what))
    if job.market != floor.arena.market:
        raise InputError(f"job {job.id} is of the {job.market} arena: add --market {job.market}")
    return models_of(floor.engine, job.market, job.request), job.request


def print_replayed(found: "Sequence[Replayed]", seconds: float) -> None:
    columns = ("model", "days", "identical", "first difference")
    print_table(columns, map(_row, found), right=columns[1:3])
    for note in (note for replayed in found for note in replayed.notes):
        say(f"note: {note}")
    days = sum(replayed.days for replayed in found)
    differ = sum(len(replayed.differences) for replayed in found)
    what = f"{counted(days, 'model-day')} of {counted(len(found), 'model')}"
    outcome = f"{differ:,} not identical" if differ else "all identical"
    say(f"{what} replayed in {seconds:.1f} s: {outcome}")


def _row(replayed: "Replayed") -> tuple[str, ...]:
    first = next(iter(replayed.differences), None)
    told = "-" if first is None else f"{first.session}: {first.fault}"
    return replayed.model, f"{replayed.days:,}", f"{replayed.identical:,}", told


def replayed_json(found: "Sequence[Replayed]") -> dict[str, object]:
    return {
        "model_days": sum(replayed.days for replayed in found),
        "identical": sum(replayed.identical for replayed in found),
        "models": {r.model: {"days": r.days, "identical": r.identical} for r in found},
        "differences": [
            {"model": d.model, "session": d.session, "difference": d.fault}
            for replayed in found
            for d in replayed.differences
        ],
        "notes": [note for replayed in found for note in replayed.notes],
    }
