"""What the site is about: every arena with its database, and Dagster beside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy import Engine

from aitrader_core.inference.serving import Serving
from aitrader_core.runner.config import did_you_mean
from aitrader_core.runner.floor import Floor
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.urls import DatabaseUrls
from aitrader_core.web.problems import Problem


@dataclass(frozen=True)
class House:
    """`dagster` is the address of its webserver, None where there is none; `now` is the clock.

    `cost_profiles` are those under configs/costs, by name; `serving` has the networks.
    """

    floors: Mapping[str, Floor]
    jobs: Jobs
    urls: DatabaseUrls
    dagster: str | None
    now: Callable[[], datetime]
    cost_profiles: Mapping[str, CostProfile] = field(default_factory=dict)
    serving: Serving = field(default_factory=Serving)

    @property
    def engine(self) -> Engine:
        """Of the one database that all arenas are kept in."""
        return next(iter(self.floors.values())).engine

    @property
    def default_market(self) -> str:
        """Who names none means this one."""
        return "us" if "us" in self.floors else next(iter(self.floors))

    def floor(self, market: str) -> Floor:
        """Problem 404 for an arena that there is not."""
        if market not in self.floors:
            hint = did_you_mean(market, self.floors)
            raise Problem(
                404,
                f"there is no arena {market!r}",
                f"{hint}there are {', '.join(self.floors)}",
            )
        return self.floors[market]


async def the_house(request: Request) -> House:
    """Not worth a thread of its own."""
    return cast(House, request.app.state.house)


TheHouse = Annotated[House, Depends(the_house)]
