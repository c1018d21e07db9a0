"""The cash and the shares of a mocked account, over one day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from aitrader_core.broker.kite import KiteError, Row
from aitrader_core.broker.kite_tools import PlaceOrder
from aitrader_core.broker.mock_orders import MockOrder, MockOrders, MockQuote
from aitrader_core.domain.money import ZERO


@dataclass
class Day:
    """What an instrument's trades of today came to, under one product."""

    bought: Decimal = ZERO
    paid: Decimal = ZERO
    sold: Decimal = ZERO
    got: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        return self.bought - self.sold

    @property
    def average(self) -> Decimal:
        if self.net > 0:
            return self.paid / self.bought
        return self.got / self.sold if self.net else ZERO


class MockFunds:
    """Cash is free unless a working buy may need it; what was sold can be spent at once."""

    def __init__(
        self,
        cash: Decimal,
        held: Mapping[str, tuple[Decimal, Decimal]],
        orders: MockOrders,
        quote: Callable[[str], MockQuote | None],
    ) -> None:
        self._opening = self._cash = cash
        self._held = held  # quantity and average price, by instrument
        self._days: dict[tuple[str, str], Day] = {}  # by instrument and product
        self._orders = orders
        self._quote = quote

    def next_day(self, orders: MockOrders) -> "MockFunds":
        held = dict(self._held)
        for (instrument, _), day in self._days.items():
            quantity, average = held.pop(instrument, (ZERO, ZERO))
            if left := quantity + day.net:
                added = max(day.net, ZERO)
                paid = (quantity + min(day.net, ZERO)) * average + added * day.average
                held[instrument] = (left, paid / left)
        return MockFunds(self._cash, held, orders, self._quote)

    # --- means

    def obstacle(self, order: MockOrder) -> str | None:
        if order.is_buy:
            return self._too_dear(order.asked, order.pending, order)
        mine = self._free_shares(order.instrument, order)
        if order.pending <= mine:
            return None
        return (
            f"Insufficient holdings. {order.pending} of {order.asked.tradingsymbol} are needed but "
            f"{mine} are available."
        )

    def most(self, order: MockOrder, price: Decimal) -> Decimal:
        if not order.is_buy:
            return order.pending
        return max((self._cash / price).to_integral_value(ROUND_DOWN), ZERO)

    def book(self, order: MockOrder, quantity: Decimal, price: Decimal) -> None:
        day = self._days.setdefault((order.instrument, order.asked.product.value), Day())
        amount = quantity * price
        if order.is_buy:
            day.bought, day.paid = day.bought + quantity, day.paid + amount
            self._cash -= amount
        else:
            day.sold, day.got = day.sold + quantity, day.got + amount
            self._cash += amount

    def check_change(self, order: MockOrder, wanted: PlaceOrder) -> None:
        """KiteError (MarginException) for a change that the cash is not there for."""
        left = Decimal(wanted.quantity) - order.filled
        if order.is_buy and (reason := self._too_dear(wanted, left, order)):
            raise KiteError("MarginException", reason)
        if not order.is_buy and left > self._free_shares(order.instrument, order):
            raise KiteError("HoldingException", "Insufficient holdings.")

    def _too_dear(self, asked: PlaceOrder, quantity: Decimal, but: MockOrder) -> str | None:
        needed = quantity * self._price(asked)
        free = self._cash - self._reserved(but)
        if needed <= free:
            return None
        return (
            f"Insufficient funds. Required margin is {needed:.2f} but available margin is "
            f"{free:.2f}. Check the orderbook for open orders."
        )

    def _reserved(self, but: MockOrder | None = None) -> Decimal:
        """An order that is not validated yet reserves nothing."""
        working = (o for o in self._orders.taken_in if o.is_buy and o is not but)
        return sum((o.pending * self._price(o.asked) for o in working), ZERO)

    def _price(self, asked: PlaceOrder) -> Decimal:
        """What a share of a buy may cost."""
        if asked.price is not None:
            return asked.price
        quote = self._quote(f"{asked.exchange}:{asked.tradingsymbol}")
        if quote is None:
            return ZERO
        return max(quote.ask or quote.last, asked.trigger_price or ZERO)

    def _free_shares(self, instrument: str, but: MockOrder) -> Decimal:
        held, _ = self._held.get(instrument, (ZERO, ZERO))
        today = sum((day.net for (name, _), day in self._days.items() if name == instrument), ZERO)
        promised = (
            o.pending
            for o in self._orders.taken_in
            if not o.is_buy and o is not but and o.instrument == instrument
        )
        return held + today - sum(promised, ZERO)

    # --- as Kite tells of it

    def margins(self) -> Row:
        reserved = self._reserved()
        free = self._cash - reserved
        equity = {
            "enabled": True,
            "net": free,
            "available": {
                "cash": self._opening,
                "opening_balance": self._opening,
                "live_balance": free,
                "collateral": 0,
                "intraday_payin": 0,
            },
            "utilised": {"debits": self._opening - free},
        }
        return {"equity": equity}

    def holdings(self) -> list[Row]:
        return [self._holding(name, *held) for name, held in self._held.items()]

    def _holding(self, instrument: str, opening: Decimal, average: Decimal) -> Row:
        exchange, _, name = instrument.partition(":")
        days = (day.net for (known, _), day in self._days.items() if known == instrument)
        sold = max(-sum(days, ZERO), ZERO)
        return {
            "exchange": exchange,
            "tradingsymbol": name,
            "product": "CNC",
            "quantity": opening - sold,
            "used_quantity": sold,
            "t1_quantity": 0,
            "opening_quantity": opening,
            "average_price": average,
            **self._prices(instrument),
        }

    def positions(self) -> list[Row]:
        return [self._position(*key, day) for key, day in self._days.items()]

    def _position(self, instrument: str, product: str, day: Day) -> Row:
        exchange, _, name = instrument.partition(":")
        return {
            "exchange": exchange,
            "tradingsymbol": name,
            "product": product,
            "quantity": day.net,
            "overnight_quantity": 0,
            "multiplier": 1,
            "average_price": day.average,
            "buy_quantity": day.bought,
            "buy_value": day.paid,
            "sell_quantity": day.sold,
            "sell_value": day.got,
            **self._prices(instrument),
        }

    def _prices(self, instrument: str) -> Row:
        quote = self._quote(instrument)
        last = ZERO if quote is None else quote.last
        close = last if quote is None or quote.close is None else quote.close
        return {"last_price": last, "close_price": close}
