"""Corporate actions and week-ends leave a model's value unbroken, whatever the model."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from aitrader_core.agents.kinds import BASELINES
from aitrader_core.agents.rules import BuyAndHold
from aitrader_core.domain.errors import MissingBar
from aitrader_core.domain.market import CashDividend, CorporateAction, Split
from aitrader_core.domain.model_day import Opening, Performance
from aitrader_core.domain.portfolio import AdjustmentKind, Portfolio
from aitrader_core.simulation.costs import CostProfile
from tests.simulation.tapes import A, B, run_days, tape_of, weekdays

D = Decimal
DAYS = weekdays(8)
BEFORE = date(2023, 12, 29)
LONG = 130  # sessions: more than any kind looks back for


@pytest.mark.parametrize(
    ("ratio", "before", "since", "shares", "cash"),
    [
        ("2", "60", "30", 22, "100"),
        ("1.5", "60", "40", 16, "120"),  # half a share at 40
        ("15", "60", "4", 165, "100"),
        ("0.1", "60", "600", 1, "160"),  # a tenth of a share at 600
    ],
)
def test_the_value_goes_on_over_a_split(
    ratio: str, before: str, since: str, shares: int, cash: str
) -> None:
    tape = tape_of({A: f"{before} {since} {since}"}, [Split(A, DAYS[1], D(ratio))])
    opening = Opening(Portfolio(D(100), {A: D(11)}), Performance.starting_with(D(760)), BEFORE)
    days = run_days(BuyAndHold(), tape, DAYS[0], 3, opening=opening)
    marks = {(day.value_open, day.value_close, day.profit) for day in days}
    assert marks == {(D(760), D(760), D(0))}
    assert [len(day.adjustments) for day in days] == [0, 1, 0]
    assert days[2].closing == Portfolio(D(cash), {A: D(shares)})
    assert days[2].performance.max_drawdown == 0


@pytest.mark.parametrize("kind", BASELINES)
def test_no_kind_of_model_gains_or_loses_on_a_split(kind: str) -> None:
    """Prices move with the split and costs are nil, so whatever it trades, the value stays."""
    sessions = weekdays(LONG + 4)
    flat = f"{'30 ' * (LONG + 1)}{'15 ' * 3}"
    zigzag = "90 60 " * (LONG // 2 + 2)
    split = Split(A, sessions[LONG + 1], D(2))
    tape = tape_of({A: flat, B: zigzag}, [split], depth=LONG)
    worth = D(1000 + 30 * 11 + 60 * 4)
    opening = Opening(
        Portfolio(D(1000), {A: D(11), B: D(4)}), Performance.starting_with(worth), BEFORE
    )
    (day,) = run_days(BASELINES[kind](), tape, sessions[LONG + 1], 1, opening=opening)
    assert [a.quantity_change for a in day.adjustments] == [11]
    assert (day.value_open, day.value_close, day.profit) == (worth, worth, D(0))


def test_a_dividend_is_paid_before_the_split_of_its_day() -> None:
    actions: list[CorporateAction] = [Split(A, DAYS[1], D(2)), CashDividend(A, DAYS[1], D("0.50"))]
    tape = tape_of({A: "10 4.75"}, actions)
    opening = Opening(Portfolio(D(0), {A: D(10)}), Performance.starting_with(D(100)), BEFORE)
    _, day = run_days(BuyAndHold(), tape, DAYS[0], 2, opening=opening)
    assert day.closing == Portfolio(D(5), {A: D(20)})
    assert (day.value_open, day.adjustment_cash) == (D(100), D(5))


def test_adjustments_are_made_before_the_model_trades() -> None:
    tape = tape_of({A: "10 1", B: "7 7"}, [Split(A, DAYS[1], D(10))])
    opening = Opening(Portfolio(D(3), {A: D(1)}), Performance.starting_with(D(13)), BEFORE)
    (day,) = run_days(BASELINES["equal_weight"](), tape, DAYS[1], 1, opening=opening)
    assert [a.kind for a in day.adjustments] == [AdjustmentKind.SPLIT]
    assert day.blotter == ()
    assert day.closing.held(A) == 10


def test_positions_and_value_last_over_a_week_end() -> None:
    tape = tape_of({A: "10 10 10 10 10/12 11 11 11"})
    days = run_days(BuyAndHold(), tape, DAYS[3], 4)
    friday, monday = days[1], days[2]
    assert (friday.session.weekday(), monday.session.weekday()) == (4, 0)
    assert monday.opening == friday.as_opening
    assert monday.opening.after == friday.session
    assert monday.closing.positions == friday.closing.positions == {A: D(1000)}
    assert (friday.value_close, monday.value_open) == (D(12_000), D(11_000))
    assert monday.profit == -1000


def test_each_day_starts_from_the_close_of_the_one_before() -> None:
    days = run_days(BuyAndHold(), tape_of({A: "10/11 12/13 14/15"}), DAYS[0], 3)
    for before, day in pairwise(days):
        assert day.opening.portfolio == before.closing
        assert day.opening.performance == before.performance
    assert sum(day.profit for day in days) == days[-1].value - 10_000 == 5000


def test_the_value_at_the_open_is_from_before_any_trade() -> None:
    costs = CostProfile(commission_minimum=D(5))
    (day,) = run_days(BuyAndHold(), tape_of({A: "10"}), DAYS[0], 1, costs=costs)
    assert (day.value_open, day.value_close) == (D(10_000), D(9995))
    assert day.profit == -5


def test_what_is_held_must_have_a_price() -> None:
    opening = Opening(Portfolio(D(5), {B: D(1)}), Performance.starting_with(D(5)), BEFORE)
    with pytest.raises(MissingBar, match=f"BBB is held but has no bar on {DAYS[0]}"):
        run_days(BuyAndHold(), tape_of({A: "10"}), DAYS[0], 1, opening=opening)
