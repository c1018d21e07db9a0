"""Where approved orders are filled: a protocol, and the venue that fills them from a tape."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from aitrader_core.domain.market import CorporateAction, MarketView, Symbol
from aitrader_core.domain.orders import Approved, Fill, Order, Quote
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.tape import Playhead, Tape


class Venue(Protocol):
    """One bar at a time: `open_session`, then quotes and fills, then the closes, and `next_bar`
    until the session has no more."""

    @property
    def prices(self) -> str:
        """Source and vintage of what can be seen of the open session."""

    def open_session(self) -> MarketView: ...

    def next_bar(self) -> MarketView | None:
        """Open the next bar of the session; None when the session is over."""

    def corporate_actions(self) -> Sequence[CorporateAction]:
        """Those with their ex-date on the open session."""

    def quote(self, order: Order) -> Quote | None:
        """What `order`, of a finite quantity, would cost now; None when it is not on offer."""

    def execute(self, approved: Approved) -> Fill: ...

    def closes(self) -> Mapping[Symbol, Decimal | None]:
        """The open bar's closes; None where one is not known."""


class SimulatedVenue:
    """Fills whole orders at the bar's open, moved by the cost profile's slippage."""

    def __init__(self, tape: Tape, costs: CostProfile, first: date) -> None:
        self._tape = tape
        self._costs = costs
        self._playhead = Playhead(tape, first)

    @property
    def prices(self) -> str:
        return self._tape.prices[self._playhead.session]

    def open_session(self) -> MarketView:
        return self._playhead.advance()

    def next_bar(self) -> MarketView | None:
        return self._playhead.advance_within_session()

    def corporate_actions(self) -> Sequence[CorporateAction]:
        return self._tape.actions.get(self._playhead.session, ())

    def quote(self, order: Order) -> Quote | None:
        open_price = self._tape.opens[self._playhead.moment].get(order.symbol)
        return None if open_price is None else self._costs.quote(order, open_price)

    def execute(self, approved: Approved) -> Fill:
        quote = approved.quote  # the open it was approved at is the one it is filled at
        return Fill(approved.order, quote.price, quote.notional, quote.commission)

    def closes(self) -> Mapping[Symbol, Decimal | None]:
        return self._tape.closes[self._playhead.moment]
