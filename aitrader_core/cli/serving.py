"""aitrader up and aitrader demo."""

import sys

import click

PORT = click.IntRange(1, 65535)


@click.command()
@click.option("--demo", is_flag=True, help="Run the demo first, unless it is stored already.")
@click.option("--port", type=PORT, help="Of dashboard and REST; 8000 or the next free one.")
@click.option("--dagster-port", type=PORT, help="Of the Dagster UI; 3000 or the next free one.")
def up(demo: bool, port: int | None, dagster_port: int | None) -> None:
    """Serve until stopped: database, queue, schedules, dashboard and the Dagster UI."""
    from aitrader_core.cli.progress import Screen
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.serve.up import serve

    serve(load_settings(), Screen(), port=port, dagster_port=dagster_port, demo=demo)


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
