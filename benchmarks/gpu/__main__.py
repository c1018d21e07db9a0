"""`python -m benchmarks.gpu`: networks on every backend that loads here."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from benchmarks.gpu.measuring import SIZES, Measured, measure
from benchmarks.gpu.networks import networks
from benchmarks.gpu.page import page
from benchmarks.machine import machine

PAGE = Path(__file__).parents[1] / "gpu.md"


@click.command()
@click.option("--quick", is_flag=True, help="Small batches, few calls: to see that it runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
@click.option("--write", is_flag=True, help="Write benchmarks/gpu.md.")
def main(*, quick: bool, as_json: bool, write: bool) -> None:
    """Take the figures of each network on each backend, and print the page."""
    if quick and write:
        raise click.UsageError("--quick takes figures that are not worth writing down.")
    where, found = machine(), []
    sizes, seconds = (SIZES[:2], 0.02) if quick else (SIZES, 1.5)
    for each in measure(networks(), sizes, seconds=seconds):
        found.append(each)
        what = each.network if isinstance(each, Measured) else "not here"
        click.echo(f"{each.contestant}: {what}", err=True)
    told = page(found, where)
    if write:
        PAGE.write_text(told, encoding="utf-8")
    click.echo(json.dumps([asdict(each) for each in found], indent=2) if as_json else told)


if __name__ == "__main__":
    main()
