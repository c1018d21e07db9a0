"""Where the token of a broker's session is kept between requests."""

from dataclasses import dataclass, field
from typing import Protocol

from pydantic import SecretStr

from aitrader_core.broker.kite import stamp
from aitrader_core.domain.errors import SessionExpired

LOG_IN = "log in with `aitrader broker login`"


class Tokens(Protocol):
    """Times are in ns since 1970 UTC."""

    def keep(self, token: SecretStr, until: int) -> None:
        """In place of the one that was there."""

    def token(self, now: int) -> SecretStr:
        """SessionExpired when there is none, or it has expired: such a one is removed."""

    def forget(self) -> None: ...


@dataclass
class Pocket:
    """Keeps it as long as the process lasts."""

    _kept: tuple[SecretStr, int] | None = field(default=None)

    def keep(self, token: SecretStr, until: int) -> None:
        self._kept = (token, until)

    def token(self, now: int) -> SecretStr:
        if self._kept is None:
            raise SessionExpired(f"nobody is logged in at the broker: {LOG_IN}")
        token, until = self._kept
        if until <= now:
            self.forget()
            raise over(until)
        return token

    def forget(self) -> None:
        self._kept = None


def over(until: int) -> SessionExpired:
    return SessionExpired(f"the session at the broker ended at {stamp(until)} IST: {LOG_IN}")
