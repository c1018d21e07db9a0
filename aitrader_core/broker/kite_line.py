"""Asking Kite: at its pace, again where that is safe, and with errors as sentences."""

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from threading import Lock
from typing import Any, Protocol, TypeVar

from pydantic import SecretStr

from aitrader_core.broker import kite
from aitrader_core.broker.kite import KiteError
from aitrader_core.broker.limits import SECOND, Kind, Limits, Pace
from aitrader_core.broker.tokens import LOG_IN, Tokens
from aitrader_core.domain.errors import (
    BrokerError,
    NoAnswer,
    OrderRejected,
    RateLimited,
    SessionExpired,
)

TRIES = 3
PAUSE = 0.5  # seconds before the next try, doubled each time
LOOK = "whether it is there is not known: look at the broker's orders before you send it again"

_T = TypeVar("_T")
Read = Callable[[Any], _T]


class Wire(Protocol):
    """Carries one call of a tool to the broker and its answer back."""

    def call(self, tool: str, arguments: Mapping[str, Any], token: SecretStr | None) -> str:
        """The answer, as JSON. KiteError for one of Kite's own errors, NoAnswer for none in time,
        BrokerError when nobody is there to be asked."""

    def close(self) -> None: ...


class Line:
    """To one account. `clock` is in ns since 1970 UTC, `sleep` takes seconds."""

    def __init__(
        self,
        wire: Wire,
        tokens: Tokens,
        limits: Limits,
        clock: Callable[[], int],
        sleep: Callable[[float], None],
    ) -> None:
        self._wire = wire
        self._tokens = tokens
        self._clock = clock
        self._sleep = sleep
        self._pace = Pace(limits)
        self._lock = Lock()  # of the pace

    def close(self) -> None:
        self._wire.close()

    def read(self, tool: str, read: Read[_T], **arguments: Any) -> _T:
        """Reading is always safe to do again."""
        for attempt in range(TRIES - 1):
            try:
                return self.ask(tool, arguments, read)
            except NoAnswer:
                self._sleep(PAUSE * 2**attempt)
        return self.ask(tool, arguments, read)

    def ask(self, tool: str, arguments: Mapping[str, Any], read: Read[_T]) -> _T:
        """What was asked too often was not done, so that it can be asked again."""
        token = None if tool == "login" else self._tokens.token(self._clock())
        for attempt in range(TRIES - 1):
            try:
                return self._sent(tool, arguments, read, token)
            except RateLimited as error:
                if _is_for_today(error):
                    raise
                self._sleep(PAUSE * 2 ** (attempt + 1))
        return self._sent(tool, arguments, read, token)

    def _sent(
        self, tool: str, arguments: Mapping[str, Any], read: Read[_T], token: SecretStr | None
    ) -> _T:
        self._wait(kite.KINDS.get(tool, Kind.OTHER))
        try:
            said = self._wire.call(tool, arguments, token)
        except KiteError as error:
            if error.error_type == "TokenException" and token is not None:
                self._drop(token)
            raise _in_our_words(error, tool, token) from None
        try:
            return read(json.loads(said, parse_float=Decimal))
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            why = f"the broker's answer to {tool} can't be read ({type(error).__name__})"
            is_order = kite.KINDS.get(tool) is Kind.ORDER
            raise (NoAnswer(f"{why}: {LOOK}") if is_order else BrokerError(why)) from None

    def _drop(self, token: SecretStr) -> None:
        """It is worth nothing; another process may have kept a new one by now."""
        try:
            if self._tokens.token(self._clock()) == token:
                self._tokens.forget()
        except SessionExpired:
            pass

    def _wait(self, kind: Kind) -> None:
        with self._lock:
            while wait := self._pace.wait(kind, self._clock()):
                self._sleep(wait / SECOND)
            self._pace.note(kind, self._clock())


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
