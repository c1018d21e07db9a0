"""Whatever is ordered, and whatever is lost, doubled or overtaken on the way to the venue and back:

the ledger holds, the trail tells the whole state, and the kill switch leaves nothing open.
"""

import json
from collections import Counter
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.orders import Fill, Order, Outcome, Refused, Side
from aitrader_core.domain.risk import NextSessionSettlement, TradingRules
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import OrderStatus, TrailEntry, first_broken
from aitrader_core.execution.facts import wish as wish_of
from aitrader_core.execution.trail import replay
from tests.execution.desks import OPENING, PRICES, SECOND, D, desk_of, oms_over
from tests.execution.faulty_venue import FaultyVenue
from tests.simulation.tapes import A, B

RULES = (TradingRules(), TradingRules(D("0.001")), NextSessionSettlement())
quantities = st.one_of(
    st.integers(1, 400).map(Decimal),
    st.sampled_from([D("0.333"), D(0), D(-3), D("NaN"), D("sNaN")]),
)
limits = st.sampled_from([None, None, D(9), D("10.5"), D(20), D("33.3333"), D("NaN"), D("1E+30")])
picks = st.integers(0, 10_000)


def _told(outcome: Outcome) -> tuple[object, ...]:
    """All of it; a quantity that is no number is not even itself."""
    wish = wish_of(outcome.order), outcome.order.id
    if isinstance(outcome, Refused):
        return *wish, outcome.reason, outcome.code
    return *wish, outcome.price, outcome.notional, outcome.commission


class OmsMachine(RuleBasedStateMachine):
    @initialize(rules=st.sampled_from(RULES))
    def set_up(self, rules: TradingRules) -> None:
        self.terms, self.now, self.is_over = rules, 0, False
        self.prices = dict(PRICES)
        self.venue = FaultyVenue()
        self.desk = desk_of(rules=rules)
        self.oms = oms_over(self.desk, self.venue, prices=self.prices)

    # What we do ---------------------------------------------------------------------------

    @precondition(lambda self: not self.is_over)
    @rule(
        symbol=st.sampled_from([A, A, B, Symbol("ZZZ")]),
        side=st.sampled_from(Side),
        quantity=quantities,
        limit=limits,
        name=st.sampled_from(["", "", "", "mine", "yours"]),
    )
    def submit(
        self, symbol: Symbol, side: Side, quantity: Decimal, limit: Decimal | None, name: str
    ) -> None:
        order = Order(symbol, side, quantity, limit, name)
        known, sent = name in self.oms.state.tickets, len(self.venue.inbox)
        outcome = self.oms.submit(order, self.now)
        if known or isinstance(outcome, Refused):
            assert len(self.venue.inbox) == sent
        else:
            assert self.oms.state.trading is not TradingState.HALTED
            assert outcome.status is OrderStatus.SUBMITTED
            assert len(self.venue.inbox) == sent + 1

    @precondition(lambda self: not self.is_over)
    @rule(symbol=st.sampled_from([A, B]), percent=st.integers(50, 100))
    def buy_with_what_is_left(self, symbol: Symbol, percent: int) -> None:
        free = self.oms.account(self.now).free_cash * percent / 100
        self.submit(symbol, Side.BUY, free // self.prices[symbol] or D(1), None, "")

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        if tickets := tuple(self.oms.state.tickets.values()):
            self.oms.cancel(tickets[pick % len(tickets)].id, self.now)

    @rule(trading=st.sampled_from(TradingState))
    def throw_the_switch(self, trading: TradingState) -> None:
        was, has_open = self.oms.state.trading, bool(self.oms.open_orders)
        done = self.oms.kill(trading, "to see what happens", self.now)
        assert done is (trading is was or was is not TradingState.HALTED or not has_open)

    @rule()
    def time_passes(self) -> None:
        self.now += 2 * SECOND
        self.oms.reconcile(self.now)

    @precondition(lambda self: not self.is_over)
    @rule()
    def restart(self) -> None:
        """As if the process was lost: with nothing but the trail."""
        before = self.oms.state
        trail, blotter, said = self.desk.trail, self.desk.blotter, self.desk.transcript.entries
        self.desk = desk_of(rules=self.terms)
        self.oms = oms_over(self.desk, self.venue, prices=self.prices, trail=tuple(trail))
        assert self.oms.state == before
        assert [*map(_told, self.desk.blotter)] == [*map(_told, blotter)]
        assert self.desk.transcript.entries == said

    @precondition(lambda self: len(self.desk.trail) > 20)
    @rule()
    def the_session_ends(self) -> None:
        self.is_over = True
        self.oms.expire_all(self.now)
        assert not self.oms.open_orders

    @rule(symbol=st.sampled_from([A, B]), price=st.sampled_from([D(8), D("11.11"), D(25)]))
    def the_price_moves(self, symbol: Symbol, price: Decimal) -> None:
        self.prices[symbol] = price

    # What the line and the venue do -------------------------------------------------------

    @rule(pick=picks, fate=st.sampled_from(["read", "read", "read", "lost", "doubled", "rejected"]))
    def a_message_arrives(self, pick: int, fate: str) -> None:
        inbox = self.venue.inbox
        if inbox:
            message = inbox[pick % len(inbox)]
            if fate != "doubled":
                inbox.remove(message)
            if fate != "lost":
                self.venue.read(message, rejects=fate == "rejected")

    @rule(pick=picks, eighths=st.integers(1, 12), price=st.sampled_from([D(8), D("9.999"), D(19)]))
    def the_venue_executes(self, pick: int, eighths: int, price: Decimal) -> None:
        orders = self.venue.open_orders
        if not orders:
            return
        order, step = orders[pick % len(orders)], self.terms.quantity_step
        part = (order.approved.order.quantity * eighths / 8 // step) * step
        quantity = min(max(part, step), order.left)
        if order.pays_for(quantity, price):
            self.venue.execute(order, quantity, price)

    @rule(pick=picks)
    def the_venue_expires(self, pick: int) -> None:
        if orders := self.venue.open_orders:
            self.venue.expire(orders[pick % len(orders)])

    @rule(pick=picks, fate=st.sampled_from(["told", "told", "told", "lost", "doubled"]))
    def a_report_arrives(self, pick: int, fate: str) -> None:
        outbox = self.venue.outbox
        if outbox:
            event = outbox[pick % len(outbox)]
            if fate != "doubled":
                outbox.remove(event)
            if fate != "lost":
                self.venue.due.append(event)
            self.oms.listen(self.now)

    # What always holds --------------------------------------------------------------------

    @invariant()
    def the_trail_tells_the_state(self) -> None:
        assert replay(self.desk.trail, OPENING) == self.oms.state

    @invariant()
    def the_ledger_holds(self) -> None:
        portfolio, filled = OPENING, Counter[str]()
        for outcome in self.desk.blotter:
            if isinstance(outcome, Fill):
                portfolio = portfolio.apply(outcome)  # raises for what is below zero
                filled[outcome.order.id] += outcome.order.quantity  # type: ignore[assignment]
        assert portfolio == self.desk.portfolio == self.oms.state.portfolio
        for ticket in self.oms.state.tickets.values():
            assert ticket.filled == filled[ticket.id]
            if ticket.status is not OrderStatus.DENIED:
                assert ticket.filled + ticket.remaining == ticket.order.quantity
                assert (ticket.status is OrderStatus.FILLED) <= (ticket.remaining == 0)

    @invariant()
    def what_is_promised_is_there(self) -> None:
        state, account = self.oms.state, self.oms.account(self.now)
        tickets = state.tickets.values()
        assert state.reserved == sum((t.promised_cash for t in tickets), ZERO)
        assert account.free_cash >= 0
        for symbol in (A, B):
            at_work = [t for t in tickets if t.order.symbol == symbol and t.promised]
            buys = sum((t.promised for t in at_work if t.order.side is Side.BUY), ZERO)
            sells = sum((t.promised for t in at_work if t.order.side is Side.SELL), ZERO)
            assert state.incoming.get(symbol, ZERO) == buys
            assert state.outgoing.get(symbol, ZERO) == sells
            assert account.sellable(symbol) >= 0

    def teardown(self) -> None:
        if hasattr(self, "oms"):
            self.the_switch_leaves_nothing_open()
            self.any_change_is_noticed()

    def the_switch_leaves_nothing_open(self) -> None:
        """Halted; from now on the line works, but what was lost is lost."""
        assert self.oms.kill(TradingState.HALTED, "enough", self.now)
        for _ in range(6):
            for message in tuple(self.venue.inbox):
                self.venue.inbox.remove(message)
                self.venue.read(message)
            self.venue.due, self.venue.outbox = self.venue.outbox, []
            self.now += 6 * SECOND
            self.oms.listen(self.now)
            self.oms.reconcile(self.now)
        assert not self.oms.open_orders
        if not self.is_over:  # after it, nobody asks any more
            assert not self.venue.open_orders
            assert not self.oms.state.unsettled
            for name, order in self.venue.orders.items():
                assert self.oms.state.tickets[name].filled == order.filled
        assert isinstance(self.oms.submit(Order(A, Side.SELL, D(1)), self.now), Refused)
        self.the_trail_tells_the_state()
        self.the_ledger_holds()

    def any_change_is_noticed(self) -> None:
        trail = self.desk.trail
        for at in range(0, len(trail), 5):
            changed = [*trail]
            for other in _flipped(trail[at]):
                changed[at] = other
                assert first_broken(changed) == at + 1
        assert first_broken(trail[1:]) == 1
        for entry in trail:
            canonical = json.dumps(json.loads(entry.facts), sort_keys=True, separators=(",", ":"))
            assert entry.facts == canonical


def _flipped(entry: TrailEntry) -> list[TrailEntry]:
    """With one byte that is another: each field in turn."""
    facts = entry.facts[:-1] + chr(ord(entry.facts[-1]) ^ 1)
    return [
        entry._replace(number=entry.number ^ 1),
        entry._replace(at=entry.at ^ 1),
        entry._replace(event=f"{entry.event[:-1]}{chr(ord(entry.event[-1]) ^ 1)}"),
        entry._replace(order_id=f"{entry.order_id}x"),
        entry._replace(facts=facts),
        entry._replace(hash=f"{entry.hash[:-1]}{chr(ord(entry.hash[-1]) ^ 1)}"),
    ]


TestOmsMachine = OmsMachine.TestCase
TestOmsMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
