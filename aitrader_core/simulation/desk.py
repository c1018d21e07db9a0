"""The only way to trade: a desk takes an order through risk to the venue and books the outcome."""

from decimal import Decimal

from aitrader_core.domain.market import MarketView, Symbol
from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.domain.orders import Fill, Order, Outcome, Quote, Refused, Side
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.risk import TradingRules, approve, bad_quantity
from aitrader_core.domain.transcript import Transcript
from aitrader_core.simulation.venue import Venue


class Desk:
    """One model's desk for one session.

    A decider reads `view` and `portfolio`, calls `submit` (or `buy`, `sell`) as often as it
    likes, and may `say` why. A refusal is an answer, not an error.
    """

    def __init__(
        self,
        venue: Venue,
        view: MarketView,
        portfolio: Portfolio,
        rules: TradingRules,
        *,
        is_first: bool = False,
    ) -> None:
        self.view = view
        self.is_first = is_first  # whether the model trades for the first time
        self.portfolio = portfolio
        self.rules = rules
        self.transcript = Transcript()
        self.blotter: list[Outcome] = []
        self._venue = venue

    def buy(self, symbol: Symbol, quantity: Decimal) -> Fill | Refused:
        return self.submit(Order(symbol, Side.BUY, quantity))

    def sell(self, symbol: Symbol, quantity: Decimal) -> Fill | Refused:
        return self.submit(Order(symbol, Side.SELL, quantity))

    def submit(self, order: Order) -> Fill | Refused:
        """Fill `order` at this session's open, or refuse it and say why."""
        decision = approve(order, self.portfolio, self._quote(order), self.rules)
        outcome = decision if isinstance(decision, Refused) else self._venue.execute(decision)
        if isinstance(outcome, Fill):
            self.portfolio = self.portfolio.apply(outcome)
        self.blotter.append(outcome)
        self.transcript.add("desk", _sentence(outcome), tool=order.side.value)
        return outcome

    def cost_of(self, order: Order) -> Decimal | None:
        """Cash that a buy takes now, commission included; None when it is not on offer."""
        quote = self._quote(order)
        return None if quote is None else quote.notional + quote.commission

    def say(self, text: str) -> None:
        """Put a reason into the transcript."""
        self.transcript.add("model", text)

    def _quote(self, order: Order) -> Quote | None:
        if bad_quantity(order.quantity, self.rules.quantity_step):
            return None
        return self._venue.quote(order)


def _sentence(outcome: Outcome) -> str:
    order = outcome.order
    what = f"{order.side} {plain_quantity(order.quantity)} {order.symbol}"
    if isinstance(outcome, Refused):
        return f"{what}: refused, {outcome.reason}"
    return f"{what} at {plain(outcome.price)}, commission {plain(outcome.commission)}"
