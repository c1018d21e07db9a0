"""A desk for orders that live for a while, and an OMS over it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from aitrader_core.domain.limits import Limits
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.order_venue import OrderVenue
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.risk import TradingRules
from aitrader_core.domain.trail import TrailEntry
from aitrader_core.execution.mandate import Mandate
from aitrader_core.execution.oms import Oms
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.venue import SimulatedVenue
from tests.simulation.tapes import FREE, MONDAY, A, B, tape_of

D = Decimal
OPENING = Portfolio(D(10_000), {A: D(100)})
PRICES = {A: D(10), B: D(20)}
SECOND = 1_000_000_000
TIME_OUT = 5 * SECOND
TAPE = tape_of({A: "10", B: "20"})


def desk_of(opening: Portfolio = OPENING, rules: TradingRules | None = None) -> Desk:
    venue = SimulatedVenue(TAPE, FREE, MONDAY)
    return Desk(venue, venue.open_session(), opening, rules or TradingRules())


def oms_over(
    desk: Desk,
    venue: OrderVenue,
    *,
    limits: Limits | None = None,
    prices: Mapping[Symbol, Decimal] = PRICES,
    fee_rate: str = "0.0015",
    trail: Sequence[TrailEntry] = (),
) -> Oms:
    mandate = Mandate(
        "us|model|2024-01-01",
        desk.portfolio.value(PRICES),
        limits or Limits(),
        D(fee_rate),
        timeout=TIME_OUT,
    )
    return Oms(desk, venue, mandate, prices, trail=trail)
