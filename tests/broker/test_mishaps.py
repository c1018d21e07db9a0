"""Whatever goes wrong, in whatever order: an order is at the broker once, and ledgers agree."""

from hypothesis import given, settings
from hypothesis import strategies as st

from aitrader_core.broker.mock_broker import Fault, MockBroker
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.trading_state import TradingState
from tests.broker.stage import INFY, SBIN, SECOND, Stage, buy, sell
from tests.broker.test_venue import World

TOOLS = ("place_order", "cancel_order", "get_orders", "get_trades")
SYMBOLS = st.sampled_from([INFY, SBIN])
STEPS = st.one_of(
    st.tuples(st.just("buy"), SYMBOLS, st.integers(1, 40), st.sampled_from([None, 780, 1490])),
    st.tuples(st.just("sell"), SYMBOLS, st.integers(1, 40), st.sampled_from([None, 820, 1510])),
    st.tuples(st.just("move"), SYMBOLS, st.integers(-20, 20), st.sampled_from([None, 1, 7])),
    st.tuples(st.just("fail"), st.sampled_from(TOOLS), st.sampled_from(list(Fault))),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, 3)),
    st.tuples(st.just("restart")),
)


def new_world() -> World:
    stage = Stage()
    kite = stage.kite(latency=SECOND)
    account = MockBroker(kite, clock=stage.clock, sleep=stage.clock.sleep)
    account.login(kite.consent())
    return World(stage, kite, account)


def take(world: World, step: tuple[object, ...]) -> None:
    match step:
        case ("buy", str() as symbol, int() as quantity, limit):
            order = buy(quantity, None if limit is None else str(limit), symbol=Symbol(symbol))
            world.oms.submit(order, world.now)
        case ("sell", str() as symbol, int() as quantity, limit):
            order = sell(quantity, None if limit is None else str(limit), symbol=Symbol(symbol))
            world.oms.submit(order, world.now)
        case ("move", str() as symbol, int() as change, size):
            price = {INFY: 1500, SBIN: 800}[Symbol(symbol)] + change
            world.stage.trades_at(Symbol(symbol), str(price), None if size is None else str(size))
        case ("fail", str() as tool, Fault() as fault):
            world.kite.fail(fault, tool)
        case ("cancel", int() as number) if world.oms.open_orders:
            open_orders = world.oms.open_orders
            world.oms.cancel(open_orders[number % len(open_orders)].id, world.now)
        case ("wait", int() as seconds):
            world.wait(seconds)
        case ("restart",):
            world.start_again()


@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=25))
def test_nothing_is_lost_or_doubled(steps: list[tuple[object, ...]]) -> None:
    world = new_world()
    for step in steps:
        take(world, step)
    world.kite._faults.clear()
    world.oms.kill(TradingState.HALTED, "enough", world.now)
    world.wait(80)  # longer than anybody is patient
    assert not world.oms.open_orders
    tags = [order.order.id for order in world.account.orders()]
    assert set(tags) <= set(world.oms.state.tickets)
    if not any(Fault.TWICE in step for step in steps):  # which nobody can undo once it is executed
        assert len(tags) == len(set(tags))
        world.check()
