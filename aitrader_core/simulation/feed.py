"""A session's ticks, and the terms that its orders are executed on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO
from aitrader_core.domain.signals import Located
from aitrader_core.domain.trading_state import TradingState

if TYPE_CHECKING:  # numpy is for those who trade on ticks
    from aitrader_core.simulation.ticks import Chunks


@dataclass(frozen=True, slots=True)
class VenueTerms:
    """How a simulated venue of ticks executes.

    `latency_ms` lies between an order or a cancel and the venue, and between the venue and its
    report. Fees are fractions of the notional (0.0004 is 4 basis points). `displayed_only` says
    that an execution takes no more than the size displayed at the best price of each tick;
    where a stream tells no quotes, `participation` is the part of a trade's volume that is taken.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    latency_ms: Decimal = Decimal(5)
    maker_fee: Decimal = ZERO
    taker_fee: Decimal = ZERO
    displayed_only: bool = True
    participation: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        for name in ("latency_ms", "maker_fee", "taker_fee"):
            value = getattr(self, name)
            if not value.is_finite() or value < 0:
                raise ValueError(f"{name} is {value}, must be 0 or more")
        if not 0 < self.participation <= 1:
            raise ValueError(f"participation is {self.participation}, must be above 0, up to 1")

    @property
    def latency(self) -> int:
        """In ns."""
        return int(self.latency_ms * 1_000_000)


@dataclass(frozen=True, slots=True)
class Feed:
    """The ticks of one session, played from the first one on, whatever was played before.

    `name` tells them apart from other ticks of the same session: the hash of what they are.
    `session_key`, market|model|session, is what ids of orders are made of. `trading` is how
    the kill switch stood when the session began. `signals` are those that an engine has found in
    these ticks; who has none looks for them. Without `quoted` there are no quotes among the ticks,
    and trades alone tell what can be had.
    """

    symbols: tuple[Symbol, ...]
    chunks: "Chunks"
    terms: VenueTerms
    name: str
    session_key: str
    trading: TradingState = TradingState.ACTIVE
    signals: Sequence[Located] | None = None
    quoted: bool = True

    @property
    def made_of(self) -> Mapping[str, str]:
        """For the manifest of what is traded on them."""
        return {"ticks": self.name, "trading": self.trading.value}
