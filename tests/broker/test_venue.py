"""The order path over a broker's account: everything once, and the ledgers agree."""

from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from aitrader_core.broker.mock_broker import Fault, MockBroker, MockKite
from aitrader_core.broker.venue import BrokerVenue
from aitrader_core.domain.errors import SessionExpired
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.order_venue import Accepted, Canceled, Executed, VenueEvent
from aitrader_core.domain.orders import Approved, Order, Quote, Refused, Side
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import OrderStatus, first_broken
from aitrader_core.execution.mandate import Mandate
from aitrader_core.execution.oms import Oms
from aitrader_core.execution.state import Ticket
from aitrader_core.simulation.desk import Desk
from tests.broker.stage import INFY, SBIN, SECOND, D, Stage, buy, sell
from tests.simulation.tapes import desk_at, tape_of, weekdays

DAYS = weekdays(1)
TAPE = tape_of({INFY: "1500", SBIN: "800"})
KEPT_WAITING = 5  # seconds, after which the OMS asks


@dataclass
class World:
    """An OMS at a desk that begins with what the broker says that there is."""

    stage: Stage
    kite: MockKite
    account: MockBroker
    prices: dict[Symbol, Decimal] = field(default_factory=lambda: {INFY: D(1500), SBIN: D(800)})

    def __post_init__(self) -> None:
        self.venue = self.new_venue()
        self.desk = self.new_desk()
        self.oms = Oms(self.desk, self.venue, self.mandate, self.prices)

    @property
    def mandate(self) -> Mandate:
        return Mandate("nse|trader|2026-01-09", D(100_000), timeout=KEPT_WAITING * SECOND)

    def new_venue(self) -> BrokerVenue:
        return BrokerVenue(self.account, patience=60 * SECOND)

    def new_desk(self) -> Desk:
        return desk_at(TAPE, DAYS[0], cash="100000", held={SBIN: 100})

    def start_again(self) -> None:
        """As a new process that has nothing but the trail."""
        trail = tuple(self.desk.trail)
        self.venue, self.desk = self.new_venue(), self.new_desk()
        self.oms = Oms(self.desk, self.venue, self.mandate, self.prices, trail=trail)

    @property
    def now(self) -> int:
        return self.stage.clock.now

    def submit(self, order: Order) -> Ticket:
        ticket = self.oms.submit(order, self.now)
        assert not isinstance(ticket, Refused)
        return ticket

    def wait(self, seconds: int = 2) -> None:
        """With a poll each second."""
        for _ in range(seconds):
            self.stage.clock.sleep(1)
            self.oms.listen(self.now)
            self.oms.reconcile(self.now)

    def check(self) -> None:
        """Our ledger and the broker's are one, and the trail is whole."""
        theirs = self.account.snapshot(self.now)
        assert self.desk.portfolio.cash == theirs.cash
        assert dict(self.desk.portfolio.positions) == dict(theirs.positions)
        ours = self.oms.account(self.now)
        assert (ours.incoming, ours.outgoing) == (theirs.incoming, theirs.outgoing)
        assert first_broken(self.desk.trail) is None


@pytest.fixture
def world() -> World:
    stage = Stage()
    kite = stage.kite(latency=SECOND)
    account = MockBroker(kite, clock=stage.clock, sleep=stage.clock.sleep)
    account.login(kite.consent())
    return World(stage, kite, account)


def events(world: World) -> list[str]:
    return [entry.event for entry in world.desk.trail]


def test_a_market_order_costs_no_more_than_it_was_approved_for(world: World) -> None:
    ticket = world.submit(buy(10))
    assert ticket.quote is not None
    assert ticket.quote.price == 1515
    world.stage.trades_at(INFY, "1510", size="4")
    world.wait()
    (order,) = world.account.orders()
    assert (order.order.id, order.order.limit) == (ticket.id, D(1515))
    assert (ticket.status, ticket.filled) == (OrderStatus.CANCELED, D(4))  # the rest did not wait
    world.check()


def test_orders_are_worked_in_parts_and_told_of_once(world: World) -> None:
    bought, sold = world.submit(buy(10, "1490.03")), world.submit(sell(30))
    world.wait()
    assert (bought.status, sold.status) == (OrderStatus.ACCEPTED, OrderStatus.FILLED)
    assert bought.order.limit == D("1490.03")
    assert world.account.orders()[0].order.limit == 1490  # on the tick, and not above
    world.stage.trades_at(INFY, "1489", size="4")
    world.wait()
    assert (bought.status, bought.filled) == (OrderStatus.PARTIALLY_FILLED, D(4))
    world.check()
    world.stage.trades_at(INFY, "1488")
    world.wait()
    assert (bought.status, bought.average_price) == (OrderStatus.FILLED, D("1488.9"))
    world.check()
    world.wait()
    assert "ignored" not in events(world)
    assert world.venue.deliver(world.now) == []


def test_what_the_broker_rejects_comes_home(world: World) -> None:
    world.account.place(buy(60, "1400"))  # by hand: our ledger does not know of it
    rejected = world.submit(buy(20))
    unknown = world.oms.submit(buy(1, "5", symbol=Symbol("NOPE")), world.now)
    assert isinstance(unknown, Ticket)
    world.wait()
    assert (rejected.status, unknown.status) == (OrderStatus.REJECTED, OrderStatus.REJECTED)
    assert rejected.reason.startswith("Insufficient funds. Required margin is 30300.00")
    assert "NOPE does not exist" in unknown.reason
    assert "unknown" not in events(world)  # what was placed by hand is none of ours


def test_the_kill_switch_reaches_the_broker(world: World) -> None:
    ticket = world.submit(buy(10, "1400"))
    world.wait()
    world.oms.kill(TradingState.HALTED, "enough", world.now)
    assert [order.status for order in world.oms.open_orders] == [OrderStatus.CANCEL_PENDING]
    world.wait()
    assert not world.oms.open_orders
    assert ticket.status is OrderStatus.CANCELED
    world.check()


def test_an_order_that_is_executed_before_its_cancel_is_filled(world: World) -> None:
    ticket = world.submit(buy(10, "1400"))
    world.wait()
    world.oms.cancel(ticket.id, world.now)
    world.stage.trades_at(INFY, "1390")
    world.account.orders()  # so that it is executed before the cancel is there
    world.wait()
    assert ticket.status is OrderStatus.FILLED
    world.oms.cancel(ticket.id, world.now)
    world.venue.cancel(ticket.id, world.now)
    world.wait()
    world.check()


LOST = {
    "request": [(Fault.LOST_REQUEST, "place_order")],
    "reply": [(Fault.LOST_REPLY, "place_order")],
    "every answer": [(Fault.LOST_REPLY, "place_order"), *3 * [(Fault.DOWN, "get_orders")]],
    "cancel": [(Fault.LOST_REQUEST, "cancel_order")],
    "poll": 9 * [(Fault.DOWN, "get_trades")],
}


@pytest.mark.parametrize("what", LOST)
def test_whatever_is_lost_the_order_is_at_the_broker_once(world: World, what: str) -> None:
    world.account.orders()
    for fault, tool in LOST[what]:
        world.kite.fail(fault, tool)
    ticket = world.submit(buy(10, "1400"))
    world.wait(KEPT_WAITING + 2)
    if what != "cancel":
        assert ticket.status is OrderStatus.ACCEPTED
    world.oms.cancel(ticket.id, world.now)
    world.stage.trades_at(INFY, "1400.5", size="3")
    world.wait(KEPT_WAITING + 2)
    assert len(world.account.orders()) == 1
    assert not world.oms.open_orders
    world.check()


def test_what_never_arrived_is_given_up_in_time(world: World) -> None:
    for _ in range(3):
        world.kite.fail(Fault.LOST_REQUEST)
    ticket = world.submit(buy(10))
    world.wait(10)
    assert ticket.status is OrderStatus.SUBMITTED  # it may still be on its way
    world.wait(60)
    assert (ticket.status, ticket.reason) == (OrderStatus.REJECTED, "the venue never got it")
    late = buy(10, "1400", tag=ticket.id)
    world.account.place(late)  # and yet it comes
    world.wait()
    assert world.account.orders()[0].status is OrderStatus.CANCELED
    assert list(world.venue.strays) == [world.account.orders()[0].id]
    world.check()


def test_an_order_that_arrives_twice_is_stopped_once(world: World) -> None:
    world.kite.fail(Fault.TWICE)
    ticket = world.submit(buy(10, "1400"))
    world.wait(4)
    first, second = world.account.orders()
    assert (first.status, second.status) == (OrderStatus.ACCEPTED, OrderStatus.CANCELED)
    assert list(world.venue.strays) == [second.id]
    assert ticket.status is OrderStatus.ACCEPTED
    world.check()


def test_a_process_that_starts_again_goes_on_from_its_trail(world: World) -> None:
    ticket = world.submit(buy(10, "1490"))
    world.wait()
    world.stage.trades_at(INFY, "1489", size="4")
    world.wait()
    world.stage.trades_at(INFY, "1488")
    world.account.orders()  # while nobody listens, the rest is executed
    world.start_again()
    world.wait(KEPT_WAITING + 1)
    again = world.oms.state.tickets[ticket.id]
    assert (again.status, again.filled) == (OrderStatus.FILLED, D(10))
    world.check()


def test_nobody_trades_on_when_the_session_is_over(world: World) -> None:
    world.submit(buy(10, "1400"))
    world.wait()
    world.account.logout()
    late = world.submit(buy(1))
    world.stage.clock.sleep(1)
    with pytest.raises(SessionExpired, match="log in with"):
        world.oms.listen(world.now)
    world.account.login(world.kite.consent())
    world.wait()
    assert late.status is OrderStatus.REJECTED
    assert "nobody is logged in at the broker" in late.reason
    world.check()


def test_trades_that_are_told_late_are_waited_for(world: World) -> None:
    """An order may say that it was executed before the list of trades has it."""
    account, now = world.account, world.now
    venue = BrokerVenue(account, every=0)
    approved = Approved(buy(10, "1490", tag="Late"), Quote(D(1490), D(14_900), D(0)))
    venue.send(approved, now)
    world.stage.clock.sleep(1)
    told: list[VenueEvent] = list(venue.deliver(world.now))
    world.stage.trades_at(INFY, "1489", size="4")
    account.cancel(account.orders()[0].id)
    world.stage.clock.sleep(1)
    read, account.trades = account.trades, lambda: []  # type: ignore[method-assign]
    told += venue.deliver(world.now)
    account.trades = read  # type: ignore[method-assign]
    told += venue.deliver(world.now)
    told += venue.deliver(world.now)
    assert [type(event) for event in told] == [Accepted, Canceled, Executed]
    assert isinstance(told[1], Canceled)
    assert told[1].filled == 4


def test_fees_are_what_they_are_taken_to_be(world: World) -> None:
    venue = BrokerVenue(world.account, fee_rate=D("0.001"), every=0)
    order = Order(SBIN, Side.SELL, D(10), None, "Fees")
    venue.send(Approved(order, Quote(D(800), D(8000), D(8))), world.now)
    world.stage.clock.sleep(1)
    (executed,) = [e for e in venue.deliver(world.now) if isinstance(e, Executed)]
    assert (executed.price, executed.fee) == (D("799.5"), D("7.995"))
