"""Recorded sessions, enforced or followed: each kind of break is told, and the ledger closes."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from aitrader_core.agents.recording import read_recording
from aitrader_core.domain.errors import MissingBar, RecordingError
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.risk import TradingRules
from tests.agents.recordings import BOUGHT, EARLY, MODES, OPENING, T_PLUS_1, Told, Trade, line, told
from tests.simulation.tapes import WHOLE, A, B, C

D = Decimal
LOTS = TradingRules(lot_size=D(100))
ODD = "quantity 10 is not a multiple of the lot, 100"
# the lines, the rules, and what is told when the recording is followed and when it is not
BREAKS: dict[str, tuple[list[str], TradingRules, Told, Told]] = {
    "nothing at all": (
        [OPENING, BOUGHT, line("2024-01-02", 924, ("sell", A, 2), {A: 8})],
        WHOLE,
        [],
        [],
    ),
    "binary drift": ([OPENING, line("2024-01-01", 899.9999999, ("buy", A, 10), {A: 10})],
        WHOLE, [], []),
    "nothing on a week-end": (
        [OPENING, BOUGHT, line("2024-01-06", 900, ("no_trade", "", 0), {A: 10})],
        WHOLE, [], [],
    ),
    "what was bought in the session is sold": (
        [OPENING, BOUGHT, line("2024-01-01", 950, ("sell", A, 5), {A: 5})],
        T_PLUS_1,
        [
            ("refused", EARLY),
            ("corrected", "AAA -5 50"),
            ("because", f"3: AAA -5, cash +50 though refused: {EARLY}"),
        ],
        [("refused", EARLY)],
    ),
    "no whole lot": (
        [OPENING, BOUGHT],
        LOTS,
        [
            ("refused", ODD),
            ("corrected", "AAA 10 -100"),
            ("because", f"2: AAA +10, cash -100 though refused: {ODD}"),
        ],
        [("refused", ODD)],
    ),
    "too little cash": (
        [OPENING, line("2024-01-01", 500, ("buy", A, 200), {A: 200})],
        WHOLE,
        [
            ("refused", "costs 2000.00, cash is 1000.00"),
            ("corrected", "AAA 200 -500"),
            ("because", "2: AAA +200, cash -500 though refused: costs 2000.00, cash is 1000.00"),
        ],
        [
            ("refused", "costs 2000.00, cash is 1000.00"),
            (
                "reported",
                "2: cash +1500 beyond what the record before and its trade give",
            ),
        ],
    ),
    "nothing is bought": (
        [OPENING, line("2024-01-01", 1000, ("buy", A, 0))],
        WHOLE,
        [("refused", "quantity 0 is not a positive number")],
        [("refused", "quantity 0 is not a positive number")],
    ),
    "less than nothing is bought": (
        [OPENING, BOUGHT, line("2024-01-01", 950, ("buy", A, -5), {A: 5})],
        WHOLE,
        [
            ("refused", "quantity -5 is not a positive number"),
            ("corrected", "AAA -5 50"),
            (
                "because",
                "3: AAA -5, cash +50 though refused: quantity -5 is not a positive number",
            ),
        ],
        [("refused", "quantity -5 is not a positive number")],
    ),
    "more is sold than is held": (
        [OPENING, BOUGHT, line("2024-01-01", 1020, ("sell", A, 12))],
        WHOLE,
        [
            ("corrected", "AAA 2 0"),
            ("because", "3: AAA +2 before the trade: rolled back, or not recorded"),
        ],
        [
            ("refused", "sells 12 AAA, 10 are held"),
            ("reported", "3: AAA +2 beyond what the record before and its trade give"),
        ],
    ),
    "rolled back": (
        [
            OPENING,
            BOUGHT,
            line("2024-01-01", 800, ("buy", B, 5), {A: 10, B: 5}),
            line("2024-01-02", 928, ("buy", A, 1), {A: 7}),
        ],
        WHOLE,
        [
            ("corrected", "AAA -4 0"),
            ("corrected", "BBB -5 0"),
            ("corrected", "- 0 140"),
            (
                "because",
                "4: AAA -4, BBB -5, cash +140 before the trade: rolled back, or not recorded",
            ),
        ],
        [
            (
                "reported",
                "4: AAA -4, BBB -5, cash +140 beyond what the record before and its trade give",
            )
        ],
    ),
    "rounded": (
        [OPENING, line("2024-01-01", 899.9951, ("buy", A, 10), {A: 10})],
        WHOLE,
        [("corrected", "- 0 -0.0049"), ("because", "2: cash -0.0049: rounded")],
        [("reported", "2: cash -0.0049 beyond what the record before and its trade give")],
    ),
    "bought at another price": (
        [OPENING, line("2024-01-01", 895, ("buy", A, 10), {A: 10})],
        WHOLE,
        [
            ("corrected", "- 0 -5"),
            ("because", "2: cash -5: traded at 10.5, which is not the open, 10"),
        ],
        [("reported", "2: cash -5 beyond what the record before and its trade give")],
    ),
    "sold at another price": (
        [OPENING, BOUGHT, line("2024-01-02", 961, ("sell", A, 5), {A: 5})],
        WHOLE,
        [
            ("corrected", "- 0 1"),
            ("because", "3: cash +1: traded at 12.2, which is not the open, 12"),
        ],
        [("reported", "3: cash +1 beyond what the record before and its trade give")],
    ),
    "traded on a week-end": (
        [OPENING, BOUGHT, line("2024-01-06", 882, ("buy", A, 1), {A: 11})],
        WHOLE,
        [
            ("corrected", "AAA 1 -18"),
            ("because", "3: AAA +1, cash -18 on 2024-01-06, which is no session"),
        ],
        [("reported", "3: trades on 2024-01-06, which is no session")],
    ),
    "cash from nowhere": (
        [OPENING, BOUGHT, line("2024-01-02", 905, ("no_trade", "", 0), {A: 10})],
        WHOLE,
        [
            ("corrected", "- 0 5"),
            ("because", "3: cash +5 without a trade that explains it"),
        ],
        [("reported", "3: cash +5 beyond what the record before and its trade give")],
    ),
    "it opens with other cash": (
        [line("2024-01-01", 1500), line("2024-01-01", 1400, ("buy", A, 10), {A: 10})],
        WHOLE,
        [
            ("corrected", "- 0 500"),
            ("because", "1: opens with cash +500 more than we do"),
        ],
        [("reported", "1: opens with cash +500 more than we do")],
    ),
    "it opens with positions": (
        [
            line("2024-01-01", 900, held={A: 5, B: 2}),
            line("2024-01-01", 950, ("sell", A, 5), {B: 2}),
        ],
        WHOLE,
        [
            ("corrected", "AAA 5 0"),
            ("corrected", "BBB 2 0"),
            ("corrected", "- 0 -100"),
            ("because", "1: opens with AAA +5, BBB +2, cash -100 more than we do"),
        ],
        [
            ("refused", "sells 5 AAA, 0 are held"),
            ("reported", "1: opens with AAA +5, BBB +2, cash -100 more than we do"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BREAKS)
@pytest.mark.parametrize("mode", MODES)
def test_a_break_is_told(trade: Trade, what: str, mode: Literal["as_recorded", "enforced"]) -> None:
    lines, rules, followed, enforced = BREAKS[what]
    days = trade(mode, *lines, rules=rules)
    assert told(days) == (followed if mode == "as_recorded" else enforced)
    if mode == "enforced":
        assert not [day for day in days if day.corrections]


@pytest.mark.parametrize("what", BREAKS)
def test_a_recording_that_is_followed_ends_where_it_ends(
    trade: Trade, tmp_path: Path, what: str
) -> None:
    lines, rules, _, _ = BREAKS[what]
    closing = trade("as_recorded", *lines, rules=rules)[-1].closing
    last = read_recording(tmp_path / "position.jsonl").records[-1]
    assert closing.positions == last.positions
    assert abs(closing.cash - last.cash) <= D("0.000001")


def test_orders_go_in_the_order_of_the_file(trade: Trade) -> None:
    """Sales fund the buys after them, and the ids say nothing."""
    lines = (
        OPENING,
        line("2024-01-01", 0, ("buy", A, 100), {A: 100}),
        line("2024-01-01", 500, ("sell", A, 50), {A: 50}),
        line("2024-01-01", 100, ("buy", B, 20), {A: 50, B: 20}),
    )
    for mode in MODES:
        day = trade(mode, *lines, sessions=1)[0]
        assert [f.quantity_change for f in day.fills] == [100, -50, 20]
        assert day.closing.cash == 100


SHORT = "cash or a position is below zero, which no ledger here can follow: set the model's mode "
SHORT += "to enforced"
BELOW_ZERO: Mapping[str, str] = {
    "cash": line("2024-01-02", -100, ("buy", A, 100), {A: 100}),
    "a position": line("2024-01-02", 1060, ("sell", A, 5), {A: -5}),
}


@pytest.mark.parametrize("what", BELOW_ZERO)
def test_what_is_below_zero_is_not_followed(trade: Trade, what: str) -> None:
    lines = (OPENING, line("2024-01-01", 1000, ("no_trade", "", 0)), BELOW_ZERO[what])
    with pytest.raises(RecordingError, match=f"^position.jsonl:3: {SHORT}$"):
        trade("as_recorded", *lines)
    enforced = trade("enforced", *lines)
    assert next(kind for kind, _ in told(enforced)) == "refused"
    assert enforced[-1].closing == Portfolio(D(1000))


def test_an_unknown_symbol_is_refused(trade: Trade) -> None:
    lines = (OPENING, line("2024-01-01", 990, ("buy", C, 1), {C: 1}))
    (first, *_) = told(trade("enforced", *lines))
    assert first == ("refused", "CCC is not traded at this open")


def test_an_unknown_symbol_is_not_followed(trade: Trade) -> None:
    """No portfolio with it could be marked."""
    lines = (OPENING, line("2024-01-01", 990, ("buy", C, 1), {C: 1}))
    reason = r"^CCC is corrected but has no price: position.jsonl:2: CCC \+1, cash -10 "
    with pytest.raises(MissingBar, match=reason):
        trade("as_recorded", *lines)


def test_a_correction_is_no_profit_of_the_models(trade: Trade) -> None:
    """The value at the open includes it; only the loss on a bad price is the recording's."""
    lines = (line("2024-01-01", 400, held={A: 60}), line("2024-01-02", 400, held={A: 60}))
    first, second, *_ = trade("as_recorded", *lines)
    assert (first.value_open, first.value_close) == (D(1000), D(1060))
    assert second.value_open == 400 + 60 * 12
