"""Trades a stored session again, from the orders and corrections that were recorded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time

from aitrader_core.domain.denials import Denial
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.orders import Fill, Order, Outcome, Quote, Refused
from aitrader_core.domain.portfolio import Adjustment
from aitrader_core.domain.trail import TrailEntry
from aitrader_core.simulation.desk import Desk

# What cash, holdings and prices tell anew: nothing else may be taken from the record.
_TOLD_ANEW = (Denial.FREE_CASH, Denial.NOT_HELD, Denial.NOT_OFFERED)


def _as_it_was(fill: Fill) -> Fill:
    return fill


@dataclass(frozen=True, slots=True)
class Replay:
    """Submits the orders of each bar in order, whatever becomes of them, and corrects between
    them what was corrected; ends as the session ended.

    Orders on ticks were executed at prices that no bar has: what became of them is booked again
    instead, and has to balance.

    What a model's own limits denied is denied again: they are not the market's.
    """

    orders: dict[time, tuple[Order, ...]]
    corrections: tuple[Adjustment, ...]
    ending: Ending
    executed: tuple[Outcome, ...] = ()
    trail: tuple[TrailEntry, ...] = ()
    denied: Mapping[int, Refused] = field(default_factory=dict)  # by how many orders came before

    @classmethod
    def of(cls, day: ModelDay, costed: Callable[[Fill], Fill] = _as_it_was) -> "Replay":
        """`costed` is what an execution on ticks costs now."""
        if day.trail:
            outcomes = (costed(o) if isinstance(o, Fill) else o for o in day.blotter)
            return cls({}, day.corrections, day.ending, executed=tuple(outcomes), trail=day.trail)
        wishes = iter(day.blotter)
        orders = {m.at: tuple(next(wishes).order for _ in range(m.orders)) for m in day.marks}
        denied = {n: o for n, o in enumerate(day.blotter) if isinstance(o, Refused)}
        limited = {n: o for n, o in denied.items() if o.code and o.code not in _TOLD_ANEW}
        return cls(orders, day.corrections, day.ending, denied=limited)

    def trade(self, desk: Desk) -> Ending:
        desk.guard = _Denied(desk, self.denied) if self.denied else None
        self._correct(desk)
        for order in self.orders.get(desk.view.at, ()):
            desk.submit(order)
            self._correct(desk)
        for outcome in self.executed:
            desk.book(outcome)
        desk.trail.extend(self.trail)
        return self.ending

    def _correct(self, desk: Desk) -> None:
        for c in self.corrections:
            if (c.at, c.after) == (desk.view.at, len(desk.blotter)):
                desk.correct(c.symbol, c.quantity_change, c.cash_change, c.reason or "")


@dataclass(frozen=True, slots=True)
class _Denied:
    """The guard of a replay: it denies what was denied."""

    desk: Desk
    denied: Mapping[int, Refused]

    def denial(self, _order: Order, _quote: Quote) -> Refused | None:
        return self.denied.get(len(self.desk.blotter))
