"""Sessions that an agent outside plays over MCP, one after the other, in the foreground."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

from aitrader_core.agents.mcp.outside_agent import SeatedAgent
from aitrader_core.domain.errors import JobError
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.requests import check_prices, sessions_between
from aitrader_core.runner.walk import Plan, Step, walk
from aitrader_core.storage.store import Origin


@dataclass(frozen=True)
class Play:
    """`steps` waits for the agent, which finds its tools at `url`."""

    url: str
    sessions: tuple[date, ...]
    steps: Iterator[Step]


@contextmanager
def play(
    floor: Floor, model: str, first: date, last: date, request: str, port: int | None = None
) -> Iterator[Play]:
    """Serve `model` its sessions from `first` to `last`, at one URL for all of them.

    What was stored of these sessions is made again, as by a backfill. InputError for what can't
    be played.
    """
    arena = floor.arena
    entry = arena.model(model)
    if not isinstance(entry.agent, SeatedAgent):
        raise JobError(
            f"{model} is of kind {entry.config.kind}, which trades by itself: submit a job for it "
            f"(aitrader jobs submit); only models of kind mcp are played"
        )
    sessions = sessions_between(arena, first, last)
    check_prices(floor, sessions)
    floor.register_models()
    plan = Plan(model, sessions, Origin(request, request), may_start=True)
    with entry.agent.served(port) as (agent, url):
        models = {**arena.models, model: replace(entry, agent=agent)}
        seated = replace(floor, arena=replace(arena, models=models))
        yield Play(url, sessions, _in_turn(seated, plan))


def _in_turn(floor: Floor, plan: Plan) -> Iterator[Step]:
    """Each day is stored before the next session opens."""
    origin = plan.origin
    with floor.turns.turn(floor.arena.market, origin.request, origin.run_id):
        yield from walk(floor, plan, stretch=0.0)
