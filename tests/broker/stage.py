"""A mocked account whose clock and prices a test sets, reached in any of three ways."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aitrader_core.broker.client import McpBroker
from aitrader_core.broker.kite_account import KiteAccount
from aitrader_core.broker.limits import KITE, Limits
from aitrader_core.broker.mock_broker import Answered, MockBroker, MockKite
from aitrader_core.broker.mock_orders import MockQuote
from aitrader_core.broker.mock_server import listening, server_for
from aitrader_core.broker.tokens import Tokens
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.orders import Order, Side

D = Decimal
INFY, SBIN = Symbol("INFY"), Symbol("SBIN")
SECOND = 1_000_000_000
NINE_THIRTY = 1_767_931_200 * SECOND  # Friday 2026-01-09, 09:30 IST
PATIENT = 30.0  # seconds that a client waits: here nobody is late, unless that is the test
LATE = 10.0


@dataclass
class Clock:
    now: int = NINE_THIRTY

    def __call__(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


@dataclass
class Door:
    """One server for many mocks, one after the other: to start one takes longer than most tests."""

    kite: MockKite | None = None
    login_page: str = ""
    url: str = ""

    def consent(self) -> str:
        assert self.kite is not None
        return self.kite.consent()

    def answer(self, tool: str, arguments: Mapping[str, Any], token: str | None) -> Answered:
        assert self.kite is not None
        return self.kite.answer(tool, arguments, token)

    @contextmanager
    def opened(self) -> Iterator["Door"]:
        with listening(self, late=LATE) as self.url:
            yield self


@dataclass
class Stage:
    """`trades_at` sets prices; whoever asks the account next executes what can be."""

    clock: Clock = field(default_factory=Clock)
    quotes: dict[str, MockQuote] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.trades_at(INFY, "1500")
        self.trades_at(SBIN, "800")

    def trades_at(self, symbol: Symbol, price: str, size: str | None = None) -> None:
        """A spread of 1 around `price`, and `size` on each side."""
        last, half = D(price), D("0.5")
        shown = None if size is None else D(size)
        self.quotes[f"NSE:{symbol}"] = MockQuote(
            last, last - half, last + half, self.clock.now, shown, shown, close=D(1000)
        )

    def kite(self, **given: Any) -> MockKite:
        held = {"NSE:SBIN": (D(100), D(700))}
        given = {"cash": D(100_000), "holdings": held, "clock": self.clock, **given}
        return MockKite(lambda name, _now: self.quotes.get(name), **given)

    @contextmanager
    def account(
        self,
        kite: MockKite,
        door: Door | None = None,
        tokens: Tokens | None = None,
        limits: Limits = KITE,
        timeout: float = PATIENT,
    ) -> Iterator[KiteAccount]:
        """Without a door, in this process."""
        given: Any = {"limits": limits, "clock": self.clock, "sleep": self.clock.sleep}
        if door is None:
            yield MockBroker(kite, tokens, **given)
            return
        server = door.url or server_for(door, LATE)
        door.kite, kite.login_page = kite, door.login_page or kite.login_page
        with McpBroker(server, tokens, timeout=timeout, **given) as broker:
            broker.login_url()  # the first call takes its time
            yield broker


def buy(quantity: int, limit: str | None = None, tag: str = "", symbol: Symbol = INFY) -> Order:
    return Order(symbol, Side.BUY, D(quantity), None if limit is None else D(limit), tag)


def sell(quantity: int, limit: str | None = None, tag: str = "", symbol: Symbol = SBIN) -> Order:
    return Order(symbol, Side.SELL, D(quantity), None if limit is None else D(limit), tag)
