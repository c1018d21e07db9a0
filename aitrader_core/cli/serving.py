"""aitrader up and aitrader demo."""

import sys

import click


@click.command()
@click.option("--demo", is_flag=True, help="Run the demo first, unless it is stored already.")
@click.option("--port", type=click.IntRange(1, 65535), help="Of the UI; 3000 or the next free one.")
def up(demo: bool, port: int | None) -> None:
    """Serve until stopped: database, queue, schedules and the UI."""
    from aitrader_core.cli.progress import Screen
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.serve.up import serve

    serve(load_settings(), Screen(), port=port, demo=demo)


@click.command()
def demo() -> None:
    """Run the demo once and print its leaderboard."""
    from aitrader_core.cli.progress import Screen
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.serve.demo import demo_once
    from aitrader_core.serve.signals import Stopped

    try:
        completed = demo_once(load_settings(), Screen())
    except Stopped:
        click.echo("aitrader: interrupted", err=True)
        sys.exit(130)
    sys.exit(0 if completed else 1)
