"""Stored model-days replay to what is stored; a change made behind the ledger's back shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import event, text

from aitrader_core.domain.market import DAILY, Symbol
from aitrader_core.domain.model_day import Ending, Opening
from aitrader_core.domain.orders import Order, Side
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.runner.verify import verify
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.venue import SimulatedVenue
from aitrader_core.storage.store import Origin

FIRST, LAST = date(2012, 6, 1), date(2012, 6, 13)
AAPL = Symbol("AAPL")


def simulate(floor: Floor, model: str, first: date = FIRST, last: date = LAST) -> int:
    sessions = floor.arena.calendar.between(first, last)
    plan = Plan(model, sessions, Origin("job-1", "run-1"), may_start=True)
    return sum(isinstance(step, Made) for step in walk(floor, plan))


def faults(floor: Floor, models: Sequence[str] = ("random",)) -> list[str]:
    return [str(d) for found in verify(floor, models) for d in found.differences]


def tamper(floor: Floor, statement: str) -> None:
    with floor.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))  # no triggers
        assert connection.execute(text(statement)).rowcount


@pytest.fixture
def traded(floor: Floor) -> Floor:
    assert simulate(floor, "random") == 9
    return floor


def test_every_model_replays_to_what_is_stored(module_floor: Floor) -> None:
    models = tuple(module_floor.arena.models)
    for model in models:
        assert simulate(module_floor, model, date(2005, 2, 1), date(2005, 4, 29)) == 62
    found = list(verify(module_floor, models))  # AAPL splits 2:1 on 2005-02-28
    assert [(f.model, f.days, f.differences) for f in found] == [(m, 62, ()) for m in models]


def test_more_days_are_no_more_queries(traded: Floor) -> None:
    queries: list[str] = []
    event.listen(traded.engine, "before_cursor_execute", lambda *seen: queries.append(seen[2]))
    assert next(verify(traded, ["random"], FIRST, FIRST)).days == 1
    for_one = len(queries)
    assert next(verify(traded, ["random"])).days == 9
    assert len(queries) == 2 * for_one


def test_a_span_is_replayed_alone(traded: Floor) -> None:
    tamper(traded, "update model_days set value_open = 1 where session = '2012-06-05'")
    (found,) = verify(traded, ["random"], date(2012, 6, 6), date(2012, 6, 8))
    assert (found.days, found.differences) == (3, ())


def test_nothing_stored_differs_in_nothing(floor: Floor) -> None:
    (found,) = verify(floor, ["random"])
    assert (found.days, found.differences) == (0, ())


@dataclass(frozen=True)
class Fumbler:
    """Wishes for what cannot be had."""

    def trade(self, desk: Desk) -> Ending:
        for quantity in ("NaN", "-Infinity", "1E+60", "0.5", "1E-45", "1E+13", "100000", "3"):
            desk.submit(Order(AAPL, Side.BUY, Decimal(quantity)))
        desk.submit(Order(Symbol("GONE"), Side.SELL, Decimal(1)))
        return Ending.DONE


def test_refused_orders_replay_too(floor: Floor) -> None:
    tape = floor.tape(FIRST, LAST)
    trader = floor.arena.trader("random")
    trader = Trader(trader.market, trader.model, Fumbler(), trader.rules, trader.config_hash)
    day = run_model_day(
        trader, SimulatedVenue(tape, floor.arena.costs, FIRST), Opening.with_cash(Decimal(10_000))
    )
    floor.model_days.put(day, Origin("job-1", "run-1"))
    assert (len(day.fills), len(day.refusals)) == (1, 8)
    assert faults(floor) == []


CHANGES = {
    "a bar's price": (
        "update bars set open = open + 1 where symbol = 'AAPL' and session = '2012-06-01'",
        "order 1, buy 3 AAPL, was filled at",
    ),
    "a fill's price": (
        "update fills set price = price + 1, notional = round(quantity * (price + 1), 8)"
        " where number = 1 and model_day_id = (select id from model_days"
        " where session = '2012-06-05')",
        "2012-06-05: order 1, ",
    ),
    "a fill's quantity": (
        "update fills set quantity = quantity + 1, notional = round((quantity + 1) * price, 8)"
        " where number = 1 and model_day_id = (select id from model_days"
        " where session = '2012-06-05')",
        "2012-06-05: order 1 asks for quantity ",
    ),
    "an order's quantity, with its fill": (
        "with o as (update orders set quantity = quantity + 1 where number = 1 and model_day_id ="
        " (select id from model_days where session = '2012-06-05') returning model_day_id)"
        " update fills set quantity = quantity + 1, notional = round((quantity + 1) * price, 8)"
        " where number = 1 and model_day_id = (select model_day_id from o)",
        "2012-06-05: closes with",
    ),
    "a refusal made of a fill": (
        "delete from fills where number = 1 and model_day_id ="
        " (select id from model_days where session = '2012-06-05')",
        "2012-06-05: order 1 is filled, and has no fill",
    ),
    "what was held": (
        "update holdings set quantity = quantity + 1 where symbol = 'IBM' and model_day_id ="
        " (select id from model_days where session = '2012-06-06')",
        "2012-06-06: closes with",
    ),
    "closing cash": (
        "update model_days set closing_cash = closing_cash + 1, sold = sold + 1"
        " where session = '2012-06-06'",
        "2012-06-06: closing_cash is",
    ),
    "opening cash": (
        "update model_days set opening_cash = opening_cash + 1, closing_cash = closing_cash + 1"
        " where session = '2012-06-13'",
        "2012-06-13: opening_cash is",
    ),
    "the value": (
        "update model_days set value_close = value_close + 1 where session = '2012-06-06'",
        "2012-06-06: value_close is",
    ),
    "the return": (
        "update model_days set daily_return = daily_return + 1e-9 where session = '2012-06-06'",
        "2012-06-06: daily_return is",
    ),
    "a day that is gone": (
        "delete from model_days where session = '2012-06-06'",
        "random 2012-06-06: is not stored, though later sessions are",
    ),
    "a first day that is gone": (
        "delete from model_days where session = '2012-06-01'",
        "2012-06-04: the model-day that it follows is not there",
    ),
    "a first day that is superseded": (
        "update model_days set superseded_at = now() where session = '2012-06-01'",
        "2012-06-04: it follows a close of 2012-06-01 that was superseded",
    ),
    "a chain that skips a day": (
        "drop index ix_model_days_follower;"
        "update model_days set previous_id = (select id from model_days"
        " where session = '2012-06-05') where session = '2012-06-07'",
        "2012-06-07: opens after 2012-06-05, not after 2012-06-06",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_found(traded: Floor, change: str) -> None:
    statement, fault = CHANGES[change]
    assert faults(traded) == []
    tamper(traded, statement)
    found = faults(traded)
    assert any(fault in sentence for sentence in found), found


def test_restated_prices_are_named_as_the_reason(traded: Floor) -> None:
    tape = traded.tape(FIRST, FIRST)
    bar = tape.bars[FIRST, DAILY][AAPL]
    restated = type(bar)(AAPL, FIRST, bar.open * 2, bar.high and bar.high * 2, bar.low, bar.close)
    traded.prices.save("restated", [restated], [])
    found = faults(traded)
    assert found
    assert all("made from prices bundled wiki-2013-03" in s for s in found)
    assert all("now bundled restated" in s for s in found)
