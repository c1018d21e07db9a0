"""The venue of ticks: worked out by hand, and what holds whatever is traded."""

from dataclasses import dataclass
from decimal import Decimal
from math import isnan, nan
from random import Random

import pytest

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.order_venue import (
    Accepted,
    Canceled,
    CancelRejected,
    Executed,
    OrderReport,
    Rejected,
)
from aitrader_core.domain.orders import Approved, Side
from aitrader_core.domain.trail import OrderStatus
from aitrader_core.simulation.feed import VenueTerms
from aitrader_core.simulation.ticks import NEVER, QUOTE, TRADE, Tick
from tests.simulation.tick_days import (
    AT_ONCE,
    A,
    B,
    D,
    Played,
    approved,
    bought,
    matches,
    quote,
    sold,
    trade,
    venue,
)

Q = quote(0, 10.0, 50, 10.1, 40)  # the usual quote


def later(tick: Tick, at: int) -> Tick:
    return tick._replace(received=at)


def with_order(order: Approved, *ticks: Tick, **how: object) -> Played:
    """Sent when Q was seen; then the ticks."""
    played = venue(**how)  # type: ignore[arg-type]
    played.play([Q])
    played.venue.send(order, 0)
    return played.play(ticks)


def test_an_order_is_executed_at_the_next_tick_and_never_at_the_one_that_caused_it() -> None:
    played = with_order(bought("30"))
    assert played.fills == []
    dearer = quote(0, 10.1, 5, 10.2, 100)  # of the same nanosecond
    assert played.play([dearer]).fills == ["30 @ 10.2"]


def test_a_market_order_takes_what_is_displayed_and_then_only_what_is_new() -> None:
    played = with_order(bought("100"), later(Q, 1), later(Q, 2), trade(3, 10.1, 5, 1, Q))
    assert played.fills == ["40 @ 10.1"]
    played.play([quote(4, 10.0, 50, 10.1, 20), quote(5, 10.0, 50, 10.1, 45)])
    assert played.fills == ["40 @ 10.1", "25 @ 10.1"]  # it grew by 25
    played.play([quote(6, 10.0, 50, 10.2, 15), later(Q, 7)])
    assert played.fills[2:] == ["15 @ 10.2", "20 @ 10.1"]


def test_what_one_order_took_another_cannot_take_again() -> None:
    played = with_order(bought("40"), later(Q, 1))
    played.venue.send(approved("second", Side.BUY, "10"), 1)
    assert played.play([later(Q, 2)]).fills == ["40 @ 10.1"]
    played.play([quote(3, 10.0, 50, 10.3, 40), later(Q, 4)])
    assert played.fills == ["40 @ 10.1", "10 @ 10.3"]


def test_the_rest_of_a_limit_order_waits_behind_what_is_displayed_at_its_price() -> None:
    played = with_order(bought("30", "10.0"), later(Q, 1))
    sells = [trade(n + 2, 10.0, 20, -1, Q) for n in range(3)]
    assert played.play(sells).fills == ["10 @ 10 m"]  # 60 were sold, 50 stood before us
    assert played.play([trade(5, 10.0, 500, 1, Q)]).fills == ["10 @ 10 m"]  # a buyer takes asks
    assert played.play([trade(6, 10.0, 500, -1, Q)]).fills == ["10 @ 10 m", "20 @ 10 m"]


def test_who_cancels_is_taken_to_stand_behind_us_until_the_price_is_left() -> None:
    played = with_order(bought("30", "10.0"), later(Q, 1), quote(2, 10.0, 1, 10.1, 40))
    assert played.play([trade(3, 10.0, 20, -1, Q)]).fills == []
    played.play([quote(4, 9.9, 50, 10.1, 40), later(Q, 5)])
    assert played.play([trade(6, 10.0, 20, -1, Q)]).fills == ["20 @ 10 m"]


def test_a_price_inside_the_spread_is_first_in_its_queue() -> None:
    wide = quote(1, 10.0, 50, 10.3, 40)
    played = with_order(bought("30", "10.1"), wide, trade(2, 10.1, 7, -1, wide))
    assert played.fills == ["7 @ 10.1 m"]


def test_a_deeper_price_learns_its_queue_when_it_becomes_the_best() -> None:
    played = with_order(bought("30", "9.9"), later(Q, 1), trade(2, 9.9, 500, -1, Q))
    assert played.fills == []
    falls = quote(3, 9.9, 60, 10.0, 40)
    played.play([falls, trade(4, 9.9, 70, -1, falls)])
    assert played.fills == ["10 @ 9.9 m"]


def test_trades_and_quotes_beyond_its_price_fill_it_at_its_price() -> None:
    through = trade(2, 9.8, 12, -1, Q)
    assert with_order(bought("30", "9.9"), later(Q, 1), through).fills == ["12 @ 9.9 m"]
    beyond = quote(2, 9.7, 5, 9.8, 25)
    played = with_order(bought("30", "9.9"), later(Q, 1), beyond, later(beyond, 3))
    assert played.fills == ["25 @ 9.9 m"]


def test_a_limit_order_that_crosses_takes_and_its_rest_is_the_new_best() -> None:
    played = with_order(bought("60", "10.1"), later(Q, 1), trade(2, 10.1, 8, -1, Q))
    assert played.fills == ["40 @ 10.1", "8 @ 10.1 m"]


def test_sells_mirror_buys() -> None:
    assert with_order(sold("60"), later(Q, 1)).fills == ["50 @ 10"]
    played = with_order(sold("30", "10.1"), later(Q, 1))
    assert played.play([trade(2, 10.1, 45, 1, Q)]).fills == ["5 @ 10.1 m"]
    assert played.play([trade(3, 10.2, 9, 1, Q)]).fills[1:] == ["9 @ 10.1 m"]
    deeper = with_order(sold("30", "10.3"), later(Q, 1), quote(2, 10.4, 8, 10.5, 1))
    assert deeper.fills == ["8 @ 10.3 m"]


@pytest.mark.parametrize(
    "bad", [quote(1, nan, 0, nan, 0), quote(1, 10.2, 50, 10.1, 50)], ids=["nan", "crossed"]
)
def test_nothing_is_executed_while_the_quote_is_not_to_be_trusted(bad: Tick) -> None:
    sale = trade(2, 1.0, 500, -1, bad)
    assert with_order(bought("30"), bad, sale).fills == []
    assert with_order(bought("30", "10.0"), later(Q, 1), later(bad, 2), later(sale, 3)).fills == []


def test_orders_cancels_and_reports_take_their_time() -> None:
    terms = VenueTerms(latency_ms=D("0.00001"))  # 10 ns
    played = venue(terms)
    played.venue.send(bought("10"), 5)
    assert played.venue.wake_at == 15
    played.play([later(Q, 14), later(Q, 16)])
    assert (played.told, played.venue.wake_at) == ([], 25)
    played.play([later(Q, 25), later(Q, 26)])
    assert played.told == [
        (25, Accepted("order", 15)),
        (26, Executed("order", 16, "order-1", D(10), D("10.1"), ZERO)),
    ]
    assert played.venue.wake_at == NEVER


def test_a_fill_may_come_before_the_cancel() -> None:
    terms = VenueTerms(latency_ms=D("0.00001"))
    played = venue(terms)
    played.venue.send(bought("60"), 0)
    played.play([later(Q, 10)])
    played.venue.cancel("order", 12)
    report = played.venue.status("order")
    assert report is not None
    assert report.status is OrderStatus.CANCEL_PENDING
    played.play([quote(21, 10.0, 50, 10.2, 7), quote(22, 10.0, 50, 10.3, 7), later(Q, 50)])
    assert played.fills == ["40 @ 10.1", "7 @ 10.2"]
    assert played.told[-1] == (50, Canceled("order", 22, D(47)))
    played.venue.cancel("order", 60)
    played.venue.cancel("nobody's", 60)
    last = [event for _, event in played.play([later(Q, 90)]).told[-2:]]
    assert [type(event) for event in last] == [CancelRejected, CancelRejected]


def test_a_buy_stays_below_what_was_reserved_for_it_and_says_so() -> None:
    terms = VenueTerms(latency_ms=ZERO, taker_fee=D("0.001"))
    played = with_order(bought("30", cap="203"), quote(1, 10.0, 9, 10.1, 90), terms=terms)
    assert played.fills == ["20 @ 10.1"]  # 202.202; 21 would cost 212.3121
    assert played.cost == D("202.202")
    canceled = played.told[-1][1]
    assert isinstance(canceled, Canceled)
    assert canceled.filled == D(20)
    assert "more than was reserved" in canceled.reason


def test_fees_of_parts_add_up_to_the_fee_of_the_whole() -> None:
    terms = VenueTerms(latency_ms=ZERO, taker_fee=D("0.000000003"), maker_fee=D("0.5"))
    ticks = [quote(n, 1.0, 1, 1.5 + n / 10, 1) for n in range(1, 4)]
    played = with_order(bought("3"), *ticks, terms=terms)
    assert sum(e.fee for e in played.executions) == D("0.00000002")  # 5.1 x 3e-9, rounded once
    rests = with_order(bought("3", "10.0"), later(Q, 1), trade(2, 9.0, 3, -1, Q), terms=terms)
    assert [e.fee for e in rests.executions] == [15]


def test_without_quotes_trades_are_shared() -> None:
    terms = VenueTerms(latency_ms=ZERO, participation=D("0.25"))
    bare = quote(0, nan, 0, nan, 0)
    prints = [trade(n + 1, 10.0 - n, 10, 0, bare) for n in range(3)]
    assert with_order(bought("5"), *prints, terms=terms, quoted=False).fills == [
        "2 @ 10",
        "2 @ 9",
        "1 @ 8",
    ]
    rests = with_order(bought("5", "9"), *prints, terms=terms, quoted=False)
    assert rests.fills == ["2 @ 9 m"]  # not at its own price, where nobody knows the queue


def test_odd_orders() -> None:
    played = with_order(approved("order", Side.BUY, "1", symbol=Symbol("ZZZ")), later(Q, 1))
    assert isinstance(played.told[-1][1], Rejected)
    twice = with_order(bought("10"))
    twice.venue.send(bought("10"), 0)
    assert twice.play([later(Q, 1)]).fills == ["10 @ 10.1"]
    assert twice.venue.status("nobody's") is None
    crypto = with_order(bought("0.05"), quote(1, 1.0, 1, 2.0, 0.0333), step="0.01")
    assert crypto.fills == ["0.03 @ 2"]


@dataclass(frozen=True)
class Placed:
    """An order that is sent after the tick `at`, and canceled `wait` ticks later."""

    at: int
    wait: int | None
    order: Approved


def drawn_ticks(lot: Random, number: int) -> list[Tick]:
    """Quotes that walk, sizes that grow and shrink, trades at them and beyond; some of it bad."""
    ticks, at, level = [], 0, 100
    bid_size, ask_size, spread = 5.0, 5.0, 1
    for _ in range(number):
        at += lot.choice((0, 1, 1, 2, 5))
        if lot.random() < 0.35:
            level, spread = level + lot.choice((-1, 1)), lot.choice((1, 1, 2, 3))
        if lot.random() < 0.5:
            bid_size, ask_size = float(lot.randint(0, 12)), float(lot.randint(0, 12))
        bid, ask = level / 10, (level + spread) / 10
        fault = lot.random()
        if fault < 0.08:
            bid, ask = lot.choice(((nan, nan), (nan, ask), (bid, nan), (ask, bid)))
        kind = lot.choice((TRADE, QUOTE, QUOTE))
        price, volume = nan, 0.0
        if kind == TRADE:
            price = (level + lot.choice((0, 0, spread, spread, -1, spread + 1))) / 10
            volume = float(lot.randint(0, 25))
        symbol, side = int(lot.random() < 0.1), lot.choice((-1, -1, 0, 1, 1))
        sizes = bid_size, ask_size
        ticks.append(Tick(at, 0, symbol, kind, price, volume, bid, sizes[0], ask, sizes[1], side))
    return ticks


def drawn_orders(lot: Random, ticks: list[Tick]) -> list[Placed]:
    placed = []
    for name in range(25):
        at = lot.randrange(len(ticks))
        near = 10.0 if isnan(ticks[at].bid) else ticks[at].bid
        limit = lot.choice((None, *(f"{near + n / 10:.1f}" for n in range(-2, 4))))
        side, quantity = lot.choice(tuple(Side)), str(lot.choice((1, 3, 8, 30)))
        cap = lot.choice(("100", "1000000", "1000000"))
        order = approved(str(name), side, quantity, limit, cap, lot.choice((A, A, A, B)))
        placed.append(Placed(at, lot.choice((None, 0, 3, 20)), order))
    return placed


def run(
    ticks: list[Tick], placed: list[Placed], terms: VenueTerms, *, quoted: bool, watched: bool
) -> Played:
    played = venue(terms, quoted=quoted)
    for number, tick in enumerate(ticks):
        play = played.play_watched if watched else played.play
        play([tick])
        for each in placed:
            if each.at == number:
                played.venue.send(each.order, tick.received)
            if each.wait is not None and each.at + each.wait == number:
                played.venue.cancel(each.order.order.id, tick.received)
    return played


@pytest.mark.parametrize("seed", range(60))
def test_the_watch_is_complete_and_what_is_executed_was_there(seed: int) -> None:
    """Asked only at the ticks that it watches, the venue tells the same at the same times."""
    lot = Random(seed)
    terms = VenueTerms(
        latency_ms=lot.choice((ZERO, D("0.000001"), D("0.000004"))),
        maker_fee=lot.choice((ZERO, D("0.0001"))),
        taker_fee=lot.choice((ZERO, D("0.0007"))),
        displayed_only=lot.random() < 0.85,
        participation=lot.choice((D(1), D("0.5"))),
    )
    quoted = lot.random() < 0.8
    ticks = drawn_ticks(lot, 200)
    placed = drawn_orders(lot, ticks)
    every = run(ticks, placed, terms, quoted=quoted, watched=False)
    watched = run(ticks, placed, terms, quoted=quoted, watched=True)
    assert watched.told == every.told
    orders = {each.order.order.id: each.order for each in placed}
    for name, sent in orders.items():
        report = every.venue.status(name)
        assert report is not None
        _kept_to(sent, report, quoted=quoted)
    shared: dict[tuple[object, ...], Decimal] = {}
    for e in every.executions:
        sent = orders[e.order_id]
        key: tuple[object, ...] = (e.at, sent.order.symbol)
        if quoted:
            key = (*key, sent.order.side, e.is_maker, None if e.is_maker else e.price)
        shared[key] = shared.get(key, ZERO) + e.quantity
    for key, quantity in shared.items():
        if terms.displayed_only or not quoted:
            assert quantity <= _there(ticks, terms, key, quoted=quoted)


def _kept_to(sent: Approved, report: OrderReport, *, quoted: bool) -> None:
    """Its quantity, its limit, and what was reserved for it."""
    order, filled = sent.order, sum(e.quantity for e in report.executions)
    assert filled <= order.quantity
    assert (report.status is OrderStatus.FILLED) == (filled == order.quantity)
    sign = 1 if order.side is Side.BUY else -1
    for e in report.executions:
        assert order.limit is None or (e.price - order.limit) * sign <= 0
        assert not e.is_maker or e.price == order.limit
    if order.side is Side.BUY:
        cost = sum(e.quantity * e.price + e.fee for e in report.executions)
        assert cost <= sent.quote.notional + sent.quote.commission
    assert quoted or not any(e.is_maker and order.limit is None for e in report.executions)


def _there(
    ticks: list[Tick], terms: VenueTerms, key: tuple[object, ...], *, quoted: bool
) -> Decimal:
    """The most that could be had of all ticks of one moment: displayed, or traded."""
    most = ZERO
    for t in ticks:
        if (t.received, (A, B)[t.symbol]) != key[:2]:
            continue
        traded = D(t.volume) if t.kind == TRADE else ZERO
        if not quoted:
            most += traded * terms.participation
            continue
        _, _, side, is_maker, price = key
        best, size = (t.ask, t.ask_size) if side is Side.BUY else (t.bid, t.bid_size)
        if is_maker:
            most += traded + D(size)
        elif price is not None and best == float(str(price)):
            most += D(size)
    return most


def test_nothing_to_watch_when_nothing_is_at_work() -> None:
    played = venue(AT_ONCE)
    idle = played.venue.watch.copy()
    played.venue.send(bought("40"), 0)
    assert played.venue.watch[0][0] == 1
    played.play([later(Q, 1)])
    leaves = [quote(2, 10.0, 50, ask, 40) for ask in (10.3, 10.05)]
    watched = [matches(played.venue.watch, tick) for tick in (later(Q, 2), *leaves)]
    assert watched == [False, True, True]  # when the price that we took from is left
    played.play(leaves[:1])
    assert (played.venue.watch == idle).all()
