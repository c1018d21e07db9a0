"""The table: on a terminal, as JSON, and in the page."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from benchmarks.line import Line

COLUMNS = ("benchmark", "what", "best", "median", "unit", "runs", "ours to it", "aim")
NUMBERS = ("best", "median", "runs", "ours to it", "aim")
_WIDTH = 110  # where there is no terminal


def print_table(lines: Sequence[Line], machine: str) -> None:
    """Plain where there is no terminal, and without colours where NO_COLOR asks for none."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in COLUMNS:
        number = column in NUMBERS
        table.add_column(column, justify="right" if number else "left", no_wrap=number)
    for line in lines:
        table.add_row(*cells(line), style="bold" if line.aim is not None else None)
    console.print(table, markup=False)
    for line in lines:
        if line.note:
            console.print(f"{line.benchmark}, {line.what}: {line.note}", markup=False)
    console.print(machine, markup=False)


def as_json(lines: Sequence[Line], machine: str) -> str:
    return json.dumps({"machine": machine, "lines": [asdict(line) for line in lines]}, indent=2)


def cells(line: Line) -> tuple[str, ...]:
    """In the order of COLUMNS."""
    return (
        line.benchmark,
        line.what,
        _figure(line.best),
        _figure(line.middle),
        line.unit,
        str(line.repeats),
        "" if line.ratio is None else f"{_figure(line.ratio)} x",
        "" if line.aim is None else _figure(line.aim),
    )


def _figure(value: float) -> str:
    """Three digits where there are decimals, whole numbers above."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
