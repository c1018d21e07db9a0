"""Each model goes on from its own last session, and one that is up to date has nothing due."""

from datetime import date

import pytest
from sqlalchemy import text

from aitrader_core.runner.catch_up import due
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Broken, Plan, walk
from aitrader_core.storage.store import Origin

START, LATEST = date(2012, 6, 1), date(2012, 6, 13)
OTHERS = [
    "daily_mlp",
    "equal_weight",
    "inverse_volatility",
    "mean_reversion",
    "pattern",
    "scripted_llm",
]


@pytest.fixture
def recent(floor: Floor) -> Floor:
    """The prices end on LATEST."""
    with floor.engine.begin() as connection:
        connection.execute(text("delete from bars where session > :latest"), {"latest": LATEST})
    return floor


def trade(floor: Floor, model: str, last: date, first: date = START) -> None:
    sessions = floor.arena.calendar.between(first, last)
    steps = list(walk(floor, Plan(model, sessions, Origin("r", "run"), may_start=True)))
    assert not isinstance(steps[-1], Broken)


def test_each_model_goes_on_from_its_own_last_session(recent: Floor) -> None:
    trade(recent, "buy_and_hold", LATEST)
    trade(recent, "momentum", date(2012, 6, 8))  # a Friday
    trade(recent, "random", date(2012, 6, 12))
    assert due(recent) == (
        LATEST,
        {
            START: OTHERS,
            date(2012, 6, 11): ["momentum"],
            LATEST: ["random"],
        },
    )


def test_a_model_that_has_never_traded_begins_at_the_start(recent: Floor) -> None:
    assert due(recent) == (LATEST, {START: list(recent.arena.models)})


def test_what_is_up_to_date_is_not_due(recent: Floor) -> None:
    for model in recent.arena.models:
        trade(recent, model, LATEST, LATEST)
    assert due(recent) == (LATEST, {})


def test_the_last_session_of_the_arena_is_the_last(floor: Floor) -> None:
    last = floor.arena.last_session
    trade(floor, "random", last, last)
    latest, starts = due(floor)
    assert latest == last
    assert starts == {START: [m for m in floor.arena.models if m != "random"]}


def test_a_superseded_session_is_due_again(recent: Floor) -> None:
    trade(recent, "random", LATEST)
    sessions = recent.arena.calendar.between(START, date(2012, 6, 5))
    list(walk(recent, Plan("random", sessions[1:], Origin("again", "run"))))
    assert "random" in due(recent)[1][date(2012, 6, 6)]


def test_nothing_is_due_before_the_start(floor: Floor) -> None:
    with floor.engine.begin() as connection:
        connection.execute(text("delete from bars where session >= '2012-06-01'"))
    assert due(floor) == (date(2012, 5, 31), {})


def test_nothing_is_due_without_prices(floor: Floor) -> None:
    with floor.engine.begin() as connection:
        connection.execute(text("delete from bars"))
    assert due(floor) == (None, {})
