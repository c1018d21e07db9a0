"""What any BrokerAccount does: the mock as it is, and the client over each transport."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from aitrader_core.broker.account import (
    BrokerAccount,
    Change,
    Instructions,
    Product,
    Validity,
    Variety,
)
from aitrader_core.broker.mock_broker import Fault, MockKite
from aitrader_core.broker.tokens import Pocket
from aitrader_core.domain.errors import BrokerError, OrderRejected, SessionExpired
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.trail import OrderStatus
from tests.broker.stage import INFY, NINE_THIRTY, SBIN, SECOND, D, Door, Stage, buy, sell

HOUR = 3600 * SECOND
Statuses = OrderStatus


@dataclass
class World:
    stage: Stage
    kite: MockKite
    account: BrokerAccount

    def only_order(self) -> tuple[str, OrderStatus, int]:
        (order,) = self.account.orders()
        return order.said, order.status, int(order.filled)


@pytest.fixture(params=["direct", "memory", "http"])
def world(request: pytest.FixtureRequest, http: Door) -> Iterator[World]:
    stage = Stage()
    kite = stage.kite(latency=SECOND)
    door = {"direct": None, "memory": Door(), "http": http}[request.param]
    with stage.account(kite, door) as account:
        account.login(kite.consent())
        yield World(stage, kite, account)


def test_a_session_begins_with_a_request_token_and_ends_at_six(world: World) -> None:
    account, clock = world.account, world.stage.clock
    account.logout()
    assert not account.is_logged_in()
    with pytest.raises(SessionExpired, match="nobody is logged in at the broker: log in with"):
        account.orders()
    assert "/connect/login" in account.login_url()
    with pytest.raises(SessionExpired, match="Token is invalid"):
        account.login("made up")
    consent = world.kite.consent()
    until = account.login(consent)
    assert until == NINE_THIRTY + 20 * HOUR + HOUR // 2
    assert account.is_logged_in()
    assert account.profile().user_id == "MK0001"
    with pytest.raises(SessionExpired):  # it is good for one login
        account.login(consent)
    clock.now = until - 1
    assert account.margins().available == 100_000
    clock.now = until
    with pytest.raises(SessionExpired, match="ended at 2026-01-10 06:00:00 IST: log in with"):
        account.margins()
    assert not account.is_logged_in()


def test_another_login_ends_the_one_before(world: World) -> None:
    with world.stage.account(world.kite) as other:
        other.login(world.kite.consent())
        with pytest.raises(SessionExpired, match="Incorrect `api_key` or `access_token`"):
            world.account.orders()
        assert not world.account.is_logged_in()  # the token is worth nothing: it is not kept
        assert other.orders() == []


def test_an_order_goes_through_kites_steps_to_its_end(world: World) -> None:
    account, clock = world.account, world.stage.clock
    order_id = account.place(buy(10, tag="First1"))
    assert world.only_order() == ("VALIDATION PENDING", Statuses.SUBMITTED, 0)
    clock.sleep(1)
    assert world.only_order() == ("COMPLETE", Statuses.FILLED, 10)
    (order,), (trade,) = account.orders(), account.trades()
    assert (order.id, order.order, order.average_price) == (
        order_id,
        buy(10, tag="First1"),
        D("1500.5"),
    )
    assert (order.at, order.changed_at) == (NINE_THIRTY, NINE_THIRTY + SECOND)
    assert (trade.order_id, trade.quantity, trade.price) == (order_id, D(10), D("1500.5"))
    steps = [(step.said, step.status) for step in account.order_history(order_id)]
    assert steps == [
        ("PUT ORDER REQ RECEIVED", Statuses.SUBMITTED),
        ("VALIDATION PENDING", Statuses.SUBMITTED),
        ("OPEN PENDING", Statuses.SUBMITTED),
        ("OPEN", Statuses.ACCEPTED),
        ("COMPLETE", Statuses.FILLED),
    ]
    with pytest.raises(OrderRejected, match="cannot be cancelled as it is complete"):
        account.cancel(order_id)


def test_a_limit_order_is_executed_in_parts_as_the_market_offers_them(world: World) -> None:
    account, stage = world.account, world.stage
    account.place(buy(10, "1490"))
    stage.clock.sleep(1)
    assert world.only_order() == ("OPEN", Statuses.ACCEPTED, 0)
    stage.trades_at(INFY, "1489", size="4")
    assert world.only_order() == ("OPEN", Statuses.PARTIALLY_FILLED, 4)
    assert world.only_order()[2] == 4  # what is displayed is executed once
    stage.clock.sleep(1)
    stage.trades_at(INFY, "1488", size="40")
    assert world.only_order() == ("COMPLETE", Statuses.FILLED, 10)
    assert [(t.quantity, t.price) for t in account.trades()] == [
        (D(4), D("1489.5")),
        (D(6), D("1488.5")),
    ]
    assert account.orders()[0].average_price == D("1488.9")
    assert account.margins().available == D(100_000) - D(14_889)


def test_a_rest_that_is_not_to_wait_is_canceled(world: World) -> None:
    world.stage.trades_at(INFY, "1500", size="4")
    world.account.place(buy(10), Instructions(validity=Validity.IMMEDIATE))
    world.stage.clock.sleep(1)
    assert world.only_order() == ("CANCELLED", Statuses.CANCELED, 4)
    assert world.account.orders()[0].working == 0


def test_an_order_with_a_trigger_sleeps_until_it_is_reached(world: World) -> None:
    stage, account = world.stage, world.account
    account.place(sell(10), Instructions(trigger=D(790)))
    stage.clock.sleep(1)
    stage.trades_at(SBIN, "791")
    assert world.only_order() == ("TRIGGER PENDING", Statuses.ACCEPTED, 0)
    stage.trades_at(SBIN, "789")
    assert world.only_order() == ("COMPLETE", Statuses.FILLED, 10)
    assert account.orders()[0].average_price == D("788.5")


def test_an_order_is_changed_and_canceled_while_it_works(world: World) -> None:
    account, stage = world.account, world.stage
    order_id = account.place(buy(10, "1490"))
    stage.clock.sleep(1)
    account.modify(order_id, Change(quantity=D(5), limit=D(1480)))
    assert world.only_order()[:2] == ("MODIFY PENDING", Statuses.ACCEPTED)
    stage.clock.sleep(1)
    (order,) = account.orders()
    assert (order.order.quantity, order.order.limit, order.said) == (D(5), D(1480), "OPEN")
    assert account.margins().available == 100_000 - 5 * 1480
    account.cancel(order_id)
    assert world.only_order()[:2] == ("CANCEL PENDING", Statuses.CANCEL_PENDING)
    stage.clock.sleep(1)
    assert world.only_order()[:2] == ("CANCELLED", Statuses.CANCELED)
    assert account.margins().available == 100_000
    with pytest.raises(OrderRejected, match="no order 12 of today"):
        account.cancel("12")


def test_an_order_that_is_on_its_way_to_cancel_may_still_be_executed(world: World) -> None:
    account, stage = world.account, world.stage
    order_id = account.place(buy(10, "1490"))
    stage.clock.sleep(1)
    account.cancel(order_id)
    stage.trades_at(INFY, "1480")
    assert world.only_order() == ("COMPLETE", Statuses.FILLED, 10)


def test_what_cannot_be_paid_for_or_is_not_held_is_rejected_in_kites_words(world: World) -> None:
    account, stage = world.account, world.stage
    account.place(buy(60, "1500"))
    stage.trades_at(INFY, "1510")
    stage.clock.sleep(1)
    account.place(buy(7, "1500"))
    account.place(sell(101))
    stage.clock.sleep(1)
    told = [(order.status, order.message) for order in account.orders()]
    assert told == [
        (Statuses.ACCEPTED, ""),
        (
            Statuses.REJECTED,
            "Insufficient funds. Required margin is 10500.00 but available margin is 10000.00. "
            "Check the orderbook for open orders.",
        ),
        (Statuses.REJECTED, "Insufficient holdings. 101 of SBIN are needed but 100 are available."),
    ]
    with pytest.raises(OrderRejected, match="MarginException.*Required margin is 105000.00"):
        account.modify(account.orders()[0].id, Change(quantity=D(70)))


NOT_TAKEN = [
    (buy(1, tag="has-a-dash"), "'has-a-dash' can't be a tag: Kite takes 20 letters and digits"),
    (buy(1, tag="A" * 21), "can't be a tag"),
    (buy(1, symbol=Symbol("NOPE")), "InputException.*NOPE does not exist"),
    (buy(1, symbol=Symbol("NFO:NIFTY26JANFUT")), "PermissionException.*not enabled for NFO"),
    (buy(0), "InputException.*quantity"),
    (buy(1, "1.001"), "InputException.*price"),
]


def test_what_kite_does_not_take_never_gets_into_the_book(world: World) -> None:
    for order, why in NOT_TAKEN:
        with pytest.raises(OrderRejected, match=why):
            world.account.place(order)
    with pytest.raises(OrderRejected, match="InputException.*regular orders"):
        world.account.place(buy(1), Instructions(variety=Variety.AFTER_MARKET))
    assert world.account.orders() == []


def test_quotes_are_of_what_the_broker_knows(world: World) -> None:
    found = world.account.quotes([INFY, Symbol("NSE:SBIN"), Symbol("NOPE")])
    assert list(found) == [INFY, Symbol("NSE:SBIN")]
    quote = found[INFY]
    assert (quote.last, quote.bid, quote.ask) == (D(1500), D("1499.5"), D("1500.5"))
    assert quote.at == NINE_THIRTY
    world.stage.quotes["NSE:INFY"] = type(world.stage.quotes["NSE:INFY"])(D(9), None, None, 0)
    quote = world.account.quotes([INFY])[INFY]
    assert (quote.last, quote.bid, quote.ask) == (D(9), None, None)


def test_a_snapshot_is_an_account_that_risk_can_look_at(world: World) -> None:
    account, stage = world.account, world.stage
    account.place(sell(30, tag="Sold30"))
    account.place(buy(10, tag="Bought10"))
    now = account.snapshot(stage.clock.now)  # the broker has not taken the orders in yet
    assert (now.cash, now.reserved, now.outgoing) == (D(100_000), D(15_000), {SBIN: D(30)})
    stage.clock.sleep(1)
    account.place(buy(2, "1400", tag="Waits"))
    account.place(sell(20, "900"), Instructions(product=Product.MIS))
    stage.clock.sleep(1)
    now = account.snapshot(stage.clock.now, [Symbol("NOPE")])
    cash = D(100_000) + 30 * D("799.5") - 10 * D("1500.5")
    assert (now.cash, now.reserved, now.free_cash) == (cash, D(2800), cash - 2800)
    assert now.free_cash == account.margins().available
    assert now.positions == {INFY: D(10), SBIN: D(70)}
    assert now.prices == {INFY: D(1500), SBIN: D(800)}
    assert (now.incoming, now.outgoing) == ({INFY: D(2)}, {SBIN: D(20)})
    assert now.sellable(SBIN) == 50
    assert now.value_at_start == 100_000 + 100 * 1000  # at the close before
    assert now.known == {"Sold30", "Bought10", "Waits"}
    assert (now.now, now.as_of) == (stage.clock.now, stage.clock.now)
    (holding,) = account.holdings()
    assert (holding.opening, holding.sold) == (D(100), D(30))
    assert {(p.symbol, p.quantity) for p in account.positions()} == {(SBIN, D(-30)), (INFY, D(10))}


def test_the_next_day_begins_with_what_the_one_before_left(world: World) -> None:
    account, stage = world.account, world.stage
    account.place(buy(10))
    account.place(sell(30))
    account.place(buy(1, "1000"))
    stage.clock.sleep(1)
    held = account.snapshot(stage.clock.now)
    stage.clock.now += 24 * HOUR
    account.login(world.kite.consent())
    assert account.orders() == []
    assert account.positions() == []
    now = account.snapshot(stage.clock.now)
    assert (now.cash, now.positions, now.reserved) == (held.cash, held.positions, D(0))
    average = {h.symbol: h.average_price for h in account.holdings()}
    assert average == {INFY: D("1500.5"), SBIN: D(700)}


@pytest.mark.parametrize("fault", [Fault.LOST_REQUEST, Fault.LOST_REPLY, Fault.DOWN])
def test_an_order_whose_answer_is_lost_is_at_the_broker_once(world: World, fault: Fault) -> None:
    world.kite.fail(fault)
    order_id = world.account.place(buy(10, tag="Once"))
    assert world.account.place(buy(10, tag="Once")) == order_id  # who asks again changes nothing
    world.stage.clock.sleep(2)
    (order,) = world.account.orders()
    assert (order.id, order.status) == (order_id, Statuses.FILLED)


@pytest.mark.parametrize("way", ["direct", "memory", "http"])
def test_an_order_whose_answer_comes_too_late_is_at_the_broker_once(way: str, http: Door) -> None:
    stage = Stage()
    kite = stage.kite()
    door = {"direct": None, "memory": Door(), "http": http}[way]
    tokens = Pocket()
    with stage.account(kite, tokens=tokens) as account:
        account.login(kite.consent())
    with stage.account(kite, door, tokens, timeout=0.5) as account:  # which is not enough
        kite.fail(Fault.LATE_REPLY)
        order_id = account.place(buy(10, tag="Once"))
        assert [order.id for order in account.orders()] == [order_id]


def test_an_order_is_at_the_broker_once_even_if_its_sender_starts_again(world: World) -> None:
    order_id = world.account.place(buy(10, tag="Once"))
    with world.stage.account(world.kite) as again:
        again.login(world.kite.consent())
        assert again.place(buy(10, tag="Once")) == order_id
        assert len(again.orders()) == 1


def test_changes_whose_answer_is_lost_are_made_once(world: World) -> None:
    account, stage = world.account, world.stage
    order_id = account.place(buy(10, "1490"))
    stage.clock.sleep(1)
    world.kite.fail(Fault.LOST_REPLY, "modify_order")
    account.modify(order_id, Change(limit=D(1480)))
    stage.clock.sleep(1)
    world.kite.fail(Fault.LOST_REPLY, "cancel_order")
    account.cancel(order_id)
    stage.clock.sleep(1)
    said = [step.said for step in account.order_history(order_id)]
    assert said.count("MODIFY PENDING") == said.count("CANCEL PENDING") == 1
    assert world.only_order()[0] == "CANCELLED"


def test_what_is_read_is_asked_for_again(world: World) -> None:
    world.kite.fail(Fault.LOST_REPLY, "get_margins")
    world.kite.fail(Fault.DOWN, "get_margins")
    assert world.account.margins().available == 100_000
    for _ in range(3):
        world.kite.fail(Fault.DOWN, "get_margins")
    with pytest.raises(BrokerError, match="could not carry out get_margins .NetworkException"):
        world.account.margins()
