"""The kill switch as it is kept: nobody's word is lost, and none can be changed unseen."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from aitrader_core.domain.trading_state import TradingState
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.schema import trading_states
from aitrader_core.storage.trading_states import ALL, Throw, TradingStates

ACTIVE, REDUCING, HALTED = TradingState
NOW = datetime(2026, 3, 2, 14, 30, 0, 123456, tzinfo=UTC)
_markets = (f"switch-{n}" for n in count(1))


@pytest.fixture
def market() -> str:
    """One whose switch nobody has thrown."""
    return next(_markets)


@pytest.fixture
def states(module_floor: Floor) -> TradingStates:
    return TradingStates(module_floor.engine)


def throw(state: TradingState, model: str = ALL, minutes: int = 0) -> Throw:
    why = f"it looks {state.value} | 'odd'"
    return Throw(model, state, why, "cli", NOW + timedelta(minutes=minutes))


def test_a_model_is_held_to_the_stricter_of_its_own_switch_and_the_arenas(
    states: TradingStates, market: str
) -> None:
    assert states.state_of(market, "momentum") is ACTIVE
    told = [
        throw(REDUCING, "momentum", 1),
        throw(HALTED, ALL, 2),
        throw(ACTIVE, ALL, 3),
        throw(HALTED, "random", 4),
    ]
    found = []
    for each in told:
        states.set_state(market, each)
        found.append([states.state_of(market, name) for name in (ALL, "momentum", "random")])
    assert found == [
        [ACTIVE, REDUCING, ACTIVE],
        [HALTED, HALTED, HALTED],
        [ACTIVE, REDUCING, ACTIVE],
        [ACTIVE, REDUCING, HALTED],
    ]
    assert states.state_of("another", "momentum") is ACTIVE
    assert states.history(market) == told[::-1]
    assert states.history(market, "momentum") == [told[0]]
    assert states.history(market, limit=2) == told[:1:-1]
    assert states.latest(market) == {"momentum": told[0], ALL: told[2], "random": told[3]}


@contextmanager
def unguarded(floor: Floor) -> Iterator[Connection]:
    """As an administrator of the database may change what the tables' own guards keep."""
    with floor.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        yield connection


@pytest.mark.parametrize(
    "change", ["update trading_states set state = 'active'", "delete from trading_states"]
)
def test_the_database_refuses_to_change_one(
    states: TradingStates, market: str, module_floor: Floor, change: str
) -> None:
    states.set_state(market, throw(HALTED))
    with pytest.raises(IntegrityError, match="append-only"), module_floor.engine.begin() as c:
        c.execute(text(change))


def test_a_throw_that_was_changed_or_deleted_is_noticed(
    states: TradingStates, market: str, module_floor: Floor
) -> None:
    for minutes in range(3):
        states.set_state(market, throw(HALTED, ALL, minutes))
    assert states.first_changed(market) is None
    whose = "where market = :market order by id offset 1 limit 1"
    second = f"id = (select id from trading_states {whose})"
    changes = (
        "update trading_states set model = 'x'",
        "update trading_states set state = 'active'",
        "update trading_states set reason = 'none'",
        "update trading_states set source = 'rest'",
        "update trading_states set hash = 'x'",
        "update trading_states set set_at = set_at + interval '1 microsecond'",
        "delete from trading_states",
    )
    for change in changes:
        with unguarded(module_floor) as connection:
            own = {"market": market}
            kept = connection.execute(text(f"select * from trading_states where {second}"), own)
            row = dict(kept.mappings().one())
            connection.execute(text(f"{change} where {second}"), own)
        assert states.first_changed(market) == 2, change
        with unguarded(module_floor) as connection:
            connection.execute(text("delete from trading_states where id = :id"), row)
            connection.execute(insert(trading_states).values(**row))
        assert states.first_changed(market) is None


def test_those_who_throw_it_at_once_wait_for_each_other(states: TradingStates, market: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda n: states.set_state(market, throw(HALTED, ALL, n)), range(12)))
    assert len(states.history(market)) == 12
    assert states.first_changed(market) is None
