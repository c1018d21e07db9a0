"""Model-days in memory: for trying things out, and for tests. Same contract as Postgres."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from threading import RLock

from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.domain.money import ZERO
from aitrader_core.storage.store import Draft, Origin, Stored


class MemoryStore:
    """A ModelDayStore that forgets when its process ends."""

    def __init__(self) -> None:
        self._live: dict[tuple[str, str], dict[date, tuple[ModelDay, Origin]]] = defaultdict(dict)
        self._revisions: dict[tuple[str, str, date], int] = defaultdict(int)
        self._locks: dict[tuple[str, str], RLock] = defaultdict(RLock)

    @contextmanager
    def lock(self, market: str, model: str) -> Iterator[None]:
        with self._locks[market, model]:
            yield

    def sessions(self, market: str, model: str, request: str | None = None) -> Sequence[date]:
        live = self._live[market, model]
        return sorted(
            session
            for session, (_, origin) in live.items()
            if request is None or origin.request == request
        )

    def opening_after(self, market: str, model: str, session: date) -> Opening | None:
        day = self.get(market, model, session)
        return None if day is None else day.as_opening

    def put(self, day: ModelDay, origin: Origin, seconds: float = 0.0) -> Stored:
        return self.put_all([Draft(day, seconds)], origin)[0]

    def put_all(self, drafts: Sequence[Draft], origin: Origin) -> Sequence[Stored]:
        kept = {key: dict(days) for key, days in self._live.items()}
        revisions = dict(self._revisions)
        try:
            return [self._put(draft.day, origin) for draft in drafts]
        except LedgerError:
            self._live, self._revisions = defaultdict(dict, kept), defaultdict(int, revisions)
            raise

    def _put(self, day: ModelDay, origin: Origin) -> Stored:
        live = self._live[day.market, day.model]
        after = day.opening.after
        if after is not None and after not in live:
            raise LedgerError(f"{day.model} opens with the close of {after}, which is not stored")
        if after is not None and (
            after >= day.session or any(after < s < day.session for s in live)
        ):
            raise LedgerError(f"{day.model} of {day.session} does not follow its previous close")
        _check_balance(day, live[after][0] if after is not None else None)
        gone = [s for s in live if after is None or s >= day.session]
        for session in gone:
            del live[session]
        live[day.session] = (day, origin)
        self._revisions[day.market, day.model, day.session] += 1
        return Stored(self._revisions[day.market, day.model, day.session], len(gone))

    def get(self, market: str, model: str, session: date) -> ModelDay | None:
        entry = self._live[market, model].get(session)
        return None if entry is None else entry[0]


def _check_balance(day: ModelDay, previous: ModelDay | None) -> None:
    opening = day.opening.portfolio
    if previous is not None and opening != previous.closing:
        raise LedgerError(f"{day.model} of {day.session} does not open with its previous close")
    if previous is None and (opening.positions or opening.cash != day.opening.performance.start):
        raise LedgerError(f"{day.model} of {day.session} does not open with the initial cash")
    portfolio = opening
    for fact in day.facts():
        portfolio = portfolio.apply(fact)
    if portfolio != day.closing or portfolio.cash < ZERO:
        raise LedgerError(f"{day.model} of {day.session} does not balance")
