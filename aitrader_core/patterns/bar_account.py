"""A desk of bars as sizing and pre-trade risk see it: everything is executed at once, at opens."""

from datetime import UTC, datetime
from functools import lru_cache

from aitrader_core.domain.account import Account
from aitrader_core.domain.market import Moment
from aitrader_core.simulation.desk import Desk


@lru_cache(maxsize=10_000)  # each open asks for the same ones again
def stamp(moment: Moment) -> int:
    """The bar's own time as the vendor tells it, a daily bar's midnight, read as UTC: ns."""
    whole = datetime.combine(*moment, tzinfo=UTC)
    return int(whole.timestamp()) * 1_000_000_000


def account_of(desk: Desk, recent: int = 0) -> Account:
    """`recent` orders came before at this open. What is not settled yet can't be sold: it counts
    as promised to other sales."""
    view, held = desk.view, desk.portfolio.positions
    now = stamp((view.session, view.at))
    return Account(
        now=now,
        as_of=now,
        cash=desk.portfolio.cash,
        value_at_start=desk.value_at_start,
        positions=held,
        prices=view.opens,
        outgoing={s: rest for s, quantity in held.items() if (rest := quantity - desk.sellable(s))},
        recent=recent,
    )
