"""What every supplier of recorded ticks offers: sessions, and what was recorded in each."""

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal, Protocol

from aitrader_core.domain.market import Symbol

if TYPE_CHECKING:  # numpy is for those who read ticks
    from aitrader_core.market.ticks.recording import Recording

# Where the quotes of ticks come from: "recorded" takes those that were recorded, and a symbol
# without any takes them from its order book; "book" always takes the order book's.
Quotes = Literal["recorded", "book"]


class TickSource(Protocol):
    """Recordings of an exchange's streams, files of trades: the caller cannot tell.

    The session of a tick is its local receive time's day in UTC.
    """

    @property
    def name(self) -> str: ...

    def sessions(self) -> list[date]:
        """Those that the files cover, oldest first. TickFileError for a folder that isn't there."""
        ...

    def load(self, session: date, symbols: Sequence[Symbol]) -> "Recording":
        """What was recorded of these symbols in the session; nothing in one that is not covered.

        Without `symbols` all are taken. TickFileError for a file that can't be read.
        """
        ...
