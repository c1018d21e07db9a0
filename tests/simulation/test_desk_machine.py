"""Whatever is ordered, in any order, over splits and dividends: the ledger closes exactly.

On any market's rules, at any bar of a session, and with corrections in between.
"""

from collections import Counter
from datetime import time
from decimal import ROUND_HALF_UP, Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.market import DAILY, Bar, CashDividend, CorporateAction, Split, Symbol
from aitrader_core.domain.model_day import Ending, Manifest, ModelDay, Opening, Performance
from aitrader_core.domain.orders import Fill, Order, Outcome, Refused, Side
from aitrader_core.domain.portfolio import Adjustment, Portfolio, adjustments
from aitrader_core.domain.risk import NextSessionSettlement, TradingRules
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.venue import SimulatedVenue
from tests.simulation.tapes import FREE, SYMBOLS, weekdays

D = Decimal
SESSIONS = weekdays(5)
CASH = D("10000.00")
PROFILES = (
    FREE,
    CostProfile(slippage=D("0.0013")),
    CostProfile(commission_rate=D("0.00123"), commission_minimum=D("1.5")),
    CostProfile(D("0.0007"), D("0.005"), D("0.35"), D("0.0005")),
)
RULES = (
    TradingRules(),
    TradingRules(D("0.001")),
    TradingRules(lot_size=D(100)),
    NextSessionSettlement(),
    NextSessionSettlement(lot_size=D(100)),
)
CLOCKS = ((DAILY,), (time(10), time(11, 30), time(15)))
ODD = "0 -0 -10 NaN sNaN -NaN Infinity -Infinity 0.5 0.3333333333333333333333333333333333333 1E-8 "
ODD += "1E-999999 1E+999999 1000000000001 999999999999 1000000000000 1.00000000 1E+1"
quantities = st.one_of(
    st.sampled_from([D(text) for text in ODD.split()]),
    st.integers(-20, 400).map(Decimal),
    st.decimals(0, 50, places=3),
    st.sampled_from([D(100), D(150), D(200), D(300)]),
)
symbols = st.sampled_from([*SYMBOLS, Symbol("ZZZ"), Symbol(""), Symbol("aaa")])
prices = st.decimals("0.01", 300, places=2)
splits = st.sampled_from([D(ratio) for ratio in ("2", "1.5", "15", "0.1", "0.25")])
actions = st.fixed_dictionaries(
    {},
    optional={"split": splits, "dividend": st.decimals("0.0001", 3, places=4)},
)


def to_eight(value: Decimal) -> Decimal:
    return value.quantize(D("0.00000001"), ROUND_HALF_UP)


class DeskMachine(RuleBasedStateMachine):
    @initialize(
        data=st.data(),
        costs=st.sampled_from(PROFILES),
        terms=st.sampled_from(RULES),
        clock=st.sampled_from(CLOCKS),
    )
    def set_up(
        self, data: st.DataObject, costs: CostProfile, terms: TradingRules, clock: tuple[time, ...]
    ) -> None:
        bars, happening = [], list[CorporateAction]()
        for session in SESSIONS:
            for symbol in SYMBOLS:
                bars += [Bar(symbol, session, data.draw(prices), at=at) for at in clock]
                drawn = data.draw(actions)
                if "dividend" in drawn:
                    happening.append(CashDividend(symbol, session, drawn["dividend"]))
                if "split" in drawn:
                    happening.append(Split(symbol, session, drawn["split"]))
        self.costs, self.terms = costs, terms
        self.venue = SimulatedVenue(Tape(SESSIONS, bars, happening, depth=2), costs, SESSIONS[0])
        self.facts: list[Adjustment | Outcome] = []
        self.left = len(SESSIONS)
        self.portfolio = Portfolio(CASH)
        self.open_desk()

    def open_desk(self) -> None:
        self.left -= 1
        view = self.venue.open_session()
        today = self.venue.corporate_actions()
        changes = list(adjustments(self.portfolio, today, view.opens, self.terms.quantity_step))
        self.opening = self.portfolio
        worth_before = self.portfolio.cash + sum(
            (
                held * (self.ratio(s) * view.opens[s] + self.dividend(s))
                for s, held in self.portfolio.positions.items()
            ),
            D(0),
        )
        for change in changes:
            self.portfolio = self.portfolio.apply(change)
        assert to_eight(worth_before) == self.portfolio.value(view.opens), "a split made value"
        self.changes = changes
        self.held = self.portfolio
        self.desk = Desk(self.venue, view, self.portfolio, self.terms)

    def ratio(self, symbol: Symbol) -> Decimal:
        today = self.venue.corporate_actions()
        ratios = [a.ratio for a in today if isinstance(a, Split) and a.symbol == symbol]
        return ratios[0] if ratios else D(1)

    def dividend(self, symbol: Symbol) -> Decimal:
        paid = (a for a in self.venue.corporate_actions() if isinstance(a, CashDividend))
        return sum((a.amount for a in paid if a.symbol == symbol), D(0))

    @rule(symbol=symbols, side=st.sampled_from(Side), quantity=quantities)
    def order(self, symbol: Symbol, side: Side, quantity: Decimal) -> None:
        order = Order(symbol, side, quantity)
        before = self.desk.portfolio
        told = list(self.desk.blotter)
        outcome = self.desk.submit(order)
        assert outcome.order is order
        assert self.desk.blotter == [*told, outcome]
        said = Counter(entry.role for entry in self.desk.transcript)
        assert (said["desk"], said["ledger"]) == (len(self.desk.blotter), len(self.corrections))
        if isinstance(outcome, Fill):
            self.check_fill(outcome, before)
        else:
            assert self.desk.portfolio is before
            assert outcome.reason

    @rule(symbol=st.sampled_from(SYMBOLS), percent=st.integers(1, 130))
    def buy_for_a_part_of_the_cash(self, symbol: Symbol, percent: int) -> None:
        wanted = self.desk.portfolio.cash * percent / 100 / self.desk.view.opens[symbol]
        self.order(symbol, Side.BUY, wanted // self.terms.lot * self.terms.lot)

    @rule(symbol=st.sampled_from(SYMBOLS))
    def sell_all(self, symbol: Symbol) -> None:
        self.order(symbol, Side.SELL, self.desk.portfolio.held(symbol))

    @rule(symbol=st.sampled_from(SYMBOLS))
    def sell_what_can_be_sold(self, symbol: Symbol) -> None:
        """Nothing but its own commission is in the way, whatever odd lot it is."""
        quantity = self.desk.sellable(symbol)
        self.order(symbol, Side.SELL, quantity)
        outcome = self.desk.blotter[-1]
        if quantity and isinstance(outcome, Refused):
            assert outcome.reason.startswith("costs ")

    @rule(
        symbol=st.sampled_from([*SYMBOLS, None]),
        quantity=st.integers(-60, 60).map(Decimal),
        cash=st.decimals(-500, 500, places=2),
    )
    def correct(self, symbol: Symbol | None, quantity: Decimal, cash: Decimal) -> None:
        """Towards another ledger, which has no position and no cash below zero either."""
        before, told = self.desk.portfolio, list(self.desk.corrections)
        moved = quantity if symbol else D(0)
        held = before.held(symbol) if symbol else D(0)
        try:
            self.desk.correct(symbol, moved, cash, "why")
        except LedgerError:
            assert before.cash + cash < 0 or held + moved < 0
            assert self.desk.portfolio is before
            assert self.desk.corrections == told
            return
        after = self.desk.portfolio
        assert after.cash == before.cash + cash
        assert symbol is None or after.held(symbol) == held + moved
        assert self.desk.corrections[:-1] == told
        made = self.desk.corrections[-1]
        assert (made.at, made.after) == (self.desk.view.at, len(self.desk.blotter))

    @rule()
    def next_bar(self) -> None:
        view = self.venue.next_bar()
        if view is not None:
            before = self.desk.portfolio
            self.desk.turn_to(view)
            assert self.desk.portfolio is before

    @precondition(lambda self: self.left)
    @rule()
    def next_session(self) -> None:
        while self.venue.next_bar():
            pass
        self.portfolio = self.desk.portfolio
        self.facts += [*self.changes, *self.desk.blotter, *self.corrections]
        self.open_desk()

    @property
    def corrections(self) -> list[Adjustment]:
        return self.desk.corrections

    def check_fill(self, fill: Fill, before: Portfolio) -> None:
        """At one set of prices nothing but commission and slippage may cost value."""
        quantity, opens = fill.order.quantity, self.desk.view.opens
        open_price = opens[fill.order.symbol]
        assert quantity > 0
        assert not quantity % self.terms.quantity_step
        odd = before.held(fill.order.symbol) - quantity if fill.order.side is Side.SELL else None
        assert not quantity % self.terms.lot or (odd is not None and not odd % self.terms.lot)
        away = 1 + self.costs.slippage if fill.order.side is Side.BUY else 1 - self.costs.slippage
        assert fill.price == to_eight(open_price * away)
        assert fill.notional == to_eight(quantity * fill.price)
        slippage = abs(fill.notional - quantity * open_price)
        commission = fill.notional * self.costs.commission_rate
        commission += quantity * self.costs.commission_per_share
        commission = to_eight(max(commission, self.costs.commission_minimum))
        fall = before.value(opens) - self.desk.portfolio.value(opens)
        assert fall == commission + slippage
        assert fall == 0 or self.costs != FREE

    @invariant()
    def never_negative(self) -> None:
        portfolio = self.desk.portfolio
        assert portfolio.cash >= 0
        assert all(quantity > 0 for quantity in portfolio.positions.values())
        assert portfolio.cash == to_eight(portfolio.cash)

    @invariant()
    def portfolio_is_the_fold_of_the_facts(self) -> None:
        cash, held = CASH, dict.fromkeys(SYMBOLS, D(0))
        for fact in (*self.facts, *self.changes, *self.desk.blotter, *self.corrections):
            if isinstance(fact, Adjustment):
                cash += fact.cash_change
                if fact.symbol is not None:
                    held[fact.symbol] += fact.quantity_change
            elif isinstance(fact, Fill):
                sign = 1 if fact.order.side is Side.BUY else -1
                cash -= sign * fact.notional + fact.commission
                held[fact.order.symbol] += sign * fact.order.quantity
        assert self.desk.portfolio.cash == cash
        assert self.desk.portfolio.positions == {s: q for s, q in held.items() if q}

    @invariant()
    def a_days_facts_in_order_give_its_close(self) -> None:
        """In another order they might ask for cash that is not there yet."""
        folded = self.opening
        for fact in self.day().facts():
            folded = folded.apply(fact)
        assert folded == self.desk.portfolio

    def day(self) -> ModelDay:
        return ModelDay(
            market="test",
            model="machine",
            session=self.desk.view.session,
            opening=Opening(self.opening, Performance.starting_with(CASH)),
            adjustments=(*self.changes, *self.corrections),
            blotter=tuple(self.desk.blotter),
            closing=self.desk.portfolio,
            marks=(),
            ending=Ending.DONE,
            transcript=tuple(self.desk.transcript),
            manifest=Manifest("code", "config", "prices"),
        )

    @invariant()
    def what_is_bought_in_a_session_is_not_sold_in_it(self) -> None:
        """Where the market says so: no more was sold than was held, or came by a correction."""
        if not isinstance(self.terms, NextSessionSettlement):
            return
        for symbol in SYMBOLS:
            fills = (f for f in self.desk.blotter if isinstance(f, Fill))
            sold = sum(
                f.order.quantity
                for f in fills
                if (f.order.symbol, f.order.side) == (symbol, Side.SELL)
            )
            came = (c.quantity_change for c in self.corrections if c.symbol == symbol)
            assert sold <= self.held.held(symbol) + sum(q for q in came if q > 0)


TestDesk = DeskMachine.TestCase
TestDesk.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
