"""aitrader report: an arena's results as one file."""

from pathlib import Path

import click

from aitrader_core.cli.opening import NOTHING_STORED, market_option, open_floor
from aitrader_core.cli.printing import say


@click.command()
@click.option(
    "--to",
    "path",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where it is written: one HTML file that opens without a network.",
)
@market_option
def report(path: Path, market: str) -> None:
    """An arena's results as one HTML file: leaderboard, curves, definitions, how it was made."""
    from datetime import UTC, datetime

    from aitrader_core.domain.errors import InputError
    from aitrader_core.runner.board import board_now
    from aitrader_core.web.pages.report import report_of

    with open_floor(market) as floor:
        board = board_now(floor)
        if not board.rows:
            say(NOTHING_STORED)
            return
        content = report_of(floor, board, datetime.now(UTC))
    try:
        path.write_text(content, encoding="utf-8")
    except OSError as error:
        raise InputError(f"can't write {path}: {error.strerror}") from error
    say(f"wrote {path}, {len(content.encode()) / 1e6:.1f} MB")
