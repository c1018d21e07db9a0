"""Which stored results were made from prices that have since been restated."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import RowMapping

from aitrader_core.runner.floor import Floor


def restated(
    floor: Floor, days: Iterable[RowMapping | Mapping[str, Any]]
) -> dict[tuple[str, date], str]:
    """By model and session, the newer prices that a day's session or its history now has.

    `days` are rows with model, session and manifest.
    """
    known = list(days)
    if not known:
        return {}
    calendar, depth = floor.arena.calendar, floor.arena.history
    first, last = min(d["session"] for d in known), max(d["session"] for d in known)
    before = calendar.between(calendar.first, first)[-depth - 1 : -1]
    sessions = (*before, *calendar.between(first, last))
    newest = floor.prices.newest(floor.arena.symbols, sessions[0], last)
    position = {session: at for at, session in enumerate(sessions)}

    @cache
    def now(session: date) -> str | None:
        """The newest prices that can be seen on a session: the same for all models."""
        at = position[session]
        seen = [newest[s] for s in sessions[max(0, at - depth) : at + 1] if s in newest]
        return label(max(seen)) if seen else None

    label = cache(floor.prices.label)
    return {
        (day["model"], day["session"]): prices
        for day in known
        if (prices := now(day["session"])) and prices != day["manifest"]["prices"]
    }
