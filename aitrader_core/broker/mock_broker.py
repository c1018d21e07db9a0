"""A broker that is none: Kite's tools over an account in memory, with its limits and its faults."""

import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, auto
from threading import Lock
from typing import Any

from pydantic import SecretStr

from aitrader_core.broker import kite_tools
from aitrader_core.broker.account import Product, Validity, Variety
from aitrader_core.broker.kite import IST, KINDS, KiteError, Row, session_end, stamp
from aitrader_core.broker.kite_account import KiteAccount
from aitrader_core.broker.limits import KITE, Kind, Limits, Pace
from aitrader_core.broker.mock_funds import MockFunds
from aitrader_core.broker.mock_orders import MockOrders, MockQuote, Quotes, check_prices
from aitrader_core.broker.tokens import Tokens
from aitrader_core.domain.errors import NoAnswer

EXCHANGES = ("NSE", "BSE")
_USER = {"user_id": "MK0001", "user_name": "Mock Account", "broker": "ZERODHA"}


class Fault(Enum):
    """What becomes of the next call."""

    LOST_REQUEST = auto()  # it never arrives
    LOST_REPLY = auto()  # it is done, and nobody hears of it
    LATE_REPLY = auto()  # it is done, and told when nobody waits any more
    TWICE = auto()  # it arrives twice
    DOWN = auto()  # Kite can't reach its own order system


@dataclass(frozen=True, slots=True)
class Answered:
    """What a call came to, as JSON, and whether it is heard in time."""

    text: str
    is_error: bool = False
    fault: Fault | None = None


class MockKite:
    """An account at Kite. It lends neither cash nor shares, charges nothing, and never closes.

    `clock` is in ns since 1970 UTC. An order, a change and a cancel take `latency` ns to become
    true; orders are executed when somebody asks, against `quotes` of that moment.
    """

    def __init__(
        self,
        quotes: Quotes,
        *,
        cash: Decimal = Decimal(1_000_000),
        holdings: Mapping[str, tuple[Decimal, Decimal]] | None = None,  # quantity, average price
        clock: Callable[[], int] = time.time_ns,
        latency: int = 0,
        limits: Limits = KITE,
        new_token: Callable[[], str] = secrets.token_hex,
        login_page: str = "mock://connect/login",
    ) -> None:
        self.login_page = login_page
        self._quotes = quotes
        self._clock = clock
        self._latency = latency
        self._limits = limits
        self._new_token = new_token
        self._faults: deque[tuple[str, Fault]] = deque()
        self._lock = Lock()
        self._consents: set[str] = set()
        self._session: tuple[str, int] | None = None  # the token, and when it expires
        self._pace = Pace(limits)
        self._day = self._today(clock())
        self._requests = 0  # orders placed today, or tried to
        self._orders = MockOrders(quotes, latency, self._first_number())
        self._funds = MockFunds(cash, dict(holdings or {}), self._orders, self._quote)

    # --- what a test, or the login page, does to it

    def consent(self) -> str:
        """The user logs in at the page; gives the request token, which is good for one login."""
        token = self._new_token()
        self._consents.add(token)
        return token

    def fail(self, fault: Fault, tool: str = "place_order") -> None:
        """The next call of `tool` goes wrong."""
        self._faults.append((tool, fault))

    # --- calls

    def answer(self, tool: str, arguments: Mapping[str, Any], token: str | None) -> Answered:
        """What Kite says to a call."""
        with self._lock:
            fault = (
                self._faults.popleft()[1] if self._faults and self._faults[0][0] == tool else None
            )
            if fault is Fault.LOST_REQUEST:
                return Answered("", fault=fault)
            try:
                said = self._said(tool, arguments, token, is_down=fault is Fault.DOWN)
                if fault is Fault.TWICE:
                    self._said(tool, arguments, token)
            except KiteError as error:
                return Answered(json.dumps(error.envelope), is_error=True, fault=fault)
            return Answered(json.dumps(said, default=_number), fault=fault)

    def _said(
        self, tool: str, arguments: Mapping[str, Any], token: str | None, is_down: bool = False
    ) -> Any:
        now = self._clock()
        self._turn_day(now)
        if tool != "login":
            self._check_token(token, now)
        self._check_pace(tool, now)
        asked = kite_tools.read(tool, arguments)
        if is_down:
            raise KiteError("NetworkException", "The order system can't be reached.", 503)
        self._orders.advance(now, self._funds)
        said = getattr(self, f"_{tool}")(asked, now)
        self._orders.advance(now, self._funds)
        return said

    def _check_token(self, token: str | None, now: int) -> None:
        if self._session is None or token != self._session[0] or now >= self._session[1]:
            raise KiteError("TokenException", "Incorrect `api_key` or `access_token`.", 403)

    def _check_pace(self, tool: str, now: int) -> None:
        kind = KINDS.get(tool, Kind.OTHER)
        if self._pace.wait(kind, now):
            raise KiteError("NetworkException", "Too many requests", 429)
        self._pace.note(kind, now)
        if tool == "place_order":
            self._requests += 1
            if self._requests > self._limits.orders_a_day:
                raise KiteError("NetworkException", "Maximum allowed order requests exceeded.", 429)

    def _turn_day(self, now: int) -> None:
        if (today := self._today(now)) != self._day:
            self._day, self._requests = today, 0
            self._orders = MockOrders(self._quotes, self._latency, self._first_number())
            self._funds = self._funds.next_day(self._orders)

    def _today(self, now: int) -> date:
        return datetime.fromtimestamp(now // 1_000_000_000, IST).date()

    def _first_number(self) -> int:
        return int(f"{self._day:%y%m%d}") * 10**9

    def _quote(self, instrument: str) -> MockQuote | None:
        return self._quotes(instrument, self._clock())

    # --- the tools

    def _login(self, asked: kite_tools.Login, now: int) -> Row:
        if asked.request_token is None:
            return {"login_url": self.login_page}
        if asked.request_token not in self._consents:
            raise KiteError("TokenException", "Token is invalid or has expired.", 403)
        self._consents.remove(asked.request_token)
        self._session = (self._new_token(), session_end(now))
        return {**_USER, "access_token": self._session[0], "login_time": stamp(now)}

    def _get_profile(self, _asked: object, _now: int) -> Row:
        products = [product.value for product in Product]
        types = ["MARKET", "LIMIT", "SL", "SL-M"]
        return {**_USER, "exchanges": EXCHANGES, "products": products, "order_types": types}

    def _get_margins(self, _asked: object, _now: int) -> Row:
        return self._funds.margins()

    def _get_holdings(self, _asked: object, _now: int) -> list[Row]:
        return self._funds.holdings()

    def _get_positions(self, _asked: object, _now: int) -> Row:
        rows = self._funds.positions()
        return {"net": rows, "day": rows}

    def _get_quotes(self, asked: kite_tools.Quotes, now: int) -> Row:
        if len(asked.instruments) > self._limits.instruments:
            most = self._limits.instruments
            raise KiteError(
                "InputException", f"Too many tokens requested. Max permitted is {most}."
            )
        found = {name: self._quotes(name, now) for name in asked.instruments}
        return {name: _quote_row(quote) for name, quote in found.items() if quote is not None}

    def _place_order(self, asked: kite_tools.PlaceOrder, now: int) -> Row:
        asked = check_prices(asked)
        if asked.variety is not Variety.REGULAR or asked.validity is Validity.MINUTES:
            raise KiteError("InputException", "The mock works regular orders for DAY or IOC.")
        if asked.exchange not in EXCHANGES:
            raise KiteError(
                "PermissionException", f"The user is not enabled for {asked.exchange[:10]}.", 403
            )
        if self._quotes(f"{asked.exchange}:{asked.tradingsymbol}", now) is None:
            raise KiteError(
                "InputException", f"The instrument {asked.tradingsymbol[:40]} does not exist."
            )
        return {"order_id": self._orders.add(asked, now).id}

    def _modify_order(self, asked: kite_tools.ModifyOrder, now: int) -> Row:
        order = self._orders.change(
            asked, self._limits.modifications, self._funds.check_change, now
        )
        return {"order_id": order.id}

    def _cancel_order(self, asked: kite_tools.CancelOrder, now: int) -> Row:
        return {"order_id": self._orders.cancel(asked.order_id, now).id}

    def _get_orders(self, _asked: object, _now: int) -> list[Row]:
        return [order.row(order.at) for order in self._orders.all.values()]

    def _get_trades(self, _asked: object, _now: int) -> list[dict[str, Any]]:
        return self._orders.trades

    def _get_order_history(self, asked: kite_tools.OrderHistory, _now: int) -> list[Row]:
        return self._orders.find(asked.order_id).history


class _InProcess:
    """To a mock in the same process: nobody waits for what is not heard."""

    def __init__(self, kite: MockKite) -> None:
        self._kite = kite

    def call(self, tool: str, arguments: Mapping[str, Any], token: SecretStr | None) -> str:
        secret = None if token is None else token.get_secret_value()
        answered = self._kite.answer(tool, arguments, secret)
        if answered.fault in (Fault.LOST_REQUEST, Fault.LOST_REPLY, Fault.LATE_REPLY):
            raise NoAnswer(f"the broker did not answer {tool}")
        if answered.is_error:
            error = json.loads(answered.text)
            raise KiteError(error["error_type"], error["message"], error["code"])
        return answered.text

    def close(self) -> None:
        pass


class MockBroker(KiteAccount):
    """The account at a mock, without anything in between."""

    def __init__(
        self,
        kite: MockKite,
        tokens: Tokens | None = None,
        *,
        home: str = "NSE",
        limits: Limits = KITE,
        clock: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        wire = _InProcess(kite)
        super().__init__(wire, tokens, home=home, limits=limits, clock=clock, sleep=sleep)


def _number(value: object) -> float | int:
    if not isinstance(value, Decimal):
        raise TypeError(f"{value!r} is not JSON")
    return int(value) if value == value.to_integral_value() else float(value)


def _quote_row(quote: MockQuote) -> Row:
    def level(price: Decimal | None, size: Decimal | None) -> list[Row]:
        if price is None:
            return [{"price": 0, "quantity": 0, "orders": 0}]
        return [{"price": price, "quantity": _ENOUGH if size is None else size, "orders": 1}]

    return {
        "timestamp": stamp(quote.at),
        "last_trade_time": stamp(quote.at),
        "last_price": quote.last,
        "ohlc": {"close": quote.last if quote.close is None else quote.close},
        "depth": {
            "buy": level(quote.bid, quote.bid_size),
            "sell": level(quote.ask, quote.ask_size),
        },
    }


_ENOUGH = 10**6
