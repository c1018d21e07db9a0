"""The leaderboard that is true now."""

from typing import Any

from aitrader_core.runner.floor import Floor
from aitrader_core.storage.equity import ledger_state
from aitrader_core.storage.leaderboards import latest_published


def standing_rows(floor: Floor) -> list[dict[str, Any]]:
    """As published, where nothing has changed since; computed now otherwise."""
    market = floor.arena.market
    published = latest_published(floor.engine, market)
    if published is not None and published.as_of == ledger_state(floor.engine, market):
        return published.rows
    from aitrader_core.runner.report import leaderboard  # pandas and scipy: slow to import

    return [standing.as_json() for standing in leaderboard(floor)]


def is_published(floor: Floor) -> bool:
    """Whether the latest leaderboard was made from the ledger as it is now."""
    market = floor.arena.market
    published = latest_published(floor.engine, market)
    return published is not None and published.as_of == ledger_state(floor.engine, market)
