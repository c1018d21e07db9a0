"""A BrokerAccount in Kite's words, over whatever carries them."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from threading import Lock
from typing import Any, Protocol

from pydantic import SecretStr

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
from aitrader_core.broker.kite import KiteError
from aitrader_core.broker.limits import KITE, SECOND, Kind, Limits, Pace
from aitrader_core.broker.snapshot import snapshot
from aitrader_core.broker.tokens import LOG_IN, Pocket, Tokens
from aitrader_core.domain.account import Account
from aitrader_core.domain.errors import (
    BrokerError,
    NoAnswer,
    OrderRejected,
    RateLimited,
    SessionExpired,
)
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.orders import Order
from aitrader_core.domain.trail import OrderStatus

TRIES = 3
PAUSE = 0.5  # seconds before the next try, doubled each time


class Wire(Protocol):
    """Carries one call of a tool to the broker and its answer back."""

    def call(self, tool: str, arguments: Mapping[str, Any], token: SecretStr | None) -> str:
        """The answer, as JSON. KiteError for one of Kite's own errors, NoAnswer for none in time,
        BrokerError when nobody is there to be asked."""

    def close(self) -> None: ...


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
        self._wire = wire
        self._tokens: Tokens = Pocket() if tokens is None else tokens
        self._home = home
        self._limits = limits
        self._clock = clock
        self._sleep = sleep
        self._pace = Pace(limits)
        self._lock = Lock()  # of the pace, and of one placing at a time
        self._placing = Lock()
        self._placed: dict[str, str] | None = None  # broker ids by tag; None: not looked up yet

    def close(self) -> None:
        self._wire.close()

    # --- the session

    def login_url(self) -> str:
        return str(self._ask("login", {})["login_url"])

    def login(self, request_token: str) -> int:
        said = self._ask("login", {"request_token": request_token})
        until = kite.session_end(kite.moment(said["login_time"]))
        self._tokens.keep(SecretStr(said["access_token"]), until)
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
        return kite.profile_from(self._read("get_profile"))

    def margins(self) -> Margins:
        return kite.margins_from(self._read("get_margins"))

    def holdings(self) -> Sequence[Holding]:
        return [kite.holding_from(row, self._home) for row in self._read("get_holdings")]

    def positions(self) -> Sequence[NetPosition]:
        return [kite.position_from(row, self._home) for row in self._read("get_positions")["net"]]

    def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, BrokerQuote]:
        wanted = {kite.instrument(symbol, self._home): symbol for symbol in symbols}
        names, most = list(wanted), self._limits.instruments
        found: dict[str, Any] = {}
        for start in range(0, len(names), most):
            found |= self._read("get_quotes", instruments=names[start : start + most])
        return {wanted[n]: kite.quote_from(wanted[n], found[n]) for n in names if n in found}

    def orders(self) -> Sequence[BrokerOrder]:
        return [kite.order_from(row, self._home) for row in self._read("get_orders")]

    def trades(self) -> Sequence[BrokerTrade]:
        return [kite.trade_from(row, self._home) for row in self._read("get_trades")]

    def order_history(self, order_id: str) -> Sequence[OrderStep]:
        return [kite.step_from(row) for row in self._read("get_order_history", order_id=order_id)]

    def snapshot(self, now: int, symbols: Sequence[Symbol] = ()) -> Account:
        return snapshot(self, now, symbols)

    # --- trading

    def place(self, order: Order, instructions: Instructions = DELIVERY) -> str:
        arguments = kite.order_arguments(order, instructions, self._home)
        if not order.id:
            return str(self._ask("place_order", arguments)["order_id"])
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
                return str(self._ask("place_order", arguments)["order_id"])
            except BrokerError as error:
                if not attempt and not isinstance(error, NoAnswer):
                    raise
                unanswered = error  # once it may be on its way, no other error is the last word
            self._sleep(PAUSE * 2**attempt)
            if found := self._found(tag):
                return found
        raise NoAnswer(f"the broker did not answer to order {tag}: {_LOOK} ({unanswered})")

    def _found(self, tag: str) -> str | None:
        try:
            return self._tagged().get(tag)
        except BrokerError as error:
            raise NoAnswer(f"the broker did not answer to order {tag}: {_LOOK} ({error})") from None

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
                self._ask(tool, arguments)
            except NoAnswer:
                self._sleep(PAUSE * 2**attempt)
                if not is_done():
                    continue
            return
        raise NoAnswer(f"the broker did not answer to {tool} {TRIES} times: {_LOOK}")

    # --- asking

    def _read(self, tool: str, **arguments: Any) -> Any:
        """Reading is always safe to do again."""
        for attempt in range(TRIES - 1):
            try:
                return self._ask(tool, arguments)
            except NoAnswer:
                self._sleep(PAUSE * 2**attempt)
        return self._ask(tool, arguments)

    def _ask(self, tool: str, arguments: Mapping[str, Any]) -> Any:
        """What was asked too often was not done, so that it can be asked again."""
        token = None if tool == "login" else self._tokens.token(self._clock())
        for attempt in range(TRIES - 1):
            try:
                return self._sent(tool, arguments, token)
            except RateLimited as error:
                if _is_for_today(error):
                    raise
                self._sleep(PAUSE * 2 ** (attempt + 1))
        return self._sent(tool, arguments, token)

    def _sent(self, tool: str, arguments: Mapping[str, Any], token: SecretStr | None) -> Any:
        self._wait(kite.KINDS.get(tool, Kind.OTHER))
        try:
            said = self._wire.call(tool, arguments, token)
        except KiteError as error:
            if error.error_type == "TokenException" and token is not None:
                self._tokens.forget()
            raise _in_our_words(error, tool, token) from None
        return json.loads(said, parse_float=Decimal, parse_int=int)

    def _wait(self, kind: Kind) -> None:
        with self._lock:
            while wait := self._pace.wait(kind, self._clock()):
                self._sleep(wait / SECOND)
            self._pace.note(kind, self._clock())


_LOOK = "whether it is there is not known: look at the broker's orders before you send it again"
_TODAY = "Maximum allowed"  # so begins what will not be better in a moment
_NOT_TAKEN = (
    "InputException",
    "OrderException",
    "MarginException",
    "HoldingException",
    "PermissionException",
    "UserException",
)


def _is_for_today(error: RateLimited) -> bool:
    return _TODAY in str(error)


def _in_our_words(error: KiteError, tool: str, token: SecretStr | None) -> BrokerError:
    """Sentences are shown and stored: a server that repeats the token is not repeated."""
    said = error.message.rstrip(".")
    if token is not None and (secret := token.get_secret_value()):
        said = said.replace(secret, "***")
    if error.error_type == "TokenException":
        return SessionExpired(f"the broker's session is not valid any more ({said}): {LOG_IN}")
    if error.code == 429:
        return RateLimited(f"the broker was asked too often ({tool}: {said}): try again later")
    if error.error_type not in _NOT_TAKEN:  # nobody knows how far it got
        return NoAnswer(f"the broker could not carry out {tool} ({error.error_type}: {said})")
    if kite.KINDS.get(tool) is Kind.ORDER:
        return OrderRejected(f"the broker does not take it ({error.error_type}): {said}")
    return BrokerError(f"the broker does not answer {tool} ({error.error_type}): {said}")
