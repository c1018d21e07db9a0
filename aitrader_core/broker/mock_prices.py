"""Prices for those who try the mock: they swing, and are the same for everybody at any time."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from aitrader_core.broker.limits import SECOND
from aitrader_core.broker.mock_orders import MockQuote, Quotes

TICK = Decimal("0.05")
PERIOD = 600  # seconds, from one low to the next
SWING = Decimal("0.005")  # of the price, up and down
SIZE = Decimal(500)  # at the best bid and ask, anew each second

EXAMPLES: Mapping[str, Decimal] = {
    "NSE:INFY": Decimal(1500),
    "NSE:TCS": Decimal(3500),
    "NSE:RELIANCE": Decimal(1400),
    "NSE:SBIN": Decimal(800),
}


def swinging(prices: Mapping[str, Decimal]) -> Quotes:
    """Quotes around `prices`, a spread of one tick on each side."""

    def quote(instrument: str, now: int) -> MockQuote | None:
        middle = prices.get(instrument)
        if middle is None:
            return None
        second = now // SECOND
        phase = Decimal(second % PERIOD) / PERIOD  # 0 to 1
        swing = 4 * abs(phase - Decimal("0.5")) - 1  # 1 to -1 and back
        last = _to_tick(middle * (1 + SWING * swing))
        at = second * SECOND
        return MockQuote(last, last - TICK, last + TICK, at, SIZE, SIZE, close=middle)

    return quote


def _to_tick(price: Decimal) -> Decimal:
    return (price / TICK).to_integral_value(ROUND_HALF_UP) * TICK
