"""How results look: tables as wide as the terminal, or JSON."""

import json
import os
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console


_ON_PAPER = 100  # columns


def console(*, err: bool = False) -> "Console":
    from rich.console import Console

    found = Console(stderr=err, highlight=False, soft_wrap=False)
    if not found.is_terminal and "COLUMNS" not in os.environ:
        found.width = _ON_PAPER  # rich would take 80, and fold what is in a file or a pipe
    return found


def say(sentence: str) -> None:
    click.echo(sentence)


def print_json(content: object) -> None:
    click.echo(json.dumps(content, default=_as_json, indent=2))


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[str] = ()
) -> None:
    """`right` names the columns of numbers."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    numbers = set(right)
    for column in columns:
        table.add_column(
            column,
            justify="right" if column in numbers else "left",
            no_wrap=column in numbers,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*row)
    console().print(table, markup=False)


def money(value: Decimal) -> str:
    return f"{value:,.2f}"


def percent(fraction: float) -> str:
    return f"{100 * fraction:+.2f} %"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def spent(tokens: int, dollars: object) -> str:
    """`dollars` may be text or a number; None: of an unknown price."""
    if dollars is None:
        return f"{tokens:,} tokens of an unknown price"
    spent = float(str(dollars))
    cost = f"{spent:,.2f}" if spent >= 1 or not spent else f"{spent:.4f}"
    return f"{tokens:,} tokens for {cost} dollars"


def _as_json(value: Any) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}" if value.is_finite() else str(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    raise TypeError(f"{value!r} is not JSON")
