"""What an order costs on its way through the OMS: risk, audit trail, executions, ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from statistics import median

from aitrader_core.domain.limits import Limits
from aitrader_core.domain.market import Bar, Symbol
from aitrader_core.domain.order_venue import Accepted, Executed, OrderReport, VenueEvent
from aitrader_core.domain.orders import Approved, Order, Side
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.risk import TradingRules
from aitrader_core.execution.mandate import Mandate
from aitrader_core.execution.oms import Oms
from aitrader_core.execution.state import Ticket
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.venue import SimulatedVenue
from benchmarks.line import Line
from benchmarks.timing import Contestant, Timed, take_turns

NAME = "orders"
AIM = 20  # microseconds an order
SESSION = date(2024, 1, 2)
SYMBOLS = tuple(Symbol(f"S{number}") for number in range(50))
PRICE, FEE = Decimal("100.25"), Decimal("0.0005")
PARTS = (Decimal(40), Decimal(60))
WHOLE = sum(PARTS, Decimal(0))
TOLD = [(f"-{part}", part, part * PRICE * FEE) for part in PARTS]  # by the venue: not ours to time
CASH = Decimal(100_000_000)
LIMITS = Limits(
    max_quantity=Decimal(1_000),
    price_collar=Decimal("0.05"),
    max_notional=Decimal(1_000_000),
    max_position=Decimal(100_000),
    max_gross_exposure=Decimal(1),
    max_daily_loss=Decimal("0.1"),
    max_orders=1_000_000,
)


class SilentVenue:
    """Takes orders; what it would say is said by the benchmark."""

    def send(self, approved: Approved, now: int) -> None: ...

    def cancel(self, order_id: str, now: int) -> None: ...

    def deliver(self, now: int) -> Sequence[VenueEvent]:  # noqa: ARG002
        return ()

    def status(self, order_id: str) -> OrderReport | None:  # noqa: ARG002
        return None


@dataclass(slots=True)
class Bare:
    """The same orders without risk, ids, trail or ledger."""

    cash: Decimal = CASH
    positions: dict[Symbol, Decimal] = field(default_factory=dict)
    status: dict[int, str] = field(default_factory=dict)

    def trade(self, number: int, symbol: Symbol, side: Side) -> None:
        sign = 1 if side is Side.BUY else -1
        self.status[number] = "submitted"
        self.status[number] = "accepted"
        for part in PARTS:
            notional = part * PRICE
            self.cash -= sign * notional + notional * FEE
            self.positions[symbol] = self.positions.get(symbol, Decimal(0)) + sign * part
        self.status[number] = "filled"


def run(*, quick: bool) -> list[Line]:
    """Market orders, each accepted and filled in two parts; buys, then sells of the same."""
    orders, repeats = (1_000, 1) if quick else (20_000, 5)
    timed = take_turns(
        {
            "ours": Contestant(lambda: through_the_oms(orders), repeats),
            "bare": Contestant(lambda: bare(orders), repeats),
        }
    )
    ours, plain = timed["ours"], timed["bare"]
    if {*ours.results, *plain.results} != {ours.results[0]}:
        raise AssertionError("the OMS and the bare loop end with different cash")
    what = f"{orders:,} market orders, each with risk, audit and two fills"
    bare_ratio = min(plain.seconds) / min(ours.seconds)
    return [
        _line(what, ours, orders, aim=AIM),
        _line("the same without risk and audit", plain, orders, ratio=bare_ratio),
    ]


def through_the_oms(orders: int) -> Callable[[], Decimal]:
    prices = dict.fromkeys(SYMBOLS, PRICE)
    bars = [Bar(symbol, SESSION, PRICE) for symbol in SYMBOLS]
    venue = SimulatedVenue(Tape([SESSION], bars, (), depth=1), CostProfile(), SESSION)
    desk = Desk(venue, venue.open_session(), Portfolio(CASH), TradingRules())
    mandate = Mandate(f"us|benchmark|{SESSION}", CASH, LIMITS, FEE)
    oms = Oms(desk, SilentVenue(), mandate, prices)

    def trade() -> Decimal:
        for number in range(orders):
            symbol, side = _order(number)
            ticket = oms.submit(Order(symbol, side, WHOLE), number)
            assert isinstance(ticket, Ticket), ticket
            name = ticket.order.id
            oms.on(Accepted(name, number), number)
            for which, part, fee in TOLD:
                oms.on(Executed(name, number, name + which, part, PRICE, fee), number)
        return desk.portfolio.cash

    return trade


def bare(orders: int) -> Callable[[], Decimal]:
    book = Bare()

    def trade() -> Decimal:
        for number in range(orders):
            book.trade(number, *_order(number))
        return book.cash

    return trade


def _order(number: int) -> tuple[Symbol, Side]:
    turn, at = divmod(number, len(SYMBOLS))
    return SYMBOLS[at], Side.SELL if turn % 2 else Side.BUY


def _line(
    what: str,
    timed: Timed[Decimal],
    orders: int,
    *,
    aim: float | None = None,
    ratio: float | None = None,
) -> Line:
    each = [seconds / orders * 1e6 for seconds in timed.seconds]
    return Line(NAME, what, min(each), median(each), "us/order", len(each), ratio, aim)
