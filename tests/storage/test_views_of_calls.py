"""What the older tables and the leaderboard tell of a language model's days."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from aitrader_core.runner.board import standing_rows
from aitrader_core.storage.equity import ledger_state
from tests.runner.scripted_days import MODEL, PRICES, SEVEN, scripted_arena, simulate
from tests.small import Small


@pytest.fixture
def traded(small: Small) -> Small:
    """A script that may have read of the first two of its seven sessions."""
    scripted_arena(small, {"knowledge_cutoff": str(SEVEN[1])})
    small.priced(PRICES)
    floor = small.floor
    floor.register_models()
    simulate(floor)
    return small


def rows(small: Small, query: str) -> list[tuple[Any, ...]]:
    with small.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_tool_is_counted_once_for_each_call(traded: Small) -> None:
    monday = f"date = '{SEVEN[1]}' order by tool_name"
    query = f"select tool_name, call_count, job_id from tool_usage where {monday}"
    assert rows(traded, query) == [
        ("buy", 1, 1),
        ("history", 2, 1),
        ("portfolio", 1, 1),
        ("prices", 1, 1),
    ]
    said = "select content from reasoning_logs where role = 'call' and content like '%quantity%'"
    assert len(rows(traded, said)) == 2, "one for each Monday"


def test_sessions_before_the_cutoff_are_flagged(traded: Small) -> None:
    flags = rows(traded, "select session, before_cutoff from equity_curve order by session")
    assert flags == [(session, session <= SEVEN[1]) for session in SEVEN]
    ((sessions, tokens, dollars),) = rows(
        traded, "select sessions_before_cutoff, tokens, dollars from leaderboard"
    )
    spent = traded.floor.calls.spent(model=MODEL)
    assert (sessions, tokens, dollars) == (2, spent.tokens, spent.dollars)
    (standing,) = standing_rows(traded.floor)
    assert (standing["before_cutoff"], standing["tokens"]) == (2, spent.tokens)
    assert float(standing["dollars"]) == float(spent.dollars or 0) > 0


def test_a_cutoff_that_is_set_later_counts_at_once(traded: Small) -> None:
    before = ledger_state(traded.engine, "small")
    scripted_arena(traded, {"knowledge_cutoff": str(date(2030, 1, 1))})
    traded.floor.register_models()
    (standing,) = standing_rows(traded.floor)
    assert standing["before_cutoff"] == 7
    assert ledger_state(traded.engine, "small") != before, "so that it is published again"
