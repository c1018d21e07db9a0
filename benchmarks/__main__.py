"""`benchmarks/run [name ...]`: takes the figures, prints the table."""

import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

import click

from benchmarks import page, table
from benchmarks.line import Line
from benchmarks.machine import machine

MODULES = {
    "rules": "benchmarks.rules.bench",
    "onnx-policy": "benchmarks.onnx_policy",
    "store": "benchmarks.store.bench",
    "llm": "benchmarks.llm.bench",
    "dagster": "benchmarks.range_run",
    "judging": "benchmarks.judging",
    "patterns": "benchmarks.patterns",
    "orders": "benchmarks.orders",
    "inference": "benchmarks.inference",
    "backfill": "benchmarks.backfill",
    "results": "benchmarks.results.bench",
    "serving": "benchmarks.serving",
    "replay": "benchmarks.replay.bench",
    "replay-memory": "benchmarks.replay.memory",
    "setup": "benchmarks.setup",
}
SLOW = ("setup",)  # minutes: only when named, or with --all


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(tuple(MODULES)))
@click.option("--quick", is_flag=True, help="Less work, fewer repeats: to see that it runs.")
@click.option("--all", "everything", is_flag=True, help=f"With {', '.join(SLOW)} too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
@click.option("--write", is_flag=True, help="Put the figures into benchmarks/README.md.")
def main(
    names: Sequence[str], *, quick: bool, everything: bool, as_json: bool, write: bool
) -> None:
    """Take the figures of NAMES, or of all that are not slow."""
    if quick and write:
        raise click.UsageError("--quick takes figures that are not worth writing down.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # servers are stopped on the way out
    where = machine()
    lines: list[Line] = []
    for name in names or [n for n in MODULES if everything or n not in SLOW]:
        click.echo(f"{name} ...", err=True)
        taken = _benchmark(name)(quick=quick)
        lines += taken
        if write:
            page.write(taken, where)  # at once: a later benchmark may fail
    if as_json:
        click.echo(table.as_json(lines, where))
    else:
        table.print_table(lines, where)


def _benchmark(name: str) -> Callable[..., list[Line]]:
    run: Callable[..., list[Line]] = import_module(MODULES[name]).run
    return run


if __name__ == "__main__":
    main()
