"""Every bar of a span, the future included. The venue holds it, and nobody else may."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from aitrader_core.domain.errors import MarketDataError, MissingBar
from aitrader_core.domain.market import Bar, CorporateAction, MarketView, Split, Symbol


class Tape:
    """The bars and corporate actions of consecutive sessions.

    `prices` names their source and vintage. `depth` is how many past sessions a view shows; a
    tape begins that many sessions before the first one that is traded.
    """

    def __init__(
        self,
        sessions: Sequence[date],
        bars: Iterable[Bar],
        actions: Iterable[CorporateAction] = (),
        *,
        depth: int,
        prices: str = "unnamed",
    ) -> None:
        self.sessions = tuple(sessions)
        self.depth = depth
        self.prices = prices
        self.bars: dict[date, dict[Symbol, Bar]] = {session: {} for session in sessions}
        for bar in bars:
            self.bars[bar.session][bar.symbol] = bar
        self.opens: dict[date, dict[Symbol, Decimal]] = {
            session: {bar.symbol: bar.open for bar in row.values()}
            for session, row in self.bars.items()
        }
        self.actions: dict[date, list[CorporateAction]] = defaultdict(list)
        for action in actions:
            self.actions[action.ex_date].append(action)

    def index(self, session: date) -> int:
        i = bisect_left(self.sessions, session)
        if i == len(self.sessions) or self.sessions[i] != session:
            raise MarketDataError(f"{session} is not among the {len(self.sessions)} on the tape")
        return i


class Playhead:
    """Walks a tape, oldest session first, and shows no more than what has been revealed."""

    def __init__(self, tape: Tape, first: date) -> None:
        self._tape = tape
        self._at = tape.index(first) - 1
        self._past: list[Mapping[Symbol, Bar]] = []
        self._splits: dict[Symbol, list[Split]] = defaultdict(list)
        for session in tape.sessions[max(0, self._at + 1 - tape.depth) : max(0, self._at)]:
            self._past.append(tape.bars[session])
            self._reveal_splits(session)
        if self._at >= 0:
            self._reveal_splits(self.session)

    @property
    def session(self) -> date:
        return self._tape.sessions[self._at]

    def advance(self) -> MarketView:
        """Close the current session and open the next one.

        Views share the past, so one that is kept grows with the clock, never ahead of it.
        Raises MissingBar for a symbol that has a bar on the session before and none on this.
        """
        before: Mapping[Symbol, Bar] = self._tape.bars[self.session] if self._at >= 0 else {}
        if self._at >= 0:
            self._past.append(before)
        if self._at + 1 == len(self._tape.sessions):
            raise MarketDataError(f"the tape ends on {self.session}")
        self._at += 1
        opens = self._tape.opens[self.session]
        if not before.keys() <= opens.keys():
            gone = ", ".join(sorted(before.keys() - opens.keys()))
            raise MissingBar(
                f"{gone} has no bar on {self.session} in the prices {self._tape.prices}"
            )
        self._reveal_splits(self.session)
        return MarketView(self.session, opens, self._past, self._splits, self._tape.depth)

    def _reveal_splits(self, session: date) -> None:
        for action in self._tape.actions.get(session, ()):
            if isinstance(action, Split):
                self._splits[action.symbol].append(action)
