"""A BrokerAccount in Kite's words, over whatever carries them."""

import time
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import Any, TypeVar

from aitrader_core.broker import kite
from aitrader_core.broker.account import (
    DELIVERY,
    BrokerOrder,
    BrokerQuote,
    BrokerTrade,
    Change,
    Holding,
    Instructions,
    Margins,
    NetPosition,
    OrderStep,
    Profile,
)
from aitrader_core.broker.kite_line import LOOK, PAUSE, TRIES, Line, Read, Wire
from aitrader_core.broker.limits import KITE, Limits
from aitrader_core.broker.snapshot import snapshot
from aitrader_core.broker.tokens import Pocket, Tokens
from aitrader_core.domain.account import Account
from aitrader_core.domain.errors import (
    BrokerError,
    NoAnswer,
    OrderRejected,
    SessionExpired,
)
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.orders import Order
from aitrader_core.domain.trail import OrderStatus

_T = TypeVar("_T")


class KiteAccount:
    """Keeps to the broker's limits by waiting, and asks again where that is safe.

    `clock` is in ns since 1970 UTC, `sleep` takes seconds. Symbols of the exchange `home` go by
    their bare name, others by EXCHANGE:NAME.
    """

    def __init__(
        self,
        wire: Wire,
        tokens: Tokens | None = None,
        *,
        home: str = "NSE",
        limits: Limits = KITE,
        clock: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tokens: Tokens = Pocket() if tokens is None else tokens
        self._line = Line(wire, self._tokens, limits, clock, sleep)
        self._home = home
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._placing = Lock()  # one at a time
        self._placed: dict[str, str] | None = None  # broker ids by tag; None: not looked up yet

    def close(self) -> None:
        self._line.close()

    # --- the session

    def login_url(self) -> str:
        return self._line.read("login", lambda said: str(said["login_url"]))

    def login(self, request_token: str) -> int:
        arguments = {"request_token": request_token}
        token, until = self._line.ask("login", arguments, kite.session_from)
        self._tokens.keep(token, until)
        self._placed = None
        return until

    def logout(self) -> None:
        self._tokens.forget()

    def is_logged_in(self) -> bool:
        try:
            self._tokens.token(self._clock())
        except SessionExpired:
            return False
        return True

    # --- looking

    def profile(self) -> Profile:
        return self._line.read("get_profile", kite.profile_from)

    def margins(self) -> Margins:
        return self._line.read("get_margins", kite.margins_from)

    def holdings(self) -> Sequence[Holding]:
        return self._line.read("get_holdings", self._rows(kite.holding_from))

    def positions(self) -> Sequence[NetPosition]:
        rows = self._rows(kite.position_from)
        return self._line.read("get_positions", lambda said: rows(said["net"]))

    def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, BrokerQuote]:
        wanted = {kite.instrument(symbol, self._home): symbol for symbol in symbols}
        names, most = list(wanted), self._limits.instruments

        def read(said: Any) -> dict[Symbol, BrokerQuote]:
            return {wanted[n]: kite.quote_from(wanted[n], said[n]) for n in names if n in said}

        found: dict[Symbol, BrokerQuote] = {}
        for start in range(0, len(names), most):
            found |= self._line.read("get_quotes", read, instruments=names[start : start + most])
        return found

    def orders(self) -> Sequence[BrokerOrder]:
        return self._line.read("get_orders", self._rows(kite.order_from))

    def trades(self) -> Sequence[BrokerTrade]:
        return self._line.read("get_trades", self._rows(kite.trade_from))

    def order_history(self, order_id: str) -> Sequence[OrderStep]:
        def read(said: Any) -> Sequence[OrderStep]:
            return [kite.step_from(row) for row in said]

        return self._line.read("get_order_history", read, order_id=order_id)

    def snapshot(self, now: int, symbols: Sequence[Symbol] = ()) -> Account:
        return snapshot(self, now, symbols)

    # --- trading

    def place(self, order: Order, instructions: Instructions = DELIVERY) -> str:
        arguments = kite.order_arguments(order, instructions, self._home)
        if not order.id:
            return self._line.ask("place_order", arguments, kite.order_id_from)
        with self._placing:
            known = self._known()
            if order.id not in known:
                self._placed = None  # to be looked up again, unless it is known what became of it
                known[order.id] = self._placed_once(order.id, arguments)
                self._placed = known
            return known[order.id]

    def modify(self, order_id: str, change: Change) -> None:
        wanted = kite.change_arguments(self._order(order_id), change)

        def is_done() -> bool:
            known = self._order(order_id)
            is_on_its_way = known.said.startswith("MODIFY")
            return is_on_its_way or wanted == kite.change_arguments(known, Change())

        self._until_done("modify_order", wanted, is_done)

    def cancel(self, order_id: str) -> None:
        known = self._order(order_id)
        arguments = {"variety": known.instructions.variety.value, "order_id": order_id}

        def is_done() -> bool:
            status = self._order(order_id).status
            return status in (OrderStatus.CANCELED, OrderStatus.CANCEL_PENDING)

        self._until_done("cancel_order", arguments, is_done)

    def _placed_once(self, tag: str, arguments: Mapping[str, Any]) -> str:
        """Kite knows no idempotency: what it did not answer is looked up before it is sent again,
        in a moment, because it may still be on its way."""
        for attempt in range(TRIES):
            try:
                return self._line.ask("place_order", arguments, kite.order_id_from)
            except BrokerError as error:
                if not attempt and not isinstance(error, NoAnswer):
                    raise
                unanswered = error  # once it may be on its way, no other error is the last word
            self._sleep(PAUSE * 2**attempt)
            if found := self._found(tag):
                return found
        raise NoAnswer(f"the broker did not answer to order {tag}: {LOOK} ({unanswered})")

    def _found(self, tag: str) -> str | None:
        try:
            return self._tagged().get(tag)
        except BrokerError as error:
            raise NoAnswer(f"the broker did not answer to order {tag}: {LOOK} ({error})") from None

    def _known(self) -> dict[str, str]:
        """What was placed under which tag, by this process or by one before it."""
        if self._placed is None:
            self._placed = self._tagged()
        return self._placed

    def _tagged(self) -> dict[str, str]:
        """The first order of each tag."""
        return {o.order.id: o.id for o in reversed(self.orders()) if o.order.id}

    def _order(self, order_id: str) -> BrokerOrder:
        for order in self.orders():
            if order.id == order_id:
                return order
        raise OrderRejected(f"the broker has no order {order_id} of today")

    def _until_done(
        self, tool: str, arguments: Mapping[str, Any], is_done: Callable[[], bool]
    ) -> None:
        for attempt in range(TRIES):
            try:
                self._line.ask(tool, arguments, kite.order_id_from)
            except NoAnswer:
                self._sleep(PAUSE * 2**attempt)
                if not is_done():
                    continue
            return
        raise NoAnswer(f"the broker did not answer to {tool} {TRIES} times: {LOOK}")

    def _rows(self, read: Callable[[kite.Row, str], _T]) -> Read[Sequence[_T]]:
        return lambda said: [read(row, self._home) for row in said]
