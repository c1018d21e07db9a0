"""Price imports while we serve: Dagster materializes the bars that are missing, span by span."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date

from aitrader_core.market.calendar import Calendar
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.serve.children import Child

Start = Callable[..., Child]


class Imports:
    """A queue of imports, of which one runs at a time."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._waiting: deque[tuple[str, date, date]] = deque()
        self._running: Child | None = None

    @property
    def are_done(self) -> bool:
        return self._running is None and not self._waiting

    def add(self, market: str, calendar: Calendar, sessions: Iterable[date]) -> None:
        self._waiting += [(market, first, last) for first, last in spans(calendar, sessions)]
        self.look()

    def look(self) -> None:
        """Start the next one when there is none. ChildFailed when one has failed."""
        if self._running is not None:
            status = self._running.poll()
            if status is None:
                return
            failed, self._running = self._running, None
            if status:
                self._waiting.clear()
                raise failed.failure()
        if self._waiting:
            market, first, last = self._waiting.popleft()
            self._running = self._start(
                "prices",
                "dagster",
                *("asset", "materialize", "-m", "aitrader_dagster.definitions"),
                *("--select", f"{market}/bars", "--partition-range", f"{first}...{last}"),
            )


def wanted_first(arena: Arena, unpriced: Sequence[date]) -> tuple[list[date], list[date]]:
    """What the demo needs of `unpriced`, history included, and the rest."""
    if not arena.demo:
        return [], [*unpriced]
    before = arena.calendar.between(arena.first_session, arena.demo[0])[-arena.history - 1 :][0]
    return [s for s in unpriced if s >= before], [s for s in unpriced if s < before]


def spans(calendar: Calendar, sessions: Iterable[date]) -> Iterator[tuple[date, date]]:
    """First and last of each stretch of sessions that follow one another."""
    stretch: list[date] = []
    for session in sessions:
        if stretch and calendar.next(stretch[-1]) != session:
            yield stretch[0], stretch[-1]
            stretch = []
        stretch.append(session)
    if stretch:
        yield stretch[0], stretch[-1]


def unpriced_of(floor: Floor) -> tuple[list[date], list[date]]:
    return wanted_first(floor.arena, floor.unpriced())
