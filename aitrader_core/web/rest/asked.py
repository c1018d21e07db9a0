"""What is asked for: the parameters that several calls have, and what is wrong with them."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, cast

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator

from aitrader_core.runner.config import did_you_mean
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.equity import last_sessions
from aitrader_core.storage.unchanged import Unchanged
from aitrader_core.web.house import TheHouse
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.shapes import Format

LATEST_ID = 2**63 - 1  # of any row

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _written_out(value: object) -> object:
    """Pydantic takes seconds since 1970 for a date too."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise ValueError("a date is written as YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_written_out)]
Market = Annotated[
    str | None,
    Query(
        max_length=64,
        description="The arena, by name; `us` where there is one, else the first.",
        examples=["us"],
    ),
]
Models = Annotated[
    list[str] | None,
    Query(alias="model", max_length=1000, description="May be repeated; all of them by default."),
]
Start = Annotated[Day | None, Query(description="The first session.", examples=["2012-06-01"])]
End = Annotated[Day | None, Query(description="The last session.", examples=["2013-02-28"])]
Cursor = Annotated[
    str | None,
    Query(max_length=500, description="Where the page begins: `next_cursor` of the one before."),
]
Form = Annotated[
    Format, Query(alias="format", description="What the answer is; tables hold its rows alone.")
]


async def only_known(request: Request) -> None:
    """Problem 422 for a parameter that the call does not have: a mistyped one would be ignored."""
    if not request.query_params:
        return
    path, method = request.scope["route"].path_format, request.method.lower()
    told = request.app.openapi()["paths"][path][method].get("parameters", ())
    known = [parameter["name"] for parameter in told if parameter["in"] == "query"]
    for name in request.query_params:
        if name not in known:
            offer = f"it has {', '.join(known)}" if known else "it has none"
            raise Problem(
                422, f"there is no parameter {name!r}", f"{did_you_mean(name, known)}{offer}"
            )


async def the_floor(house: TheHouse, market: Market = None) -> Floor:
    return house.floor(house.default_market if market is None else market)


async def unchanged(request: Request) -> Unchanged:
    return cast(Unchanged, request.app.state.unchanged)


TheFloor = Annotated[Floor, Depends(the_floor)]
SinceCommit = Annotated[Unchanged, Depends(unchanged)]


def span(start: date | None, end: date | None, day: date | None = None) -> tuple[date, date]:
    """Problem 422 for one that is none."""
    if day is not None:
        if start or end:
            raise Problem(
                422, "a date and a range are asked for at once", "give date, or start and end"
            )
        return day, day
    first, last = start or date.min, end or date.max
    if first > last:
        raise Problem(
            422, f"the range is reversed: {first} is after {last}", f"start={last}&end={first}"
        )
    return first, last


def known_models(floor: Floor, names: Sequence[str] | None) -> tuple[str, ...] | None:
    """Each once, of those that the arena has or that have traded in it; None is all.

    Problem 422 for any other.
    """
    if names is None:
        return None
    models = floor.arena.models
    if strange := [name for name in names if name not in models]:
        traded = last_sessions(floor.engine, floor.arena.market)
        if unknown := [name for name in strange if name not in traded]:
            known = [*models, *traded]
            raise Problem(
                422,
                f"there is no model {unknown[0]!r} in the {floor.arena.market} arena",
                f"{did_you_mean(unknown[0], known)}see /models?market={floor.arena.market}",
            )
    return tuple(dict.fromkeys(names))
