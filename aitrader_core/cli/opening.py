"""What every command begins with: the floor of its market, and arguments that make sense there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from aitrader_core.runner.floor import Floor
    from aitrader_core.storage.jobs import Jobs

Command = TypeVar("Command", bound=Callable[..., Any])

NOTHING_STORED = "nothing is stored yet: run `aitrader demo`"


def as_json_option(command: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")(
        command
    )


def market_option(command: Command) -> Command:
    return click.option(
        "--market", default="us", show_default=True, help="The arena under configs/arenas."
    )(command)


def span_options(command: Command) -> Command:
    start = click.option("--start", metavar="DATE", help="The first session.")
    return start(click.option("--end", metavar="DATE", help="The last session.")(command))


@contextmanager
def open_floor(market: str) -> Iterator["Floor"]:
    """The floor of `market`, its database up and at the newest schema, its models on record."""
    from aitrader_core.runner.arena import load_arena
    from aitrader_core.runner.floor import Floor
    from aitrader_core.runner.premises import ready_database
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.storage.database import engine_for

    settings = load_settings()
    arena = load_arena(settings.config_dir, market)  # its faults are told before anything starts
    with ready_database(settings) as urls:
        floor = Floor(arena, engine_for(urls.engine), settings.home)
        floor.register_models()
        yield floor


@contextmanager
def open_engine() -> Iterator["Engine"]:
    """The database of all markets."""
    from aitrader_core.runner.premises import ready_database
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.storage.database import engine_for

    with ready_database(load_settings()) as urls:
        yield engine_for(urls.engine)


@contextmanager
def open_jobs() -> Iterator["Jobs"]:
    """The queue of all markets."""
    from aitrader_core.storage.jobs import Jobs

    with open_engine() as engine:
        yield Jobs(engine)


def span(start: str | None, end: str | None) -> tuple[date, date]:
    """Both may be left open. InputError for what is no date, or is reversed."""
    from aitrader_core.domain.errors import InputError
    from aitrader_core.runner.requests import parse_date

    first = date.min if start is None else parse_date(start)
    last = date.max if end is None else parse_date(end)
    if first > last:
        raise InputError(f"the range is reversed: {first} is after {last}")
    return first, last


def known_models(floor: "Floor", names: Sequence[str]) -> Sequence[str]:
    """`names`, or all that have traded. InputError for one that nobody knows."""
    from aitrader_core.domain.errors import InputError
    from aitrader_core.runner.config import did_you_mean
    from aitrader_core.storage.equity import last_sessions

    stored = sorted(last_sessions(floor.engine, floor.arena.market))
    known = [*floor.arena.models, *(m for m in stored if m not in floor.arena.models)]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError(f"there is no model {name!r}: {hint}there are {', '.join(known)}")
    return names or stored
