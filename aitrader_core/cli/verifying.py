"""aitrader verify."""

import sys
import time

import click

from aitrader_core.cli.opening import (
    NOTHING_STORED,
    as_json_option,
    known_models,
    market_option,
    open_floor,
    span,
    span_options,
)
from aitrader_core.cli.printing import counted, print_json, say


@click.command()
@click.option("--model", "named", multiple=True, metavar="A", help="May be repeated.")
@span_options
@market_option
@as_json_option
def verify(
    named: tuple[str, ...], start: str | None, end: str | None, market: str, as_json: bool
) -> None:
    """Replay stored model-days from their own orders; exit 1 if anything comes out otherwise."""
    from aitrader_core.runner import verify as runner

    first, last = span(start, end)
    with open_floor(market) as floor:
        began = time.perf_counter()
        found = list(runner.verify(floor, known_models(floor, named), first, last))
        seconds = time.perf_counter() - began
    differences = [difference for verified in found for difference in verified.differences]
    days = sum(verified.days for verified in found)
    if as_json:
        counts = {verified.model: verified.days for verified in found}
        print_json(
            {
                "model_days": days,
                "models": counts,
                "differences": [
                    {"model": d.model, "session": d.session, "fault": d.fault} for d in differences
                ],
            }
        )
    elif not days and not differences:
        say(NOTHING_STORED)
    else:
        for difference in differences:
            say(str(difference))
        outcome = counted(len(differences), "difference") if differences else "no difference"
        replayed = f"{counted(days, 'model-day')} of {counted(len(found), 'model')}"
        say(f"{replayed} replayed in {seconds:.1f} s: {outcome}")
    if differences:
        sys.exit(1)
