"""Recorded sessions from the middle on, alone, within a session and over splits."""

from dataclasses import replace
from datetime import time
from decimal import Decimal

import pytest

from aitrader_core.domain.market import Split
from aitrader_core.domain.model_day import Performance
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.simulation.tape import Tape
from tests.agents.recordings import BOUGHT, DAYS, EARLY, MODES, OPENING, T_PLUS_1, Trade, line, told
from tests.simulation.tapes import A, B, bar, tape_of

D = Decimal

# A start in the middle --------------------------------------------------------------------------

LATER = (
    OPENING,
    BOUGHT,
    line("2024-01-02", 924, ("sell", A, 2), {A: 8}),
    line("2024-01-03", 880, ("buy", B, 2), {A: 8, B: 2}),
    line("2024-01-05", 862, ("buy", A, 1), {A: 9, B: 2}),
)


@pytest.mark.parametrize("at", range(1, 6))
def test_a_start_in_the_middle_is_where_the_recording_is(trade: Trade, at: int) -> None:
    whole = trade("as_recorded", *LATER)
    late = trade("as_recorded", *LATER, first=DAYS[at], sessions=6 - at)
    assert [day.closing for day in late] == [day.closing for day in whole[at:]]
    assert [day.blotter for day in late] == [day.blotter for day in whole[at:]]
    assert all("opens with" in (c.reason or "") for c in late[0].corrections)
    assert not [day for day in late[1:] if day.corrections]


def test_a_start_in_the_middle_has_its_own_ledger_when_enforced(
    trade: Trade,
) -> None:
    days = trade("enforced", *LATER, first=DAYS[2], sessions=4)
    assert told(days) == [("reported", "3: opens with AAA +8, cash -76 more than we do")]
    assert days[-1].closing == Portfolio(D(1000) - 2 * 22 - 18, {A: D(1), B: D(2)})


def test_a_session_is_the_same_alone_and_in_a_walk(trade: Trade) -> None:
    for mode in MODES:
        walked = trade(mode, *LATER)
        for at in range(1, 6):
            opening = walked[at].opening
            (alone,) = trade(mode, *LATER, first=DAYS[at], sessions=1, opening=opening)
            assert alone == walked[at]


# Within a session -------------------------------------------------------------------------------


def hourly() -> Tape:
    rows = {A: "10 11 12 13", B: "20 21 22 23"}
    clock = (time(10, 30), time(14))
    bars = [
        replace(bar(symbol, DAYS[n // 2], price), at=clock[n % 2])
        for symbol, row in rows.items()
        for n, price in enumerate(row.split())
    ]
    return Tape(DAYS[:2], bars, depth=4)


def test_each_record_is_traded_at_its_bar(trade: Trade) -> None:
    """Or at the next one, when it was recorded between two."""
    lines = (
        OPENING,
        line("2024-01-01 10:30:00", 990, ("buy", A, 1), {A: 1}),
        line("2024-01-01 13:00:00", 969, ("buy", B, 1), {A: 1, B: 1}),
        line("2024-01-02 14:00:00", 982, ("sell", A, 1), {B: 1}),
    )
    for mode in MODES:
        first, second = trade(mode, *lines, tape=hourly(), sessions=2)
        assert [f.price for f in first.fills] == [10, 21]
        assert [m.orders for m in first.marks] == [1, 1]
        assert [f.price for f in second.fills] == [13]
        assert [m.orders for m in second.marks] == [0, 1]
        assert told([first, second]) == []


def test_t_plus_1_holds_over_the_bars_of_a_session(trade: Trade) -> None:
    lines = (
        OPENING,
        line("2024-01-01 10:30:00", 900, ("buy", A, 10), {A: 10}),
        line("2024-01-01 14:00:00", 955, ("sell", A, 5), {A: 5}),
        line("2024-01-02 10:30:00", 1015, ("sell", A, 5)),
    )
    days = trade("enforced", *lines, tape=hourly(), sessions=2, rules=T_PLUS_1)
    assert told(days) == [("refused", EARLY)]
    assert days[-1].closing.positions == {A: 5}
    followed = trade("as_recorded", *lines, tape=hourly(), sessions=2, rules=T_PLUS_1)
    (correction,) = followed[0].corrections
    assert (correction.at, correction.after) == (time(14), 2)
    assert followed[-1].closing == Portfolio(D(1015))


def test_a_split_that_the_recorder_missed_is_corrected(
    trade: Trade,
) -> None:
    """It kept the old number of shares; ours became twice as many at the open."""
    tape = tape_of({A: "10 5 5"}, [Split(A, DAYS[1], D(2))])
    lines = (OPENING, BOUGHT, line("2024-01-02", 900, ("no_trade", "", 0), {A: 10}))
    _, second, _ = trade("as_recorded", *lines, tape=tape, sessions=3)
    assert [a.quantity_change for a in second.adjustments] == [10, -10]
    assert second.corrections[0].reason == (
        "position.jsonl:3: AAA -10 without a trade that explains it"
    )


def test_figures_go_on_over_a_correction(trade: Trade) -> None:
    lines = (OPENING, line("2024-01-01", 2000, ("no_trade", "", 0)))
    (day,) = trade("as_recorded", *lines, sessions=1)
    assert day.profit == 1000
    assert day.performance == Performance(D(1000), D(2000), D(2000))
