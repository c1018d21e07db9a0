"""Sessions of several bars, and corrections, in every ModelDayStore."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time
from decimal import Decimal
from typing import Any

import pytest

from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.market import DAILY, CashDividend, Split, Symbol
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.orders import Order, Side
from aitrader_core.domain.portfolio import Adjustment, AdjustmentKind, Portfolio
from aitrader_core.runner.floor import Floor
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.breaks import breaks
from aitrader_core.storage.history import records
from aitrader_core.storage.store import ModelDayStore, Origin, Stored
from tests.simulation.tapes import A, B, bar, run_days, weekdays

D = Decimal
DAYS = weekdays(3)
CLOCK = (time(9, 30), time(11), time(14, 15, 30))
ORIGIN = Origin("job-1", "run-1")
COSTS = CostProfile(commission_rate=D("0.00123"), slippage=D("0.0007"))
ROWS = {
    A: "10/11 11/12 12/9.5 6/6.25 6/7 7/? 8/8 9/9 8/7.5",
    B: "20/21 21/20 20/19 19/18 18/17 17/16 16/18 18/19 19/20",
}
Step = Order | tuple[Symbol | None, str, str]  # an order, or a correction: symbol, quantity, cash


def tape() -> Tape:
    bars = []
    for symbol, row in ROWS.items():
        for n, word in enumerate(row.split()):
            opened, closed = word.split("/")
            found = bar(symbol, DAYS[n // 3], opened, None if closed == "?" else closed)
            bars.append(replace(found, at=CLOCK[n % 3]))
    dividend, split = CashDividend(A, DAYS[1], D("0.125")), Split(A, DAYS[1], D("1.5"))
    return Tape(DAYS, bars, [dividend, split], depth=3)


@dataclass(frozen=True)
class Steps:
    """Orders and corrections, by session and bar."""

    plan: Mapping[tuple[date, time], Sequence[Step]]

    def trade(self, desk: Desk) -> Ending:
        for step in self.plan.get((desk.view.session, desk.view.at), ()):
            if isinstance(step, Order):
                desk.submit(step)
            else:
                symbol, quantity, cash = step
                desk.correct(symbol, D(quantity), D(cash), f"«{quantity}, {cash}»")
        return Ending.DONE


def buy(symbol: Symbol, quantity: int) -> Order:
    return Order(symbol, Side.BUY, D(quantity))


def sell(symbol: Symbol, quantity: int) -> Order:
    return Order(symbol, Side.SELL, D(quantity))


PLAN: Mapping[tuple[date, time], Sequence[Step]] = {
    (DAYS[0], CLOCK[0]): [(None, "0", "-9000"), buy(A, 33), sell(B, 1)],
    (DAYS[0], CLOCK[1]): [],
    (DAYS[0], CLOCK[2]): [buy(B, 7), (B, "-2", "0.00000001"), sell(B, 5), (A, "0", "0.5")],
    (DAYS[1], CLOCK[1]): [(B, "3", "0"), (None, "0", "-0.01"), sell(A, 49), sell(B, 3)],
    (DAYS[2], CLOCK[2]): [buy(A, 1)],
}


def traded(model: str) -> list[ModelDay]:
    days = run_days(Steps(PLAN), tape(), DAYS[0], 3, costs=COSTS)
    return [replace(day, model=model) for day in days]


def test_the_days_have_what_is_to_be_kept() -> None:
    first, second, third = traded("model")
    assert [(m.at, m.orders) for m in first.marks] == [(CLOCK[0], 2), (CLOCK[1], 0), (CLOCK[2], 2)]
    assert [(a.symbol, a.at, a.after) for a in first.corrections] == [
        (None, CLOCK[0], 0),
        (B, CLOCK[2], 3),
        (A, CLOCK[2], 4),
    ]
    assert [a.kind for a in second.adjustments] == [
        AdjustmentKind.CASH_DIVIDEND,
        AdjustmentKind.SPLIT,
        AdjustmentKind.CORRECTION,
        AdjustmentKind.CORRECTION,
    ]
    assert [mark.value_close is None for mark in second.marks] == [False, False, False]
    assert second.closing.positions == {}
    assert third.closing.positions == {A: 1}
    assert [len(day.refusals) for day in (first, second, third)] == [1, 0, 0]


def test_what_is_put_is_got(store: ModelDayStore, model: str) -> None:
    days = traded(model)
    assert [store.put(day, ORIGIN) for day in days] == [Stored(1, 0)] * 3
    assert [store.get("test", model, day.session) for day in days] == days
    openings = [store.opening_after("test", model, day.session) for day in days]
    assert openings == [day.as_opening for day in days]


def test_a_close_that_is_not_known_yet_is_kept_as_such(store: ModelDayStore, model: str) -> None:
    """Of the session's last bar: its value is the one at the open."""
    plan = {(DAYS[1], CLOCK[0]): [buy(A, 10)]}
    days = [replace(d, model=model) for d in run_days(Steps(plan), tape(), DAYS[0], 3, costs=COSTS)]
    for day in days:
        store.put(day, ORIGIN)
    got = store.get("test", model, DAYS[1])
    assert got == days[1]
    assert got is not None
    assert got.value_close is None
    assert got.value == got.marks[-1].value_open != got.marks[0].value_open


def test_the_facts_that_are_got_give_the_close(store: ModelDayStore, model: str) -> None:
    for day in traded(model):
        store.put(day, ORIGIN)
        got = store.get("test", model, day.session)
        assert got is not None
        portfolio = got.opening.portfolio
        for fact in got.facts():
            portfolio = portfolio.apply(fact)
        assert portfolio == got.closing


def without(adjustment: int) -> Callable[[ModelDay], ModelDay]:
    """As if the correction had not been made, although its effect is there."""
    return lambda day: replace(
        day,
        adjustments=(*day.adjustments[:adjustment], *day.adjustments[adjustment + 1 :]),
    )


def more(correction: Adjustment) -> Callable[[ModelDay], ModelDay]:
    return lambda day: replace(day, adjustments=(*day.adjustments, correction))


def correction(symbol: Symbol | None, quantity: str, cash: str) -> Adjustment:
    kind = AdjustmentKind.CORRECTION
    return Adjustment(symbol, kind, D(quantity), D(cash), CLOCK[2], 4, "why")


FALSE: dict[str, Callable[[ModelDay], ModelDay]] = {
    "cash that no correction took": without(0),
    "shares that no correction took": without(1),
    "a correction of shares without its effect": more(correction(B, "1", "0")),
    "a correction of cash without its effect": more(correction(None, "0", "0.01")),
    "a correction of both without its effect": more(correction(A, "-1", "10")),
    "a close that is not the fold": lambda day: replace(
        day, closing=Portfolio(day.closing.cash, {**day.closing.positions, B: D(1)})
    ),
}


@pytest.mark.parametrize("fault", FALSE)
def test_a_correction_that_does_not_balance_is_refused(
    store: ModelDayStore, model: str, fault: str
) -> None:
    day = traded(model)[0]
    with pytest.raises(LedgerError):
        store.put(FALSE[fault](day), ORIGIN)
    assert list(store.sessions("test", model)) == []
    assert store.put(day, ORIGIN) == Stored(1, 0)


# In Postgres ------------------------------------------------------------------------------------


@pytest.fixture
def stored(module_floor: Floor, model: str) -> list[ModelDay]:
    days = traded(model)
    for day in days:
        module_floor.model_days.put(day, ORIGIN)
    return days


def test_days_in_bulk_are_the_same(module_floor: Floor, model: str, stored: list[ModelDay]) -> None:
    found = records(module_floor.engine, "test", model)
    assert [record.contradictions for record in found] == [()] * 3
    assert [record.day for record in found] == [replace(day, transcript=()) for day in stored]
    assert [r.figures["correction_count"] for r in found] == [3, 2, 0]


@pytest.mark.usefixtures("stored")
def test_breaks_are_what_was_refused_and_corrected(module_floor: Floor, model: str) -> None:
    rows = breaks(module_floor.engine, "test", [model])
    found: list[tuple[Any, ...]] = [tuple(row.values()) for row in rows]
    assert found == [
        (DAYS[0], model, CLOCK[0], "corrected", None, 0, -9000, "«0, -9000»"),
        (DAYS[0], model, CLOCK[0], "refused", B, -1, None, "sells 1 BBB, 0 are held"),
        (DAYS[0], model, CLOCK[2], "corrected", A, 0, D("0.5"), "«0, 0.5»"),
        (DAYS[0], model, CLOCK[2], "corrected", B, -2, D("0.00000001"), "«-2, 0.00000001»"),
        (DAYS[1], model, CLOCK[1], "corrected", B, 3, 0, "«3, 0»"),
        (DAYS[1], model, CLOCK[1], "corrected", None, 0, D("-0.01"), "«0, -0.01»"),
    ]


@pytest.mark.usefixtures("stored")
def test_breaks_are_of_a_span_and_of_what_stands(module_floor: Floor, model: str) -> None:
    def told(first: date = DAYS[0], last: date = DAYS[2], name: str = model) -> int:
        return len(breaks(module_floor.engine, "test", [name], first, last))

    assert (told(), told(DAYS[1]), told(DAYS[2]), told(last=DAYS[0])) == (6, 2, 0, 4)
    assert told(name="nobody") == 0
    again = replace(run_days(Steps({}), tape(), DAYS[0], 1)[0], model=model)
    module_floor.model_days.put(again, ORIGIN)
    assert told() == 0


def test_the_one_mark_of_a_daily_session_is_in_its_row(module_floor: Floor, model: str) -> None:
    one = Tape(DAYS[:1], [bar(A, DAYS[0], "10", "11")], depth=3)
    (day,) = run_days(Steps({(DAYS[0], DAILY): [buy(A, 1)]}), one, DAYS[0], 1)
    day = replace(day, model=model)
    module_floor.model_days.put(day, ORIGIN)
    assert module_floor.model_days.get("test", model, DAYS[0]) == day
    assert [mark.at for mark in day.marks] == [DAILY]
