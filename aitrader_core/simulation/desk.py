"""The only way to trade: a desk takes an order through risk to the venue and books the outcome."""

from collections.abc import Mapping
from decimal import Decimal

from aitrader_core.domain.market import DAILY, MarketView, Symbol
from aitrader_core.domain.money import ZERO, plain, plain_quantity
from aitrader_core.domain.orders import Approved, Fill, Order, Outcome, Quote, Refused, Side
from aitrader_core.domain.portfolio import Adjustment, AdjustmentKind, Portfolio
from aitrader_core.domain.risk import Guard, TradingRules, approve
from aitrader_core.domain.trail import TrailEntry
from aitrader_core.domain.transcript import Transcript
from aitrader_core.simulation.feed import Feed
from aitrader_core.simulation.venue import Venue

_BUY = Side.BUY


class Desk:
    """One model's desk for one session.

    A decider reads `view` and `portfolio`, calls `submit` (or `buy`, `sell`) as often as it
    likes, and may `say` why. A refusal is an answer, not an error. In an intraday session it is
    asked again at the open of each bar, at the same desk.

    A `guard` denies more than the market's rules do. Where a session has ticks, `feed` plays
    them, and orders that live for a while go through an order book of their own
    (execution/oms.py): it has each one checked here, and books here what became of it.
    """

    def __init__(
        self,
        venue: Venue,
        view: MarketView,
        portfolio: Portfolio,
        rules: TradingRules,
        *,
        is_first: bool = False,
        transcript: Transcript | None = None,
        feed: Feed | None = None,
    ) -> None:
        self.view = view
        self.is_first = is_first  # whether the model trades for the first time
        self.portfolio = portfolio
        self.rules = rules
        self.transcript = Transcript() if transcript is None else transcript
        self.blotter: list[Outcome] = []
        self.corrections: list[Adjustment] = []
        self.guard: Guard | None = None
        self.feed = feed
        self.trail: list[TrailEntry] = []  # of orders that live for a while
        self._venue = venue
        self._bought: dict[Symbol, Decimal] = {}
        self._began = portfolio, view.opens
        self._tell_time()

    def turn_to(self, view: MarketView) -> None:
        """Go on with the next bar of the session."""
        self.view = view
        self.is_first = False
        self._tell_time()

    def buy(self, symbol: Symbol, quantity: Decimal) -> Fill | Refused:
        return self.submit(Order(symbol, Side.BUY, quantity))

    def sell(self, symbol: Symbol, quantity: Decimal) -> Fill | Refused:
        return self.submit(Order(symbol, Side.SELL, quantity))

    def submit(self, order: Order) -> Fill | Refused:
        """Fill `order` at this bar's open, or refuse it and say why."""
        decision = self.check(order, self.quote(order))
        outcome = decision if isinstance(decision, Refused) else self._venue.execute(decision)
        self.book(outcome)
        return outcome

    def check(self, order: Order, quote: Quote | None) -> Approved | Refused:
        """The one risk path: what the rules, the guard, the cash and the holdings allow."""
        bought = self._bought.get(order.symbol, ZERO)
        return approve(order, self.portfolio, quote, self.rules, bought, self.guard)

    def book(self, outcome: Outcome) -> None:
        """Put what became of an order into the blotter, and a fill into the portfolio."""
        order = outcome.order
        side = "buy" if order.side is _BUY else "sell"
        if isinstance(outcome, Fill):
            self.portfolio = self.portfolio.apply(outcome)
            if order.side is _BUY:
                self._bought[order.symbol] = self._bought.get(order.symbol, ZERO) + order.quantity
        self.blotter.append(outcome)
        self.transcript.add("desk", _sentence(outcome, side), side)

    def quote(self, order: Order) -> Quote | None:
        """What `order` would cost now; None when it is not on offer, or no quantity."""
        if self.rules.bad_quantity(order, self.portfolio.held(order.symbol)):
            return None
        return self._venue.quote(order)

    def cost_of(self, order: Order) -> Decimal | None:
        """Cash that a buy takes now, commission included; None when it is not on offer."""
        quote = self.quote(order)
        return None if quote is None else quote.notional + quote.commission

    @property
    def value_at_start(self) -> Decimal:
        """Of the portfolio that the session began with, at its first opens."""
        portfolio, opens = self._began
        return portfolio.value(opens)

    def sellable(self, symbol: Symbol) -> Decimal:
        """How much of `symbol` may be sold now."""
        return self.rules.sellable(self.portfolio.held(symbol), self._bought.get(symbol, ZERO))

    def unsettled(self) -> Mapping[Symbol, Decimal]:
        """Of what was bought this session, how much may not be sold before the next one."""
        held = {symbol: self.portfolio.held(symbol) for symbol in self._bought}
        return {s: q - able for s, q in held.items() if (able := self.sellable(s)) != q}

    def correct(self, symbol: Symbol | None, quantity: Decimal, cash: Decimal, reason: str) -> None:
        """Book a change that no order made, for a ledger that follows another one.

        It stands in the model-day's record with its reason. Raises LedgerError for what would
        leave cash or a position below zero.
        """
        kind, at, after = AdjustmentKind.CORRECTION, self.view.at, len(self.blotter)
        correction = Adjustment(symbol, kind, quantity, cash, at, after, reason)
        self.portfolio = self.portfolio.apply(correction)
        self.corrections.append(correction)
        self.transcript.add("ledger", f"corrected: {reason}")

    def say(self, text: str) -> None:
        """Put a reason into the transcript."""
        self.transcript.add("model", text)

    def _tell_time(self) -> None:
        if self.view.at != DAILY:
            self.transcript.add("venue", f"{self.view.at:%H:%M}")


def _sentence(outcome: Outcome, side: str) -> str:
    order = outcome.order
    what = f"{side} {plain_quantity(order.quantity)} {order.symbol}"
    if isinstance(outcome, Refused):
        return f"{what}: refused, {outcome.reason}"
    return f"{what} at {plain(outcome.price)}, commission {plain(outcome.commission)}"
