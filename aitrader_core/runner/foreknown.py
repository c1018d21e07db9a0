"""Which prices are known at a moment, and which only later."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import time
from decimal import Decimal
from functools import cached_property

from aitrader_core.domain.market import Bar, Moment, Split, Symbol, adjusted
from aitrader_core.domain.orders import Order, Side
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.tape import Tape

AHEAD = 5  # sessions after the one that is looked at


class Foreknown:
    """The prices of one symbol as they are from one moment of a tape on."""

    def __init__(self, tape: Tape, costs: CostProfile, moment: Moment, symbol: Symbol) -> None:
        self._tape, self._costs = tape, costs
        self._moment, self._symbol = moment, symbol

    @cached_property
    def later(self) -> dict[Decimal, str]:
        """Each price that comes to be known within the next sessions, and what it is."""
        found: dict[Decimal, str] = {}
        for moment in self._ahead:
            bar = self._tape.bars[moment].get(self._symbol)
            for name, price in _prices(bar) if bar else ():
                if moment > self._moment or name != "open":
                    found.setdefault(price, f"its {name} of {_told(moment)}")
        return found

    def is_known(self, price: Decimal, bars: int) -> bool:
        """Whether it is a price of this open, or of so many bars before it."""
        return price in self._opens or price in self._past(bars)

    @cached_property
    def _ahead(self) -> Sequence[Moment]:
        sessions, moments = self._tape.sessions, self._tape.moments
        last = sessions[: bisect_left(sessions, self._moment[0]) + AHEAD + 1][-1]
        return moments[self._at : bisect_right(moments, (last, time.max))]

    @cached_property
    def _at(self) -> int:
        return bisect_left(self._tape.moments, self._moment)

    @cached_property
    def _opens(self) -> set[Decimal]:
        """The open, and what orders are filled at."""
        opened = self._tape.opens[self._moment].get(self._symbol)
        if opened is None:
            return set()
        orders = (Order(self._symbol, side, Decimal(1)) for side in Side)
        return {opened, *(self._costs.quote(order, opened).price for order in orders)}

    def _past(self, bars: int) -> set[Decimal]:
        """As they are shown: adjusted for the splits until then."""
        rows = (self._tape.bars[m] for m in self._tape.moments[max(0, self._at - bars) : self._at])
        found = [row[self._symbol] for row in rows if self._symbol in row]
        for split in self._splits:
            found = [adjusted(bar, split) for bar in found]
        return {price for bar in found for _, price in _prices(bar)}

    @property
    def _splits(self) -> list[Split]:
        return [
            action
            for session in self._tape.sessions
            if session <= self._moment[0]
            for action in self._tape.actions.get(session, ())
            if isinstance(action, Split) and action.symbol == self._symbol
        ]


def _prices(bar: Bar) -> Iterator[tuple[str, Decimal]]:
    for name in ("open", "high", "low", "close"):
        if (price := getattr(bar, name)) is not None:
            yield name, price


def _told(moment: Moment) -> str:
    session, at = moment
    return f"{session}{f' {at:%H:%M}' if at != at.min else ''}"
