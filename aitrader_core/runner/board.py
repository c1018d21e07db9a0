"""The leaderboard that is true now."""

from typing import Any

from aitrader_core.runner.floor import Floor
from aitrader_core.storage.dagster_runs import run_is_over
from aitrader_core.storage.equity import ledger_state
from aitrader_core.storage.leaderboards import latest_published
from aitrader_core.storage.urls import DatabaseUrls


def standing_rows(floor: Floor) -> list[dict[str, Any]]:
    """As published, where nothing has changed since; computed now otherwise."""
    market = floor.arena.market
    published = latest_published(floor.engine, market)
    if published is not None and published.as_of == ledger_state(floor.engine, market):
        return published.rows
    from aitrader_core.runner.report import leaderboard  # pandas and scipy: slow to import

    return [standing.as_json() for standing in leaderboard(floor)]


def is_published(floor: Floor) -> bool:
    """Whether the leaderboard is that of the ledger as it is now, and its run has ended."""
    market = floor.arena.market
    published = latest_published(floor.engine, market)
    if published is None or published.as_of != ledger_state(floor.engine, market):
        return False
    urls = DatabaseUrls(floor.engine.url.render_as_string(hide_password=False))
    return run_is_over(urls, published.run_id)
