"""What is still to be traded: each model from its own last session to the latest priced one."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from aitrader_core.runner.floor import Floor
from aitrader_core.storage.equity import last_sessions


def due(
    floor: Floor, models: Iterable[str] | None = None
) -> tuple[date | None, dict[date, list[str]]]:
    """The latest session with prices, and the models by the session that each goes on from.

    Of all models unless some are given. A model that has never traded begins at the arena's start
    session; one that is up to date is not due.
    """
    arena = floor.arena
    priced = [s for s in floor.prices.sessions() if arena.calendar.is_session(s)]
    if not priced:
        return None, {}
    latest = min(priced[-1], arena.last_session)
    done = last_sessions(floor.engine, arena.market)
    starts: dict[date, list[str]] = defaultdict(list)
    for model in arena.models if models is None else models:
        last = done.get(model)
        start = arena.start_session if last is None else arena.calendar.next(last)
        if start is not None and start <= latest:
            starts[start].append(model)
    return latest, dict(sorted(starts.items()))
