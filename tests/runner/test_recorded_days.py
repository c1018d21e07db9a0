"""Recordings as models of an arena: checked when asked for, stored, replayed and listed."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from aitrader_core.domain.errors import RecordingError
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.report import leaderboard
from aitrader_core.runner.requests import submit
from aitrader_core.runner.verify import verify
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.audit import chain_faults, ledger_faults
from aitrader_core.storage.breaks import breaks
from aitrader_core.storage.store import Origin
from tests.agents.recordings import line
from tests.small import DAYS, A, B, Small

OPENING = line("2012-06-01", 1000)
FOREIGN = line("2012-06-04", 990, ("buy", "600519.SHH", 1), {"600519.SHH": 1})
LINES = (
    OPENING,
    line("2012-06-01", 900, ("buy", "AAA", 10), {"AAA": 10}),
    line("2012-06-01", 895, ("buy", "BBB", 0), {"AAA": 10}),  # and 5.00 are gone
    line("2012-06-04", 855, ("buy", "BBB", 2), {"AAA": 10, "BBB": 2}),  # at 20, not 21
    line("2012-06-05", 970, ("sell", "AAA", 7), {"AAA": 4}),  # a roll-back
    line("2012-06-09", 900, ("buy", "AAA", 4), {"AAA": 8}),  # a Saturday
    line("2012-06-11", 900.0000000001, ("no_trade", "", 0), {"AAA": 8}),
)


def recorded(small: Small, lines: Sequence[str], *, bars: str = "daily") -> Path:
    """An arena in which the recording takes part in both modes."""
    file = small.file("position.jsonl", *lines)
    small.model("gpt", kind="recorded", file=file.name, mode="as_recorded")  # beside configs/
    small.model("gpt@enforced", kind="recorded", file=str(file))
    small.configure(models=["buy_and_hold", "gpt", "gpt@enforced"], bars=bars)
    return file


REFUSED: dict[str, tuple[list[str], str, str]] = {
    "of another market": (
        [OPENING, FOREIGN],
        "daily",
        ":2: 600519.SHH is not among the arena's symbols: add it there, or is this another "
        "market's recording?",
    ),
    "of bars within sessions": (
        [OPENING, line("2012-06-01 10:30:00", 1000)],
        "daily",
        ":2: this is a recording of intraday bars, and the arena has daily ones",
    ),
    "of whole sessions": (
        list(LINES),
        "intraday",
        ":7: this is a recording of daily bars, and the arena has intraday ones",
    ),
    "cut off": (
        [*LINES, OPENING[:20]],
        "daily",
        ":8: is not a whole JSON object (column 10: Unterminated string starting at): was the "
        "file cut off? Remove or complete the line",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_job_for_a_recording_that_can_t_be_traded_is_refused(small: Small, what: str) -> None:
    lines, bars, sentence = REFUSED[what]
    file = recorded(small, lines, bars=bars)
    if bars == "daily":
        small.priced()
    for models in (["gpt"], ["buy_and_hold", "gpt@enforced"]):
        with pytest.raises(RecordingError) as error:
            submit(small.floor, "2012-06-01", "2012-06-08", models, source="test")
        assert str(error.value) == f"{file}{sentence}"
    assert small.floor.jobs.latest() == []
    with small.engine.connect() as connection:
        assert connection.scalar(text("select count(*) from models")) == 0


def test_a_recording_that_is_gone_is_told_when_it_is_asked_for(small: Small) -> None:
    """Not before: the arena's other models can be run without it."""
    file = recorded(small, LINES)
    file.unlink()
    small.priced()
    with pytest.raises(RecordingError) as error:
        submit(small.floor, "2012-06-01", "2012-06-08", ["gpt"], source="test")
    assert str(error.value) == f"{file}: there is no such file: correct the model's `file`"
    submit(small.floor, "2012-06-01", "2012-06-08", ["buy_and_hold"], source="test")


@pytest.fixture
def traded(small: Small) -> Small:
    recorded(small, LINES)
    prices = "10/11 12/13 14/15 16/17 18/19 20/21 17.5/22"
    small.priced({A: prices, B: "20 21 22 23 24 25 26"})
    sessions = DAYS[:7]
    for model in small.floor.arena.models:
        plan = Plan(model, tuple(sessions), Origin("job-1", "run-1"), may_start=True)
        assert [type(step) for step in walk(small.floor, plan)] == [Made] * 7
    return small


def days(small: Small, model: str) -> list[ModelDay]:
    found = (small.floor.model_days.get("small", model, session) for session in DAYS[:7])
    return [day for day in found if day is not None]


def test_both_modes_are_stored_and_close(traded: Small) -> None:
    assert ledger_faults(traded.engine, "small") == []
    assert chain_faults(traded.engine, "small") == []
    followed, enforced = days(traded, "gpt")[-1].closing, days(traded, "gpt@enforced")[-1].closing
    assert followed.cash == 900
    assert followed.positions == {A: 8}
    assert enforced.positions == {A: 3, B: 2}


def test_days_with_corrections_are_replayed_without_a_difference(traded: Small) -> None:
    found = list(verify(traded.floor, ["gpt", "gpt@enforced", "buy_and_hold"]))
    assert [(f.days, f.differences) for f in found] == [(7, ())] * 3
    assert sum(len(day.corrections) for day in days(traded, "gpt")) == 6


def test_another_correction_is_found(traded: Small) -> None:
    with traded.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        changed = "update adjustments set cash_change = cash_change + 1 where symbol is null"
        assert connection.execute(text(changed)).rowcount
    (found,) = verify(traded.floor, ["gpt"])
    assert found.differences


def test_breaks_say_line_by_line_what_differs(traded: Small) -> None:
    told = [
        (str(row["session"])[5:], row["kind"], row["symbol"], row["quantity"], row["cash"])
        for row in breaks(traded.engine, "small", ["gpt"])
    ]
    assert told == [
        ("06-01", "corrected", None, 0, Decimal(-5)),
        ("06-01", "refused", "BBB", 0, None),
        ("06-04", "corrected", None, 0, Decimal(2)),
        ("06-05", "corrected", "AAA", 1, 0),
        ("06-05", "corrected", "BBB", -2, 0),
        ("06-05", "corrected", None, 0, Decimal(17)),
        ("06-11", "corrected", "AAA", 4, Decimal(-70)),
    ]
    reasons = {row["reason"] for row in breaks(traded.engine, "small", ["gpt@enforced"])}
    assert "position.jsonl:6: trades on 2012-06-09, which is no session" in reasons


def test_the_leaderboard_counts_corrections(traded: Small) -> None:
    found = {
        standing.model: standing.as_json()["corrections"] for standing in leaderboard(traded.floor)
    }
    assert found == {"buy_and_hold": 0, "gpt": 6, "gpt@enforced": 0}
