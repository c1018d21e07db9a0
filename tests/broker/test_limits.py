"""Kite's limits: the mock holds to them, and the client keeps within them by waiting."""

import json

import pytest
from pydantic import SecretStr

from aitrader_core.broker.account import Change
from aitrader_core.broker.kite_account import KiteAccount
from aitrader_core.broker.limits import KITE, MINUTE, SECOND, Kind, Limits, Pace
from aitrader_core.broker.mock_broker import Fault, MockKite
from aitrader_core.broker.tokens import Pocket
from aitrader_core.domain.errors import BrokerError, NoAnswer, OrderRejected, RateLimited
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.orders import Order, Side
from tests.broker.stage import INFY, NINE_THIRTY, D, Stage, buy


def said(kite: MockKite, token: str, tool: str, **arguments: object) -> str:
    """What the mock itself says, with nobody to keep its pace."""
    return kite.answer(tool, arguments, token).text


def logged_in(kite: MockKite) -> str:
    told = kite.answer("login", {"request_token": kite.consent()}, None)
    return str(json.loads(told.text)["access_token"])


PLACE = {
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": 1,
    "order_type": "LIMIT",
    "price": 1,
    "product": "CNC",
}


@pytest.mark.parametrize(
    ("tool", "arguments", "allowed"),
    [
        ("get_orders", {}, 9),  # and the login
        ("get_quotes", {"instruments": ["NSE:INFY"]}, 1),
        ("place_order", PLACE, 10),
    ],
)
def test_the_mock_refuses_what_comes_too_fast(
    tool: str, arguments: dict[str, object], allowed: int
) -> None:
    stage = Stage()
    kite = stage.kite()
    token = logged_in(kite)
    answers = [said(kite, token, tool, **arguments) for _ in range(allowed + 1)]
    assert ["Too many requests" in answer for answer in answers] == [False] * allowed + [True]
    assert '"code": 429' in answers[-1]
    stage.clock.now += SECOND - 1
    assert "Too many requests" in said(kite, token, tool, **arguments)
    stage.clock.now += 1
    assert "Too many requests" not in said(kite, token, tool, **arguments)


def test_a_minute_and_a_day_have_their_limits() -> None:
    stage = Stage()
    kite = stage.kite(limits=Limits(orders_a_minute=15, orders_a_day=16))
    token = logged_in(kite)
    for number in range(15):
        stage.clock.now = NINE_THIRTY + number * SECOND
        assert "order_id" in said(kite, token, "place_order", **PLACE)
    assert "Too many requests" in said(kite, token, "place_order", **PLACE)
    stage.clock.now = NINE_THIRTY + MINUTE
    assert "order_id" in said(kite, token, "place_order", **PLACE)
    stage.clock.now += MINUTE
    assert "Maximum allowed order requests exceeded" in said(kite, token, "place_order", **PLACE)


def test_a_client_waits_instead_of_being_refused() -> None:
    stage = Stage()
    kite = stage.kite()
    with stage.account(kite) as account:
        account.login(kite.consent())
        for number in range(25):
            account.place(buy(1, "1", tag=f"N{number}"))
        assert len(account.orders()) == 25
        assert stage.clock.now == NINE_THIRTY + 2 * SECOND
        account.quotes([INFY])
        account.quotes([INFY])
        assert stage.clock.now == NINE_THIRTY + 3 * SECOND


def test_two_clients_of_one_account_come_through_all_the_same() -> None:
    stage = Stage()
    kite, tokens = stage.kite(), Pocket()
    with (
        stage.account(kite, tokens=tokens) as account,
        stage.account(kite, tokens=tokens) as other,
    ):
        account.login(kite.consent())
        for number in range(15):
            account.place(buy(1, "1", tag=f"A{number}"))
            other.place(buy(1, "1", tag=f"B{number}"))
        assert len(account.orders()) == 30


def test_a_day_that_is_used_up_is_told_at_once() -> None:
    stage = Stage()
    kite = stage.kite(limits=Limits(orders_a_day=1))
    with stage.account(kite) as account:
        account.login(kite.consent())
        account.place(buy(1, tag="One"))
        with pytest.raises(RateLimited, match="place_order: Maximum allowed order requests"):
            account.place(buy(1, tag="Two"))
        assert stage.clock.now == NINE_THIRTY


def test_an_order_is_changed_25_times_at_most() -> None:
    stage = Stage()
    kite = stage.kite()
    with stage.account(kite) as account:
        account.login(kite.consent())
        order_id = account.place(buy(1, "1400"))
        for number in range(25):
            account.modify(order_id, Change(limit=D(1000 + number)))
        with pytest.raises(RateLimited, match="Maximum allowed order modifications exceeded"):
            account.modify(order_id, Change(limit=D(999)))
        assert account.orders()[0].order.limit == 1024
        account.cancel(order_id)


def test_more_instruments_than_a_request_may_have_are_asked_for_in_parts() -> None:
    stage = Stage()
    kite = stage.kite(limits=Limits(instruments=2))
    names = [f"S{number}" for number in range(5)]
    stage.quotes = {f"NSE:{name}": stage.quotes["NSE:INFY"] for name in names}
    symbols = [Symbol(name) for name in names]
    with stage.account(kite, limits=Limits(instruments=2)) as account:
        account.login(kite.consent())
        assert len(account.quotes(symbols)) == 5
    with stage.account(kite) as account:  # which thinks that 500 are allowed
        account.login(kite.consent())
        with pytest.raises(BrokerError, match="Too many tokens requested. Max permitted is 2"):
            account.quotes(symbols)


def test_an_order_without_an_id_is_sent_once() -> None:
    stage = Stage()
    kite = stage.kite()
    with stage.account(kite) as account:
        account.login(kite.consent())
        kite.fail(Fault.LOST_REPLY)
        with pytest.raises(NoAnswer):
            account.place(buy(1))
        assert len(account.orders()) == 1
        kite.fail(Fault.LOST_REQUEST)
        with pytest.raises(NoAnswer):
            account.place(buy(1))
        assert len(account.orders()) == 1
        with pytest.raises(OrderRejected, match="0.5 INFY can't be ordered: Kite takes whole"):
            account.place(Order(INFY, Side.BUY, D("0.5")))


def test_an_order_that_nobody_answers_to_is_told_to_be_looked_for() -> None:
    stage = Stage()
    kite = stage.kite()
    with stage.account(kite) as account:
        account.login(kite.consent())
        for _ in range(3):
            kite.fail(Fault.LOST_REQUEST)
        with pytest.raises(NoAnswer, match="did not answer to order Nobody: whether it is there"):
            account.place(buy(1, tag="Nobody"))
        kite.fail(Fault.LOST_REPLY)
        for _ in range(3):
            kite.fail(Fault.DOWN, "get_orders")
        with pytest.raises(NoAnswer, match="look at the broker's orders before you send it again"):
            account.place(buy(1, tag="Deaf"))
        assert [order.order.id for order in account.orders()] == ["Deaf"]
        account.place(buy(1, tag="Deaf"))  # which looks first
        assert len(account.orders()) == 1


class Garbler:
    """A server that does not speak as Kite does."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def call(self, tool: str, *_: object) -> str:
        self.asked.append(tool)
        return self.answers.pop(0)

    def close(self) -> None: ...


def test_an_answer_that_cannot_be_read_is_an_error_and_an_order_may_be_there() -> None:
    stage, tokens = Stage(), Pocket()
    tokens.keep(SecretStr("token"), stage.clock.now + SECOND * 3600)

    def account(*answers: str) -> KiteAccount:
        return KiteAccount(Garbler(*answers), tokens, clock=stage.clock, sleep=stage.clock.sleep)

    for answer in ("Please log in here: ...", "[]", '{"equity": {}}', '{"equity": "none"}'):
        with pytest.raises(BrokerError, match="answer to get_margins can't be read"):
            account(answer).margins()
    garbler = Garbler("[]", "Your order is placed!", "[]", '{"order_id": "7"}')
    placing = KiteAccount(garbler, tokens, clock=stage.clock, sleep=stage.clock.sleep)
    assert placing.place(buy(1, tag="Tag")) == "7"
    assert garbler.asked == ["get_orders", "place_order", "get_orders", "place_order"]


def test_paces_never_let_more_through_than_a_window_allows() -> None:
    pace, now = Pace(KITE), NINE_THIRTY
    sent = []
    for _ in range(900):
        now += pace.wait(Kind.ORDER, now)
        pace.note(Kind.ORDER, now)
        sent.append(now)
    for window, most in ((SECOND, 10), (MINUTE, 400)):
        assert all(b - a >= window for a, b in zip(sent, sent[most:], strict=False))
    assert sent[-1] - sent[0] == 2 * MINUTE + 9 * SECOND  # and not slower than that
