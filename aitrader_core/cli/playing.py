"""aitrader play."""

import sys
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.opening import market_option, open_floor
from aitrader_core.cli.printing import counted, money, say

if TYPE_CHECKING:
    from aitrader_core.runner.walk import Step


@click.command()
@click.argument("model")
@click.option("--start", required=True, metavar="DATE", help="The first session.")
@click.option("--end", required=True, metavar="DATE", help="The last session.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Instead of the model's own; 0 is any free one."
)
@market_option
def play(model: str, start: str, end: str, port: int | None, market: str) -> None:
    """Let an agent of yours play MODEL, of kind mcp, over MCP; exit 1 when a session failed."""
    from uuid import uuid4

    from aitrader_core.runner import play as playing
    from aitrader_core.runner.requests import parse_date
    from aitrader_core.runner.walk import Broken

    first, last = parse_date(start), parse_date(end)
    with (
        open_floor(market) as floor,
        playing.play(floor, model, first, last, f"play-{uuid4()}", port) as game,
    ):
        say(f"{model} plays {counted(len(game.sessions), 'session')} at {game.url}")
        step: Step | None = None
        for step in game.steps:
            say(_sentence(step))
    if isinstance(step, Broken):
        sys.exit(1)


def _sentence(step: "Step") -> str:
    from aitrader_core.runner.walk import Made

    if not isinstance(step, Made):
        return f"{step.session}: {step.reason}"
    day = step.day
    counts = f"{counted(len(day.fills), 'fill')}, {counted(len(day.refusals), 'refusal')}"
    return f"{day.session} {day.ending.value}: {counts}, worth {money(day.value)}"
