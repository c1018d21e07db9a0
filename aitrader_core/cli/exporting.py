"""aitrader export: what other systems read."""

from pathlib import Path

import click

from aitrader_core.cli.opening import (
    as_json_option,
    known_models,
    market_option,
    open_floor,
    span,
    span_options,
)
from aitrader_core.cli.printing import counted, print_json, say


@click.group()
def export() -> None:
    """Stored days as files of other systems."""


@export.command("ai-trader")
@click.argument("model")
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where <model>/position/position.jsonl and <model>/log/ are written.",
)
@click.option(
    "--like",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A position.jsonl whose order of symbols is kept to.",
)
@click.option(
    "--init-date",
    metavar="DATE",
    help="Of the opening line, with a time if need be; the session before by default.",
)
@span_options
@market_option
@as_json_option
def ai_trader(
    model: str,
    folder: Path,
    like: Path | None,
    init_date: str | None,
    start: str | None,
    end: str | None,
    market: str,
    as_json: bool,
) -> None:
    """A model's stored days as AI-Trader would have written them."""
    from aitrader_core.agents.recording import moment_of
    from aitrader_core.domain.errors import InputError
    from aitrader_core.exchange import ai_trader_files

    first, last = span(start, end)
    if init_date is not None:
        try:
            moment_of(init_date)
        except ValueError as error:
            raise InputError(
                f"--init-date {init_date!r} is no date: write it like 2025-10-01, or 2025-10-01 "
                "10:00:00"
            ) from error
    with open_floor(market) as floor:
        (name,) = known_models(floor, [model])
        done = ai_trader_files.export(floor, name, folder, first, last, like=like, opened=init_date)
    if as_json:
        told = {"positions": str(done.positions), "sessions": done.days}
        print_json({**told, "lines": done.lines, "logs": done.logs})
        return
    what = f"{counted(done.lines, 'line')} of {counted(done.days, 'session')}"
    say(f"{done.positions}: {what}, {counted(done.logs, 'log')} beside it")
