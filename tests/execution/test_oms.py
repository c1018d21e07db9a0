"""An order's life, case by case."""

from copy import deepcopy

import pytest

from aitrader_core.domain.denials import Denial
from aitrader_core.domain.errors import ImpossibleReport, LedgerError
from aitrader_core.domain.limits import Limits
from aitrader_core.domain.order_venue import (
    Accepted,
    Canceled,
    CancelRejected,
    Executed,
    Expired,
    Rejected,
    VenueEvent,
)
from aitrader_core.domain.orders import Approved, Fill, Order, Refused, Side
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.risk import NextSessionSettlement, TradingRules
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import OrderStatus
from aitrader_core.execution.oms import Oms
from aitrader_core.execution.state import Ticket
from aitrader_core.execution.trail import replay
from aitrader_core.simulation.feed import VenueTerms
from aitrader_core.simulation.tick_venue import TickVenue
from tests.execution.desks import OPENING, SECOND, TIME_OUT, desk_of, oms_over
from tests.execution.faulty_venue import FaultyVenue
from tests.simulation.tapes import A, B
from tests.simulation.tick_days import D, quote

S = OrderStatus
LATE = TIME_OUT + 10


def small(rules: TradingRules | None = None, **how: object) -> tuple[Oms, FaultyVenue]:
    venue = FaultyVenue()
    return oms_over(desk_of(rules=rules), venue, **how), venue  # type: ignore[arg-type]


def sent(oms: Oms, side: Side, quantity: str, limit: str | None = None, now: int = 0) -> Ticket:
    price = None if limit is None else D(limit)
    ticket = oms.submit(Order(A, side, D(quantity), price), now)
    assert isinstance(ticket, Ticket)
    return ticket


def part(ticket: Ticket, quantity: str, price: str = "10", name: str = "e1") -> Executed:
    return Executed(ticket.id, 0, name, D(quantity), D(price), D("0.01"))


def read_all(venue: FaultyVenue) -> None:
    """All that is on its way to the venue arrives; nothing comes back."""
    while venue.inbox:
        venue.read(venue.inbox.pop(0))
    venue.outbox.clear()


def events(oms: Oms) -> list[str]:
    return [entry.event for entry in oms.desk.trail]


def test_an_order_is_accepted_executed_in_parts_and_booked() -> None:
    oms, venue = small()
    ticket = sent(oms, Side.BUY, "100")
    assert venue.inbox == [Approved(ticket.order, ticket.quote)]  # type: ignore[arg-type]
    oms.on(Accepted(ticket.id, 0), 1)
    oms.on(part(ticket, "40"), 2)
    assert (ticket.status, ticket.filled, ticket.remaining) == (S.PARTIALLY_FILLED, D(40), D(60))
    oms.on(part(ticket, "60", "10.5", "e2"), 3)
    assert (ticket.status, ticket.average_price, ticket.fees) == (S.FILLED, D("10.3"), D("0.02"))
    assert [outcome.order.quantity for outcome in oms.desk.blotter] == [40, 60]
    assert all(isinstance(o, Fill) and o.order.id == ticket.id for o in oms.desk.blotter)
    assert oms.desk.portfolio == Portfolio(D("8969.98"), {A: D(200)})
    assert events(oms) == ["submitted", "accepted", "executed", "executed"]
    assert [entry.at for entry in oms.desk.trail] == [0, 1, 2, 3]


def test_ids_are_the_same_whenever_the_session_is_played_again() -> None:
    ids = [[sent(oms, Side.SELL, "1").id for _ in range(3)] for oms, _ in (small(), small())]
    assert ids[0] == ids[1] == ["Q43363Z7HWE5IIPEYGP4", *ids[0][1:]]
    assert len(set(ids[0])) == 3
    assert {len(name) for name in ids[0]} == {20}


def test_the_same_order_is_sent_once_and_another_under_its_id_is_denied() -> None:
    oms, venue = small()
    order = Order(A, Side.BUY, D(10), id="mine")
    first = oms.submit(order, 0)
    assert oms.submit(Order(A, Side.BUY, D(10), id="mine"), 1) is first
    other = oms.submit(Order(A, Side.BUY, D(11), id="mine"), 2)
    assert isinstance(other, Refused)
    assert other.code is Denial.DUPLICATE_ID
    assert len(venue.inbox) == 1
    denied = Order(A, Side.SELL, D(1000), id="too many")
    refused = oms.submit(denied, 3)
    assert isinstance(refused, Refused)
    assert oms.submit(denied, 4) is refused
    assert oms.desk.blotter == [other, refused]
    assert events(oms) == ["submitted", "repeated", "duplicate_id", "denied", "repeated"]


def test_what_is_promised_can_not_be_promised_again() -> None:
    oms, _ = small()
    sent(oms, Side.BUY, "500", "10")  # 5,007.50 with its fee
    refused = oms.submit(Order(B, Side.BUY, D(250), D(20)), 0)
    assert isinstance(refused, Refused)
    assert "5,007.50" in refused.reason or "5007.50" in refused.reason
    sent(oms, Side.SELL, "70")
    assert isinstance(oms.submit(Order(A, Side.SELL, D(31)), 0), Refused)
    sent(oms, Side.SELL, "30")
    account = oms.account(0)
    assert (account.reserved, account.incoming, account.outgoing) == (
        D("5007.5"),
        {A: D(500)},
        {A: D(100)},
    )


def test_a_market_buy_reserves_for_a_price_that_moves() -> None:
    oms, _ = small(fee_rate="0")
    ticket = sent(oms, Side.BUY, "100")
    assert ticket.quote is not None
    assert (ticket.quote.price, ticket.promised_cash) == (D("10.1"), D(1010))
    oms.on(part(ticket, "50"), 0)
    assert ticket.promised_cash == D("509.99")
    oms.on(Canceled(ticket.id, 0, D(50)), 0)
    assert (oms.state.reserved, oms.state.incoming) == (D(0), {})
    assert not oms.state.unsettled


def test_parts_of_fractions_may_round_up_and_still_be_paid() -> None:
    """Three times 0.033333335 to eight decimals is a little more than 0.100000005."""
    oms, venue = small(TradingRules(D("0.001")), fee_rate="0")
    ticket = sent(oms, Side.BUY, "0.003", "33.333335")
    read_all(venue)
    for _ in range(3):
        order = venue.orders[ticket.id]
        assert order.pays_for(D("0.001"), D("33.333335"))
        venue.execute(order, D("0.001"), D("33.333335"))
        oms.on(venue.outbox[-1], 0)
    assert ticket.notional > D("0.003") * D("33.333335")
    assert ticket.status is S.FILLED


def test_what_was_bought_today_is_not_sold_where_that_is_the_rule() -> None:
    oms, _ = small(NextSessionSettlement())
    bought = sent(oms, Side.BUY, "50")
    oms.on(part(bought, "50"), 0)
    assert oms.account(0).sellable(A) == 100
    sent(oms, Side.SELL, "60")
    refused = oms.submit(Order(A, Side.SELL, D(41)), 0)
    assert isinstance(refused, Refused)
    sent(oms, Side.SELL, "40")


def test_limits_are_asked_of_each_order() -> None:
    limits = Limits(max_orders=2, rate_window_ms=1000)
    oms, _ = small(limits=limits)
    for now in (0, 1):
        sent(oms, Side.SELL, "1", now=now)
    refused = oms.submit(Order(A, Side.SELL, D(1)), SECOND - 1)
    assert isinstance(refused, Refused)
    assert refused.code is Denial.RATE
    sent(oms, Side.SELL, "1", now=SECOND)


@pytest.mark.parametrize(
    ("before", "impossible"),
    [
        ([], Executed("", 0, "x", D(101), D(10), D(0))),
        ([], Executed("", 0, "x", D(0), D(10), D(0))),
        ([], Executed("", 0, "x", D(-1), D(10), D(0))),
        ([], Executed("", 0, "x", D(1), D(0), D(0))),
        ([], Executed("", 0, "x", D(1), D(10), D(-1))),
        ([Accepted("", 0)], Rejected("", 0, "no")),
        ([Rejected("", 0, "no")], Accepted("", 0)),
        ([Rejected("", 0, "no")], Executed("", 0, "x", D(1), D(10), D(0))),
        ([Rejected("", 0, "no")], Canceled("", 0)),
        ([Executed("", 0, "a", D(100), D(10), D(0))], Executed("", 0, "x", D(1), D(10), D(0))),
        ([Executed("", 0, "a", D(100), D(10), D(0))], Canceled("", 0)),
        ([Executed("", 0, "a", D(100), D(10), D(0))], Expired("", 0)),
        ([Executed("", 0, "a", D(60), D(10), D(0)), Canceled("", 0)], Rejected("", 0, "no")),
        (
            [Executed("", 0, "a", D(60), D(10), D(0)), Canceled("", 0)],
            Executed("", 0, "x", D(41), D(10), D(0)),
        ),
    ],
)
def test_what_cannot_be_is_an_error_and_changes_nothing(
    before: list[VenueEvent], impossible: VenueEvent
) -> None:
    oms, _ = small()
    name = sent(oms, Side.SELL, "100").id
    for event in before:
        oms.on(_of(name, event), 0)
    state, trail = deepcopy(oms.state), list(oms.desk.trail)
    with pytest.raises(ImpossibleReport, match=name):
        oms.on(_of(name, impossible), 1)
    assert (oms.state, oms.desk.trail) == (state, trail)


def _of(name: str, event: VenueEvent) -> VenueEvent:
    fields = [getattr(event, field) for field in event.__slots__]
    made: VenueEvent = type(event)(name, *fields[1:])
    return made


def test_a_fill_that_cash_does_not_pay_is_an_error_and_changes_nothing() -> None:
    oms, _ = small()
    ticket = sent(oms, Side.BUY, "900")
    state = deepcopy(oms.state)
    with pytest.raises(LedgerError):
        oms.on(part(ticket, "900", "12"), 1)
    assert (oms.state, len(oms.desk.trail)) == (state, 1)


def test_a_denied_order_was_never_sent() -> None:
    oms, _ = small()
    oms.submit(Order(A, Side.SELL, D(1000), id="denied"), 0)
    with pytest.raises(ImpossibleReport):
        oms.on(Accepted("denied", 0), 0)


def test_news_told_twice_or_too_late_is_kept_but_changes_nothing() -> None:
    oms, _ = small()
    ticket = sent(oms, Side.SELL, "100")
    oms.on(part(ticket, "40"), 0)
    oms.on(part(ticket, "40"), 0)
    oms.on(Accepted(ticket.id, 0), 0)
    oms.on(Accepted(ticket.id, 0), 0)
    assert (ticket.status, ticket.filled) == (S.PARTIALLY_FILLED, D(40))
    stranger = Executed("nobody's", 0, "x", D(5), D(10), D(0))
    oms.on(stranger, 0)
    assert oms.aside == [stranger]
    assert oms.desk.portfolio.held(A) == 60
    assert events(oms) == ["submitted", "executed", "ignored", "accepted", "ignored", "unknown"]


def test_a_late_fill_after_a_cancel_is_booked_and_its_cash_was_kept() -> None:
    oms, _ = small(fee_rate="0")
    ticket = sent(oms, Side.BUY, "900", "10")
    oms.cancel(ticket.id, 0)
    oms.on(Canceled(ticket.id, 0, D(300)), 1)
    assert (ticket.status, ticket.owed) == (S.CANCELED, D(300))
    assert isinstance(oms.submit(Order(B, Side.BUY, D(400), D(20)), 2), Refused)
    oms.on(Executed(ticket.id, 0, "e1", D(300), D(10), D(0)), 3)
    assert (ticket.status, ticket.filled, ticket.owed) == (S.CANCELED, D(300), D(0))
    assert (oms.state.reserved, len(oms.state.unsettled)) == (D(0), 0)
    assert events(oms)[-1] == "executed_late"


@pytest.mark.parametrize(
    ("before", "status"),
    [
        ([], S.SUBMITTED),
        ([Accepted("", 0)], S.ACCEPTED),
        ([Executed("", 0, "a", D(6), D(10), D(0))], S.PARTIALLY_FILLED),
    ],
)
def test_a_cancel_that_is_refused_leaves_the_order_as_it_was(
    before: list[VenueEvent], status: OrderStatus
) -> None:
    oms, _ = small()
    ticket = sent(oms, Side.SELL, "10")
    for event in before:
        oms.on(_of(ticket.id, event), 0)
    oms.cancel(ticket.id, 0)
    assert ticket.status is S.CANCEL_PENDING
    oms.on(CancelRejected(ticket.id, 0, "too late"), 0)
    assert str(ticket.status) == status


def test_a_lost_answer_is_asked_for() -> None:
    oms, venue = small()
    ticket = sent(oms, Side.SELL, "100")
    read_all(venue)
    oms.reconcile(TIME_OUT - 1)
    assert events(oms) == ["submitted"]
    oms.reconcile(TIME_OUT)
    assert events(oms) == ["submitted", "reconciled", "accepted"]
    venue.execute(venue.orders[ticket.id], D(30), D(11))
    oms.reconcile(2 * TIME_OUT)
    assert (ticket.status, ticket.filled) == (S.PARTIALLY_FILLED, D(30))
    venue.execute(venue.orders[ticket.id], D(70), D(11))
    oms.reconcile(3 * TIME_OUT)
    assert (ticket.status, ticket.filled) == (S.FILLED, D(100))
    oms.on(venue.outbox[0], 3 * TIME_OUT)  # it was not lost after all
    assert ticket.filled == 100
    assert oms.desk.portfolio.held(A) == 0


def test_an_order_that_never_got_there_is_given_up() -> None:
    oms, venue = small()
    ticket = sent(oms, Side.BUY, "100")
    venue.inbox.clear()
    oms.reconcile(TIME_OUT)
    assert (ticket.status, ticket.reason) == (S.REJECTED, "the venue never got it")
    assert oms.account(LATE).reserved == 0


def test_a_lost_cancel_is_sent_again_and_a_lost_fill_of_a_canceled_order_found() -> None:
    oms, venue = small()
    ticket = sent(oms, Side.BUY, "100")
    read_all(venue)
    oms.cancel(ticket.id, 0)
    venue.inbox.clear()
    oms.reconcile(TIME_OUT)
    assert venue.inbox == [ticket.id]
    venue.execute(venue.orders[ticket.id], D(20), D(10))
    venue.read(ticket.id)
    oms.on(venue.outbox[-1], LATE)
    assert (ticket.status, ticket.filled, ticket.owed) == (S.CANCELED, D(0), D(20))
    oms.reconcile(LATE + TIME_OUT)
    assert (ticket.filled, ticket.owed, len(oms.state.unsettled)) == (D(20), D(0), 0)


def test_the_kill_switch() -> None:
    oms, venue = small()
    buy, sell = sent(oms, Side.BUY, "10"), sent(oms, Side.SELL, "10")
    assert oms.kill(TradingState.REDUCING, "a loss", 1)
    assert (buy.status, sell.status) == (S.CANCEL_PENDING, S.SUBMITTED)
    refused = oms.submit(Order(A, Side.BUY, D(1)), 2)
    assert isinstance(refused, Refused)
    assert refused.code is Denial.REDUCING
    sent(oms, Side.SELL, "5")
    assert oms.kill(TradingState.HALTED, "a greater loss", 3)
    refused = oms.submit(Order(A, Side.SELL, D(1)), 4)
    assert isinstance(refused, Refused)
    assert refused.code is Denial.HALTED
    assert not oms.kill(TradingState.ACTIVE, "never mind", 5)  # three are open still
    read_all(venue)
    oms.reconcile(LATE)
    assert not oms.open_orders
    assert oms.kill(TradingState.ACTIVE, "never mind", LATE)
    sent(oms, Side.SELL, "5", now=LATE)
    told = [e.facts for e in oms.desk.trail if e.event == "trading"]
    assert told == [
        '{"reason":"a loss","state":"reducing"}',
        '{"reason":"a greater loss","state":"halted"}',
        '{"reason":"never mind","state":"active"}',
    ]


def test_the_end_of_the_session_learns_what_the_venue_knows_and_closes_the_rest() -> None:
    oms, venue = small()
    ticket, other = sent(oms, Side.SELL, "50"), sent(oms, Side.SELL, "10")
    read_all(venue)
    venue.execute(venue.orders[ticket.id], D(20), D(10))
    oms.expire_all(9)
    assert (ticket.status, ticket.filled, other.status) == (S.EXPIRED, D(20), S.EXPIRED)
    assert not oms.open_orders


def test_a_correction_is_told_and_can_be_replayed() -> None:
    oms, _ = small()
    oms.correct(A, D(-5), D("1.25"), "the broker says so", 7)
    assert oms.desk.portfolio == Portfolio(D("10001.25"), {A: D(95)})
    assert replay(oms.desk.trail, OPENING) == oms.state
    again = oms_over(desk_of(), FaultyVenue(), trail=tuple(oms.desk.trail))
    assert again.desk.corrections == oms.desk.corrections


def test_a_changed_trail_is_not_replayed() -> None:
    oms, _ = small()
    sent(oms, Side.SELL, "50")
    sent(oms, Side.SELL, "50")
    with pytest.raises(LedgerError, match="entry 2"):
        replay([oms.desk.trail[0], oms.desk.trail[0]], OPENING)


def test_on_ticks_all_the_way() -> None:
    terms = VenueTerms(latency_ms=D("0.00001"), taker_fee=D("0.0015"))  # 10 ns
    venue = TickVenue(terms, (A, B))
    oms = oms_over(desk_of(), venue)
    ticks = [quote(n * 10, 9.9, 30, 10.0 + n / 20, 60) for n in range(6)]
    ticket: Ticket | None = None
    for tick in ticks:
        venue.on_tick(tick)
        oms.listen(tick.received)
        if ticket is None:
            ticket = sent(oms, Side.BUY, "100", now=tick.received)
    assert ticket is not None
    assert ticket.status is S.FILLED
    assert ticket.average_price == (60 * D("10.05") + 40 * D("10.1")) / 100
    assert ticket.fees == D("1.5105")
    assert oms.desk.portfolio.cash == OPENING.cash - ticket.notional - ticket.fees
