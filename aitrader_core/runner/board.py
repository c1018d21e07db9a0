"""The leaderboard of a market: its rows, and how sure their order is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aitrader_core.results.standings import Point
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.dagster_runs import run_is_over
from aitrader_core.storage.equity import ledger_state
from aitrader_core.storage.leaderboards import latest_published
from aitrader_core.storage.urls import DatabaseUrls


@dataclass(frozen=True, slots=True)
class Board:
    """`as_of` is the state of the ledger that it was made from; `published_at` is None of one
    that was made for whoever asked. `is_current`: nothing has been stored since.

    `rows` are in order, best total return first; what their keys and those of `judgement` mean
    is in results/definitions. A simulated benchmark is among them.
    """

    market: str
    as_of: str
    published_at: datetime | None
    is_current: bool
    rows: list[dict[str, Any]]
    judgement: dict[str, Any]


def published_board(floor: Floor) -> Board | None:
    """As it was published last, whatever was stored since; None where it never was."""
    market = floor.arena.market
    found = latest_published(floor.engine, market)
    if found is None or not found.judgement:
        return None
    is_current = found.as_of == ledger_state(floor.engine, market)
    return Board(market, found.as_of, found.published_at, is_current, found.rows, found.judgement)


def latest_board(floor: Floor) -> Board:
    """The published one at once, if there is any; else a new one."""
    return published_board(floor) or made(floor)


def board_now(floor: Floor) -> Board:
    """As published, where nothing has changed since; made now otherwise."""
    published = published_board(floor)
    return published if published and published.is_current else made(floor)


def made(floor: Floor, drawn: Mapping[str, Sequence[Point]] | None = None) -> Board:
    """From the ledger as it is now, or from `drawn` curves of all its models."""
    from aitrader_core.runner.scoring import rows_and_judgement  # numpy, pandas, scipy: seconds

    as_of = ledger_state(floor.engine, floor.arena.market)
    rows, judgement = rows_and_judgement(floor, drawn)
    return Board(floor.arena.market, as_of, None, True, rows, judgement)


def standing_rows(floor: Floor) -> list[dict[str, Any]]:
    """The rows that are true now, of models that have traded."""
    return [row for row in board_now(floor).rows if not row["simulated"]]


def is_published(floor: Floor) -> bool:
    """Whether the leaderboard is that of the ledger as it is now, and its run has ended."""
    market = floor.arena.market
    published = latest_published(floor.engine, market)
    if published is None or published.as_of != ledger_state(floor.engine, market):
        return False
    urls = DatabaseUrls(floor.engine.url.render_as_string(hide_password=False))
    return run_is_over(urls, published.run_id)
