"""The simulated venue of ticks: next-event fills, displayed sizes, queues, latency, and fees."""

from collections.abc import Sequence
from decimal import Decimal

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.order_venue import OrderReport, VenueEvent
from aitrader_core.domain.orders import Approved
from aitrader_core.simulation.feed import VenueTerms
from aitrader_core.simulation.ticks import NEVER, Tick, no_watch


class TickVenue:
    """Signatures; the body follows."""

    def __init__(
        self,
        terms: VenueTerms,
        symbols: Sequence[Symbol],
        step: Decimal = Decimal(1),
        *,
        quoted: bool = True,
    ) -> None:
        self.watch = no_watch(len(symbols))

    @property
    def wake_at(self) -> int:
        return NEVER

    def send(self, approved: Approved, now: int) -> None: ...

    def cancel(self, order_id: str, now: int) -> None: ...

    def on_tick(self, tick: Tick) -> None: ...

    def deliver(self, now: int) -> Sequence[VenueEvent]:
        return ()

    def status(self, order_id: str) -> OrderReport | None:
        return None
