"""What every ModelDayStore does, the one in memory and the one in Postgres."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.market import CashDividend, Split, Symbol
from aitrader_core.domain.model_day import Ending, ModelDay, Opening
from aitrader_core.domain.orders import Order, Side
from aitrader_core.domain.portfolio import AdjustmentKind, Portfolio
from aitrader_core.runner.floor import Floor
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.storage.schema import model_days, orders
from aitrader_core.storage.store import ModelDayStore, Origin, Stored
from tests.simulation.tapes import A, B, C, run_days, tape_of, weekdays

D = Decimal
DAYS = weekdays(6)
FIRST, SECOND = Origin("job-1", "run-1"), Origin("job-2", "run-2")
COSTS = CostProfile(commission_rate=D("0.00123"), commission_minimum=D(1), slippage=D("0.0007"))
TAPE = tape_of(
    {A: "10/11 11/12.5 6/6.25 7/? 7/8 8/9", B: "20.5/21 21/20 19/18 18/17 17/19 20/21"},
    [CashDividend(A, DAYS[2], D("0.125")), Split(A, DAYS[2], D("1.5"))],
)


@dataclass(frozen=True)
class Wishes:
    """Says why, and submits the orders of the session."""

    by_session: Mapping[date, Sequence[Order]] = field(default_factory=dict)

    def trade(self, desk: Desk) -> Ending:
        wishes = self.by_session.get(desk.view.session, ())
        if wishes:
            desk.say(f"«{len(wishes)} orders»\n\t\"now\" \\ 'later' 📈")
        for order in wishes:
            desk.submit(order)
        return Ending.DONE


def buy(symbol: Symbol, quantity: str) -> Order:
    return Order(symbol, Side.BUY, D(quantity))


def sell(symbol: Symbol, quantity: str) -> Order:
    return Order(symbol, Side.SELL, D(quantity))


PLAN = {
    DAYS[0]: [buy(A, "33"), buy(B, "7"), sell(C, "1"), buy(A, "1E+13"), buy(B, "-0.5")],
    DAYS[1]: [sell(B, "3"), buy(B, "1")],
    DAYS[3]: [sell(A, "10")],
    DAYS[4]: [sell(B, "5")],
}


def traded(
    model: str,
    sessions: int = 6,
    plan: Mapping[date, Sequence[Order]] = PLAN,
    *,
    opening: Opening | None = None,
    first: date = DAYS[0],
) -> list[ModelDay]:
    days = run_days(Wishes(plan), TAPE, first, sessions, opening=opening, costs=COSTS)
    return [replace(day, model=model) for day in days]


def stored(store: ModelDayStore, days: Sequence[ModelDay], origin: Origin = FIRST) -> list[Stored]:
    return [store.put(day, origin) for day in days]


def kept(store: ModelDayStore, model: str) -> list[ModelDay | None]:
    return [store.get("test", model, session) for session in DAYS]


def test_what_is_put_is_got(store: ModelDayStore, model: str) -> None:
    days = traded(model)
    assert stored(store, days) == [Stored(1, 0)] * 6
    assert kept(store, model) == days
    assert [len(day.fills) for day in days] == [2, 2, 0, 1, 1, 0]
    assert len(days[0].refusals) == 3
    kinds = [a.kind for a in days[2].adjustments]
    assert kinds == [AdjustmentKind.CASH_DIVIDEND, AdjustmentKind.SPLIT]
    assert days[2].adjustment_cash > 33 * D("0.125")  # half a share was paid out
    assert [day.value_close is None for day in days] == [n == 3 for n in range(6)]
    assert not days[5].transcript


def test_no_session_is_got_that_was_not_put(store: ModelDayStore, model: str) -> None:
    stored(store, traded(model, 1))
    assert store.get("test", model, DAYS[1]) is None
    assert store.get("elsewhere", model, DAYS[0]) is None
    assert store.get("test", f"{model}@2", DAYS[0]) is None
    assert store.opening_after("test", model, DAYS[1]) is None
    assert list(store.sessions("elsewhere", model)) == []


ODD = ["NaN", "sNaN", "-Infinity", "1E+60", "-1E-45", "0.5", "-3", "1E+40", "0"]


def test_any_quantity_can_be_wished_for(store: ModelDayStore, model: str) -> None:
    (day,) = traded(model, 1, {DAYS[0]: [buy(A, quantity) for quantity in ODD]})
    store.put(day, FIRST)
    got = store.get("test", model, DAYS[0])
    assert got is not None
    assert len(got.refusals) == len(ODD)
    for was, now in zip(day.refusals, got.refusals, strict=True):
        assert (was.reason, was.order.symbol, was.order.side) == (
            now.reason,
            now.order.symbol,
            now.order.side,
        )
        assert now.order.quantity.is_nan() or now.order.quantity == was.order.quantity
    assert [r.order.quantity for r in got.refusals[5:]] == [D(q) for q in ODD[5:]]


def test_postgres_has_null_for_what_is_no_quantity(module_floor: Floor, model: str) -> None:
    (day,) = traded(model, 1, {DAYS[0]: [buy(A, quantity) for quantity in ODD]})
    module_floor.model_days.put(day, FIRST)
    query = (
        select(orders.c.quantity)
        .join(model_days)
        .where(model_days.c.model == model)
        .order_by(orders.c.number)
    )
    with module_floor.engine.connect() as connection:
        found = connection.scalars(query).all()
    assert found == [None] * 5 + [D("0.5"), D(-3), D(10) ** 40, D(0)]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_any_text_can_be_said(store: ModelDayStore, model: str, text: str) -> None:
    """A model's words, and the symbols that it makes up, are not ours to choose."""
    (day,) = traded(model, 1, {DAYS[0]: [buy(Symbol(text), "1"), buy(A, "1")]})
    store.put(day, FIRST)
    got = store.get("test", model, DAYS[0])
    assert got is not None
    assert got.closing == day.closing


def test_a_close_is_the_next_opening(store: ModelDayStore, model: str) -> None:
    days = traded(model)
    stored(store, days)
    openings = [store.opening_after("test", model, session) for session in DAYS]
    assert openings == [day.as_opening for day in days]
    assert openings[:-1] == [day.opening for day in days[1:]]


def test_sessions_are_listed_by_request(store: ModelDayStore, model: str) -> None:
    days = traded(model)
    stored(store, days[:4])
    stored(store, days[4:], SECOND)
    assert list(store.sessions("test", model)) == DAYS
    assert list(store.sessions("test", model, "job-1")) == DAYS[:4]
    assert list(store.sessions("test", model, "job-2")) == DAYS[4:]
    assert list(store.sessions("test", model, "job")) == []


def test_a_day_again_supersedes_it_and_what_came_later(store: ModelDayStore, model: str) -> None:
    days = traded(model)
    stored(store, days)
    again = traded(model, 2, {DAYS[2]: [buy(B, "1")]}, opening=days[1].as_opening, first=DAYS[2])
    assert store.put(again[0], SECOND) == Stored(2, 4)
    assert kept(store, model) == [*days[:2], again[0], None, None, None]
    assert list(store.sessions("test", model, "job-1")) == DAYS[:2]
    assert store.put(again[1], SECOND) == Stored(2, 0)
    assert store.put(again[0], SECOND) == Stored(3, 2)


def test_a_start_supersedes_everything(store: ModelDayStore, model: str) -> None:
    days = traded(model)
    other = traded(f"{model}@2", 2)
    stored(store, [*days, *other])
    begun = traded(model, 1, {DAYS[3]: [buy(B, "2")]}, first=DAYS[3])
    assert store.put(begun[0], SECOND) == Stored(2, 6)
    assert kept(store, model) == [None, None, None, begun[0], None, None]
    assert kept(store, f"{model}@2")[:2] == other


def cash_from_nowhere(day: ModelDay) -> ModelDay:
    opening = day.opening.portfolio
    more = replace(day.opening, portfolio=replace(opening, cash=opening.cash + D("0.01")))
    return replace(
        day, opening=more, closing=replace(day.closing, cash=day.closing.cash + D("0.01"))
    )


def shares_from_nowhere(day: ModelDay) -> ModelDay:
    more = {**day.opening.portfolio.positions, C: D(1)}
    opening = replace(day.opening, portfolio=Portfolio(day.opening.portfolio.cash, more))
    return replace(day, opening=opening, closing=Portfolio(day.closing.cash, more))


def does_not_add_up(day: ModelDay) -> ModelDay:
    return replace(day, closing=Portfolio(day.closing.cash - D("0.01"), day.closing.positions))


def after(day: ModelDay, session: date | None) -> ModelDay:
    return replace(day, opening=replace(day.opening, after=session))


FALSE: dict[str, Callable[[ModelDay], ModelDay]] = {
    "cash from nowhere": cash_from_nowhere,
    "shares from nowhere": shares_from_nowhere,
    "does not add up": does_not_add_up,
    "no previous close": lambda day: after(day, None),
    "follows what is not stored": lambda day: after(day, DAYS[5]),
    "follows another close": lambda day: after(day, DAYS[0]),
}


@pytest.mark.parametrize("fault", FALSE)
def test_a_false_day_changes_nothing(store: ModelDayStore, model: str, fault: str) -> None:
    days = traded(model)
    stored(store, days[:4])
    false = FALSE[fault](days[2])
    with pytest.raises(LedgerError):
        store.put(false, SECOND)
    assert kept(store, model) == [*days[:4], None, None]
    assert list(store.sessions("test", model, "job-2")) == []
    assert store.put(days[2], SECOND) == Stored(2, 2)  # nor was a revision used up


def test_no_day_follows_itself_or_a_later_one(store: ModelDayStore, model: str) -> None:
    days = traded(model, 6, {})
    stored(store, days)
    for later in DAYS[2:4]:
        with pytest.raises(LedgerError):
            store.put(after(days[2], later), SECOND)
    assert kept(store, model) == days


def test_no_day_skips_a_stored_one(store: ModelDayStore, model: str) -> None:
    days = traded(model, 6, {})
    stored(store, days[:2])
    with pytest.raises(LedgerError):
        store.put(after(days[2], DAYS[0]), SECOND)


def test_a_new_model_opens_with_its_cash_and_nothing_else(store: ModelDayStore, model: str) -> None:
    (day,) = traded(model, 1, {})
    for false in (cash_from_nowhere(day), shares_from_nowhere(day)):
        with pytest.raises(LedgerError):
            store.put(false, FIRST)
    assert list(store.sessions("test", model)) == []


def entered(store: ModelDayStore, model: str, market: str = "test") -> bool:
    with store.lock(market, model):
        return True


def test_one_at_a_time_simulates_a_model(store: ModelDayStore, model: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        with store.lock("test", model):
            waiting = pool.submit(entered, store, model)
            assert pool.submit(entered, store, f"{model}@2").result(timeout=10)
            assert pool.submit(entered, store, model, "elsewhere").result(timeout=10)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.1)
        assert waiting.result(timeout=10)


def test_a_failure_gives_the_lock_back(store: ModelDayStore, model: str) -> None:
    with pytest.raises(ValueError, match="broken"), store.lock("test", model):
        raise ValueError("broken")
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(entered, store, model).result(timeout=10)
