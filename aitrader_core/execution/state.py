"""What is known of the orders of one session, and of what they have promised."""

from dataclasses import dataclass, field
from decimal import Decimal

from aitrader_core.domain.errors import ImpossibleReport
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO, times
from aitrader_core.domain.orders import Fill, Order, Quote, Refused, Side
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import OrderStatus
from aitrader_core.execution.transitions import OPEN, Step, after

_BUY = Side.BUY  # like the rest, looked up once: each time takes 0.07 us
_SUBMITTED = OrderStatus.SUBMITTED
_ACCEPT, _REFUSE_CANCEL = Step.ACCEPT, Step.REFUSE_CANCEL
_FILL, _FILL_PART = Step.FILL, Step.FILL_PART


@dataclass(slots=True)
class Ticket:
    """One order and what became of it. `wish` is the order as it stands in the trail.

    `quote` is what it may cost at most, and None of one that was denied. `notional` and `fees` are
    of what is `filled`. While it is open, and for executions that the venue has told of without
    their particulars (`owed`), it keeps a quantity and cash `promised`. `heard` is when the venue
    was last known to be right about it.
    """

    order: Order = field(compare=False)  # a quantity that is no number is not even itself
    wish: str
    quote: Quote | None
    status: OrderStatus
    refused: Refused | None = field(default=None, compare=False)
    reason: str = ""
    is_accepted: bool = False
    filled: Decimal = ZERO
    notional: Decimal = ZERO
    fees: Decimal = ZERO
    owed: Decimal = ZERO
    promised: Decimal = ZERO
    promised_cash: Decimal = ZERO
    executions: set[str] = field(default_factory=set)
    heard: int = field(default=0, compare=False)

    @property
    def id(self) -> str:
        return self.order.id

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def remaining(self) -> Decimal:
        return self.order.quantity - self.filled

    def part(self, quantity: Decimal, price: Decimal, fee: Decimal) -> Fill:
        """An execution as it is booked: of an order of its own quantity, under the one id."""
        whole = self.order
        if quantity == whole.quantity:
            return Fill(whole, price, times(quantity, price), fee)
        order = Order(whole.symbol, whole.side, quantity, whole.limit, whole.id)
        return Fill(order, price, times(quantity, price), fee)

    @property
    def average_price(self) -> Decimal | None:
        """Of what is filled; None of nothing."""
        return self.notional / self.filled if self.filled else None


@dataclass(slots=True)
class OmsState:
    """All of it, mutable: `replay` (execution/trail.py) makes the same again from a trail.

    `tickets` has every order by its id, denied ones included, `unsettled` those of which something
    is still to come. `reserved` is the cash of working buys, `incoming` and `outgoing` are the
    quantities of working buys and sells. `sent` is when each order was sent to the venue, in ns,
    and `counts` how many entries of each event the trail has.
    """

    portfolio: Portfolio
    trading: TradingState = TradingState.ACTIVE
    tickets: dict[str, Ticket] = field(default_factory=dict)
    unsettled: dict[str, Ticket] = field(default_factory=dict)
    reserved: Decimal = ZERO
    incoming: dict[Symbol, Decimal] = field(default_factory=dict)
    outgoing: dict[Symbol, Decimal] = field(default_factory=dict)
    sent: list[int] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def submit(self, order: Order, quote: Quote, wish: str, at: int) -> Ticket:
        ticket = Ticket(order, wish, quote, _SUBMITTED, heard=at)
        self.tickets[order.id] = self.unsettled[order.id] = ticket
        self.sent.append(at)
        cash = quote.notional + quote.commission if order.side is _BUY else ZERO
        self._promise(ticket, order.quantity, cash)
        return ticket

    def deny(self, refused: Refused, wish: str) -> None:
        order, reason = refused.order, refused.reason
        self.tickets[order.id] = Ticket(
            order, wish, None, OrderStatus.DENIED, refused=refused, reason=reason
        )

    def after_fill(
        self, ticket: Ticket, quantity: Decimal, price: Decimal, fee: Decimal
    ) -> OrderStatus:
        """The status after an execution that was not told before. Raises ImpossibleReport."""
        left = ticket.order.quantity - ticket.filled
        step = _FILL if quantity == left else _FILL_PART
        status = after(ticket.status, step, ticket.order.id)
        if not ZERO < quantity <= left or price <= ZERO or fee < ZERO:
            raise ImpossibleReport(
                f"order {ticket.id} has {left} left, and yet {quantity} of it are told to be "
                f"executed at {price} for a fee of {fee}"
            )
        assert status is not None
        return status

    def fill(self, ticket: Ticket, status: OrderStatus, execution_id: str, fill: Fill) -> None:
        """Count an execution that `after_fill` let pass."""
        quantity, notional = fill.order.quantity, fill.notional
        is_late = ticket.status not in OPEN
        ticket.status = status
        ticket.executions.add(execution_id)
        ticket.filled += quantity
        ticket.notional += notional
        ticket.fees += fill.commission
        if is_late:
            ticket.owed = max(ticket.owed - quantity, ZERO)
        self._settle(ticket, notional + fill.commission)

    def step(
        self, ticket: Ticket, step: Step, told: Decimal | None = None, reason: str = ""
    ) -> bool:
        """Whether it was news. `told` is what the venue says that it has executed of a closed one.

        Raises ImpossibleReport, and then nothing has changed.
        """
        status = after(ticket.status, step, ticket.order.id)
        if status is None and not (step is _ACCEPT and not ticket.is_accepted):
            return False
        if step is _ACCEPT:
            ticket.is_accepted = True
        if step is _REFUSE_CANCEL:
            status = _standing(ticket)
        if status is not None:
            self._move(ticket, status, told, reason)
        return True

    def count(self, event: str) -> None:
        """That an entry was added to the trail."""
        self.counts[event] = self.counts.get(event, 0) + 1

    def _move(self, ticket: Ticket, status: OrderStatus, told: Decimal | None, reason: str) -> None:
        ticket.status = status
        if reason:
            ticket.reason = reason
        if status not in OPEN and told is not None:
            ticket.owed = max(told - ticket.filled, ZERO)
        self._settle(ticket, ZERO)

    def _settle(self, ticket: Ticket, paid: Decimal) -> None:
        """Keep promised what may still come of it, and let go of the rest."""
        left = ticket.order.quantity - ticket.filled if ticket.status in OPEN else ticket.owed
        cash = ticket.promised_cash
        if not left:
            self._promise(ticket, ZERO, ZERO)
            self.unsettled.pop(ticket.order.id, None)
        elif paid and cash:
            self._promise(ticket, left, max(cash - paid, ZERO))
        elif left != ticket.promised:
            self._promise(ticket, left, cash)

    def _promise(self, ticket: Ticket, quantity: Decimal, cash: Decimal) -> None:
        order = ticket.order
        sums = self.incoming if order.side is _BUY else self.outgoing
        total = sums.get(order.symbol, ZERO) + quantity - ticket.promised
        if total:
            sums[order.symbol] = total
        else:
            sums.pop(order.symbol, None)
        self.reserved += cash - ticket.promised_cash
        ticket.promised, ticket.promised_cash = quantity, cash


def _standing(ticket: Ticket) -> OrderStatus:
    """Of an open order that is not being canceled."""
    if ticket.filled:
        return OrderStatus.PARTIALLY_FILLED
    return OrderStatus.ACCEPTED if ticket.is_accepted else OrderStatus.SUBMITTED
