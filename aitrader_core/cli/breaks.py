"""aitrader breaks."""

from datetime import time
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.opening import (
    as_json_option,
    known_models,
    market_option,
    open_floor,
    span,
    span_options,
)
from aitrader_core.cli.printing import counted, print_json, print_table, say

if TYPE_CHECKING:
    from sqlalchemy import RowMapping


@click.command()
@click.option("--model", "named", multiple=True, metavar="A", help="May be repeated.")
@span_options
@market_option
@as_json_option
def breaks(
    named: tuple[str, ...], start: str | None, end: str | None, market: str, as_json: bool
) -> None:
    """What was refused, corrected towards a recording, or is wrong in a recording."""
    from aitrader_core.storage import breaks as stored

    first, last = span(start, end)
    with open_floor(market) as floor:
        found = stored.breaks(floor.engine, market, known_models(floor, named), first, last)
    if as_json:
        print_json([dict(row) for row in found])
        return
    if found:
        print_table(("session", "model", "what", "change", "why"), map(_row, found))
    kinds = [row["kind"] for row in found]
    counts = ", ".join(f"{kinds.count(kind):,} {kind}" for kind in dict.fromkeys(kinds))
    say(f"{counted(len(found), 'break')}{counts and f': {counts}'}")


def _row(row: "RowMapping") -> tuple[str, ...]:
    from aitrader_core.domain.money import plain, plain_quantity

    at = row["bar_time"]
    session = f"{row['session']}{'' if at in (None, time(0)) else f' {at:%H:%M}'}"
    changes = []
    if row["quantity"]:
        changes.append(f"{plain_quantity(row['quantity'])} {row['symbol']}")
    if row["cash"]:
        changes.append(f"cash {plain(row['cash'])}")
    return session, row["model"], row["kind"], ", ".join(changes) or "-", row["reason"]
