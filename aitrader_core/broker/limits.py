"""How often a broker may be asked: what it allows, and the pace of those who keep to it."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

SECOND = 1_000_000_000  # ns
MINUTE = 60 * SECOND


class Kind(Enum):
    """Requests that are counted together."""

    QUOTE = auto()
    ORDER = auto()  # place, modify, cancel
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Limits:
    """What Kite Connect allows an account.

    Requests a second, and 429 beyond: https://kite.trade/docs/connect/v3/exceptions/ (quotes 1,
    orders 10, all else 10). Orders a minute and a day: 400 and 5,000, as Zerodha says at
    https://kite.trade/forum/discussion/16217 (it was 200 a minute until 2025). What is not taken
    counts, too. Modifications: 25 of an order, https://kite.trade/forum/discussion/9201. Tags:
    https://kite.trade/docs/connect/v3/orders/. Instruments of a quote:
    https://kite.trade/docs/connect/v3/market-quotes/.
    """

    quotes_a_second: int = 1
    orders_a_second: int = 10
    orders_a_minute: int = 400
    orders_a_day: int = 5_000
    others_a_second: int = 10
    instruments: int = 500
    modifications: int = 25
    tag: int = 20

    @property
    def windows(self) -> Mapping[Kind, tuple[tuple[int, int], ...]]:
        """How many of a kind, within how many ns."""
        return {
            Kind.QUOTE: ((self.quotes_a_second, SECOND),),
            Kind.ORDER: ((self.orders_a_second, SECOND), (self.orders_a_minute, MINUTE)),
            Kind.OTHER: ((self.others_a_second, SECOND),),
        }


KITE = Limits()


@dataclass
class Pace:
    """When the next request may be made. Times are in ns; a clock that is put back does no harm."""

    limits: Limits = KITE
    _made: dict[Kind, deque[int]] = field(default_factory=lambda: {k: deque() for k in Kind})

    def wait(self, kind: Kind, now: int) -> int:
        """How many ns the next one has to wait from `now` on; 0 when it may go."""
        made, windows = self._made[kind], self.limits.windows[kind]
        while made and made[0] <= now - max(window for _, window in windows):
            made.popleft()
        waits = (min(made[-n] + window - now, window) for n, window in windows if len(made) >= n)
        return max((0, *waits))

    def note(self, kind: Kind, now: int) -> None:
        self._made[kind].append(now)
