"""Results of a market: curves and standings, as the CLI and Dagster show them."""

from collections.abc import Sequence
from datetime import date

from aitrader_core.results.standings import Point, Standing, standings
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.equity import equity_points


def curves(
    floor: Floor,
    models: Sequence[str] | None = None,
    first: date = date.min,
    last: date = date.max,
) -> dict[str, list[Point]]:
    """Each model's stored sessions, oldest first."""
    found: dict[str, list[Point]] = {}
    for row in equity_points(floor.engine, floor.arena.market, models, first, last):
        found.setdefault(row["model"], []).append(
            Point(
                row["session"],
                row["value_open"],
                row["value_close"],
                row["profit"],
                row["daily_return"],
                row["cumulative_return"],
                row["max_drawdown"],
                row["fill_count"],
                row["refusal_count"],
                row["commission"],
            )
        )
    return found


def leaderboard(floor: Floor) -> list[Standing]:
    """Every model that has traded in this market, best total return first."""
    return standings(curves(floor))
