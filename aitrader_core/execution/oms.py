"""Orders that live for a while: through risk, to a venue, and home as fills, all of it audited."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b

from aitrader_core.domain.account import Account
from aitrader_core.domain.denials import Denial
from aitrader_core.domain.limits import PreTrade
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.order_venue import (
    Accepted,
    Canceled,
    CancelRejected,
    Executed,
    Expired,
    OrderVenue,
    Rejected,
    VenueEvent,
)
from aitrader_core.domain.orders import Order, Quote, Refused, Side
from aitrader_core.domain.portfolio import Adjustment
from aitrader_core.domain.risk import TradingRules
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import OrderStatus, TrailEntry
from aitrader_core.execution import facts
from aitrader_core.execution.facts import Event
from aitrader_core.execution.mandate import ROUNDING, Mandate
from aitrader_core.execution.reconciling import OPEN_AT_VENUE, missed
from aitrader_core.execution.state import Ticket
from aitrader_core.execution.trail import STEPS, Booked, Trail, replay
from aitrader_core.execution.transitions import OPEN, Step
from aitrader_core.simulation.desk import Desk

_BUY, _SELL = Side.BUY, Side.SELL
_DIGITS = bytes(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte % 32] for byte in range(256))
_ACCEPT = Step.ACCEPT
_EVENTS: Mapping[type[VenueEvent], str] = {
    Canceled: Event.CANCELED,
    CancelRejected: Event.CANCEL_REJECTED,
    Rejected: Event.REJECTED,
    Expired: Event.EXPIRED,
}


class Oms:
    """The orders of one model's session at a venue that works them over time.

    Everything goes through the desk: its risk path lets an order pass, and what is executed is
    booked there. `prices` are the last ones known, kept current by whoever plays the ticks. Times
    are our clock, in ns since 1970 UTC, and never go back. Each thing that happens is in the
    desk's trail before the venue hears of it.

    Given the `trail` of a desk that was lost, with a desk as it was opened, it goes on from there.
    """

    def __init__(
        self,
        desk: Desk,
        venue: OrderVenue,
        mandate: Mandate,
        prices: Mapping[Symbol, Decimal],
        trading: TradingState = TradingState.ACTIVE,
        trail: Sequence[TrailEntry] = (),
    ) -> None:
        self.desk, self.venue, self.mandate, self.prices = desk, venue, mandate, prices
        self.as_of: int | None = None  # when the ledger was last compared; None: it is the venue's
        self.aside: list[VenueEvent] = []  # of orders that are not ours
        self.state = replay(trail, desk.portfolio, trading, self._book)
        desk.trail.extend(trail)
        self._settles_later = type(desk.rules).sellable is not TradingRules.sellable
        self._locked = dict(desk.unsettled())  # bought today, where that is not to be sold
        self._trail = Trail(desk.trail)
        self._name = blake2b(f"{mandate.name}|".encode(), digest_size=20)  # ids begin with it
        self._now = 0
        self._window = mandate.limits.rate_window_ms * 1_000_000
        whole = desk.rules.quantity_step == desk.rules.quantity_step.to_integral_value()
        self._rounding = ZERO if whole else ROUNDING
        desk.guard = PreTrade(mandate.limits, lambda: self.account(self._now))

    def submit(self, order: Order, now: int) -> Ticket | Refused:
        """Send `order` if risk lets it pass. One without an id is given the next one.

        The same order under the same id is not sent twice: what became of the first is returned.
        """
        if not order.id:
            order = Order(order.symbol, order.side, order.quantity, order.limit, self.next_id())
        elif known := self.state.tickets.get(order.id):
            return self._again(known, order, now)
        self._now = now
        decision = self.desk.check(order, self._quote(order))
        if isinstance(decision, Refused):
            return self._deny(decision, now)
        quote = decision.quote
        ticket = self.state.submit(order, quote, facts.wish(order), now)
        self._note(now, Event.SUBMITTED, order.id, facts.submitted(order, quote))
        self.venue.send(decision, now)
        return ticket

    def next_id(self) -> str:
        """20 characters, the same whenever the same session is played again."""
        number = len(self.state.tickets)
        while True:
            number += 1
            made = self._name.copy()
            made.update(b"%d" % number)
            order_id = made.digest().translate(_DIGITS).decode()
            if order_id not in self.state.tickets:
                return order_id

    def listen(self, now: int) -> None:
        """Take in what the venue has told until `now`."""
        for event in self.venue.deliver(now):
            self.on(event, now)

    def on(self, event: VenueEvent, now: int) -> None:
        """Raises ImpossibleReport for what can't be, and then nothing has changed."""
        ticket = self.state.tickets.get(event.order_id)
        if ticket is None:
            self.aside.append(event)
            self._note(now, Event.UNKNOWN, event.order_id, facts.told(event))
        elif isinstance(event, Executed):
            self._executed(ticket, event, now)
        elif isinstance(event, Accepted):
            self._accepted(ticket, event, now)
        else:
            self._moved(ticket, event, now)

    def cancel(self, order_id: str, now: int) -> None:
        """Ask the venue to; nothing happens to what is closed, or being canceled."""
        ticket = self.state.tickets.get(order_id)
        if ticket and ticket.is_open and ticket.status is not OrderStatus.CANCEL_PENDING:
            self._cancel(ticket, now)

    def cancel_all(self, now: int) -> None:
        for ticket in tuple(self.state.unsettled.values()):
            self.cancel(ticket.id, now)

    def expire_all(self, now: int) -> None:
        """At the session's end: learn what the venue still knows, and close what is open."""
        self._ask(tuple(self.state.unsettled.values()), now)
        for ticket in tuple(self.state.unsettled.values()):
            if ticket.is_open:
                self.on(Expired(ticket.id, now), now)

    def kill(self, trading: TradingState, reason: str, now: int) -> bool:
        """Set the kill switch; whether that could be done.

        Halted cancels what is open, reducing what is open of buys. Nobody leaves halted before
        nothing is open any more.
        """
        state = self.state
        if trading is state.trading:
            return True
        if state.trading is TradingState.HALTED and self.open_orders:
            return False
        said = facts.canonical({"reason": reason, "state": trading.value})
        state.trading = trading
        self._note(now, Event.TRADING, "", said)
        self._enforce(now)
        return True

    def reconcile(self, now: int) -> None:
        """Ask the venue about orders that were without news for longer than the time-out.

        What was lost on the way is made good: answers, executions, cancels. Called often enough,
        it leaves nothing open that the kill switch does not let stand.
        """
        limit = now - self.mandate.timeout
        self._ask([t for t in self.state.unsettled.values() if t.heard <= limit], now)
        self._enforce(now)

    def correct(
        self, symbol: Symbol | None, quantity: Decimal, cash: Decimal, reason: str, now: int
    ) -> None:
        """Follow another ledger, a broker's. Raises LedgerError as `Desk.correct` does."""
        self.desk.correct(symbol, quantity, cash, reason)
        self.state.portfolio = self.desk.portfolio
        self._locked = dict(self.desk.unsettled())
        changed = {"cash": cash, "quantity": quantity, "reason": reason, "symbol": symbol}
        self._note(now, Event.CORRECTED, "", facts.canonical(changed))

    @property
    def open_orders(self) -> tuple[Ticket, ...]:
        return tuple(t for t in self.state.unsettled.values() if t.is_open)

    def account(self, now: int) -> Account:
        """As it is now: its mappings are ours, and change with the next event."""
        state, portfolio = self.state, self.desk.portfolio
        return Account(
            now,
            now if self.as_of is None else self.as_of,
            portfolio.cash,
            self.mandate.value_at_start,
            portfolio.positions,
            self.prices,
            state.reserved,
            state.incoming,
            self._outgoing(),
            state.trading,
            len(state.sent) - bisect_right(state.sent, now - self._window),
            state.tickets,
        )

    def _outgoing(self) -> Mapping[Symbol, Decimal]:
        """Working sells, and what may not be sold before the next session."""
        promised = self.state.outgoing
        locked = self._locked
        if not locked:
            return promised
        return {s: promised.get(s, ZERO) + locked.get(s, ZERO) for s in {*promised, *locked}}

    def _lock(self, symbol: Symbol) -> None:
        kept = self.desk.portfolio.held(symbol) - self.desk.sellable(symbol)
        if kept:
            self._locked[symbol] = kept
        else:
            self._locked.pop(symbol, None)

    def _quote(self, order: Order) -> Quote | None:
        free = self.desk.portfolio.cash - self.state.reserved
        return self.mandate.quote(order, self.prices.get(order.symbol), free, self._rounding)

    def _again(self, known: Ticket, order: Order, now: int) -> Ticket | Refused:
        if known.wish == facts.wish(order):
            self._note(now, Event.REPEATED, order.id, "{}")
            return known.refused or known
        reason = f"the id {order.id} was used before, for another order"
        refused = Refused(order, reason, Denial.DUPLICATE_ID)
        self.desk.book(refused)
        self._note(now, Event.DUPLICATE_ID, order.id, facts.denied(refused))
        return refused

    def _deny(self, refused: Refused, now: int) -> Refused:
        self.desk.book(refused)
        self.state.deny(refused, facts.wish(refused.order))
        self._note(now, Event.DENIED, refused.order.id, facts.denied(refused))
        return refused

    def _executed(self, ticket: Ticket, event: Executed, now: int) -> None:
        ticket.heard = now
        if event.execution_id in ticket.executions:
            self._note(now, Event.IGNORED, event.order_id, facts.told(event))
            return
        state = self.state
        status = state.after_fill(ticket, event.quantity, event.price, event.fee)
        fill = ticket.part(event.quantity, event.price, event.fee)
        kind = Event.EXECUTED if ticket.status in OPEN else Event.EXECUTED_LATE
        self.desk.book(fill)
        state.portfolio = self.desk.portfolio
        state.fill(ticket, status, event.execution_id, fill)
        if self._settles_later:
            self._lock(ticket.order.symbol)
        self._note(now, kind, event.order_id, facts.executed(event))

    def _accepted(self, ticket: Ticket, event: Accepted, now: int) -> None:
        is_news = self.state.step(ticket, _ACCEPT)
        ticket.heard = now
        if is_news:
            self._note(now, Event.ACCEPTED, event.order_id, facts.venue_time(event.at))
        else:
            self._note(now, Event.IGNORED, event.order_id, facts.told(event))

    def _moved(
        self, ticket: Ticket, event: Canceled | CancelRejected | Rejected | Expired, now: int
    ) -> None:
        kind = _EVENTS[type(event)]
        filled, reason = getattr(event, "filled", None), getattr(event, "reason", "")
        is_news = self.state.step(ticket, STEPS[kind], filled, reason)
        # what can't be canceled may be closed, and nobody told us: it is asked about next
        ticket.heard = 0 if kind == Event.CANCEL_REJECTED else now
        if not is_news:
            self._note(now, Event.IGNORED, event.order_id, facts.told(event))
        else:
            self._note(now, kind, event.order_id, facts.closed(event.at, filled, reason))

    def _cancel(self, ticket: Ticket, now: int) -> None:
        self.state.step(ticket, STEPS[Event.CANCEL_PENDING])
        ticket.heard = now
        self._note(now, Event.CANCEL_PENDING, ticket.id, "{}")
        self.venue.cancel(ticket.id, now)

    def _enforce(self, now: int) -> None:
        """What the kill switch does not let stand is canceled."""
        if self.state.trading is TradingState.ACTIVE:
            return
        halted = self.state.trading is TradingState.HALTED
        for ticket in self.open_orders:
            if halted or ticket.order.side is _BUY:
                self.cancel(ticket.id, now)

    def _ask(self, tickets: Sequence[Ticket], now: int) -> None:
        for ticket in tickets:
            report = self.venue.status(ticket.id)
            for event in missed(ticket, report, now):
                said = facts.canonical({"told": type(event).__name__})
                self._note(now, Event.RECONCILED, ticket.id, said)
                self.on(event, now)
            ticket.heard = now
            is_open = report is not None and report.status in OPEN_AT_VENUE
            if is_open and ticket.status is OrderStatus.CANCEL_PENDING:
                self._cancel(ticket, now)  # that one was lost

    def _note(self, now: int, event: str, order_id: str, said: str) -> None:
        self._trail.add(now, event, order_id, said)
        self.state.count(event)

    def _book(self, fact: Booked) -> None:
        """What a trail has booked, at a desk that has not."""
        if isinstance(fact, Adjustment):
            reason = fact.reason or ""
            self.desk.correct(fact.symbol, fact.quantity_change, fact.cash_change, reason)
        else:
            self.desk.book(fact)
