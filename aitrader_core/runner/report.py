"""Results of a market: curves and standings, as the CLI and Dagster show them."""

from collections.abc import Mapping, Sequence
from datetime import date

from aitrader_core.domain.money import ZERO
from aitrader_core.results.standings import Point, Standing, standings
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.restated import restated
from aitrader_core.storage.equity import equity_points, slippage


def curves(
    floor: Floor,
    models: Sequence[str] | None = None,
    first: date = date.min,
    last: date = date.max,
) -> dict[str, list[Point]]:
    """Each model's stored sessions, oldest first."""
    found: dict[str, list[Point]] = {}
    rows = equity_points(floor.engine, floor.arena.market, models, first, last)
    newer = restated(floor, rows)
    slipped = slippage(floor.engine, floor.arena.market, models)
    for row in rows:
        found.setdefault(row["model"], []).append(
            Point(
                row["session"],
                row["value_open"],
                row["value_close"],
                row["value"],
                row["profit"],
                row["daily_return"],
                row["cumulative_return"],
                row["max_drawdown"],
                row["fill_count"],
                row["refusal_count"],
                row["commission"],
                row["correction_count"],
                (row["model"], row["session"]) in newer,
                row["before_cutoff"],
                row["tokens"],
                row["dollars"],
                row["traded"],
                slipped.get((row["model"], row["session"]), ZERO),
            )
        )
    return found


def leaderboard(floor: Floor) -> list[Standing]:
    """Every model that has traded in this market, best total return first."""
    return ranked(floor, curves(floor))


def ranked(floor: Floor, drawn: Mapping[str, Sequence[Point]]) -> list[Standing]:
    return standings(drawn, floor.arena.calendar.sessions_a_year)
