"""Sessions of an agent outside are played again by its calls, bar by bar, to the same end."""

from datetime import time

import pytest

from aitrader_core.agents.llm.disguise import undisguised
from aitrader_core.agents.llm.tools import WITHOUT_NEWS
from aitrader_core.agents.mcp.recalled import Recalled
from aitrader_core.domain.market import Bar
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.transcript import Entry
from aitrader_core.simulation.tape import Tape
from tests.simulation.tapes import MONDAY, A, B, run_days, tape_of

LATE = "deadline: 600 s are over, and not finished yet"


def bought(number: int, quantity: int) -> Entry:
    return Entry("call", f'{{"symbol": "{A}", "quantity": {quantity}}}', "buy", f"call_{number}")


def played(tape: Tape, *entries: Entry) -> ModelDay:
    agent = Recalled(WITHOUT_NEWS, undisguised([A, B]), entries)
    (day,) = run_days(agent, tape, MONDAY, 1)
    return day


@pytest.mark.parametrize(
    ("last", "ending"),
    [
        (Entry("call", '{"reason": "Enough."}', "finish_session", "call_3"), Ending.DONE),
        (Entry("arena", LATE), Ending.DEADLINE),
        (Entry("arena", "step_limit: 2 calls, and not finished yet"), Ending.STEP_LIMIT),
    ],
)
def test_a_session_comes_to_the_same_end(last: Entry, ending: Ending) -> None:
    wrong = Entry("call", "{", "sell", "call_2")
    day = played(tape_of({A: "10", B: "20"}), bought(1, 3), wrong, last)
    assert day.ending == ending
    assert [fill.order.quantity for fill in day.fills] == [3]
    roles = [entry.role for entry in day.transcript]
    assert roles[:5] == ["call", "desk", "tool", "call", "tool"]
    again = played(tape_of({A: "10", B: "20"}), *day.transcript)
    assert again == day


def test_each_bar_has_its_own_calls() -> None:
    hours = [time(hour) for hour in (10, 11, 12)]
    bars = [Bar(A, MONDAY, ZERO + 10 + hour.hour, at=hour) for hour in hours]
    entries = (
        *(Entry("venue", "10:00"), bought(1, 1)),
        *(Entry("venue", "11:00"), bought(2, 2), Entry("arena", LATE)),
        *(Entry("venue", "12:00"), bought(3, 4)),
    )
    day = played(Tape([MONDAY], bars, depth=5), *entries)
    assert [f"{f.order.quantity} at {f.price}" for f in day.fills] == [
        "1 at 20",
        "2 at 21",
        "4 at 22",
    ]
    assert [mark.orders for mark in day.marks] == [1, 1, 1]
    assert day.ending == Ending.DEADLINE
    assert played(Tape([MONDAY], bars, depth=5), *day.transcript) == day
