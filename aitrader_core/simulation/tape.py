"""Every bar of a span, the future included. The venue holds it, and nobody else may."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from aitrader_core.domain.errors import MarketDataError, MissingBar
from aitrader_core.domain.market import Bar, CorporateAction, MarketView, Split, Symbol


class Tape:
    """The bars and corporate actions of consecutive sessions.

    `depth` is how many past sessions a view shows; a tape begins that many sessions before the
    first one that is traded. `prices` names the source and the newest vintage of what is shown on
    each session, or on all of them.
    """

    def __init__(
        self,
        sessions: Sequence[date],
        bars: Iterable[Bar],
        actions: Iterable[CorporateAction] = (),
        *,
        depth: int,
        prices: str | Mapping[date, str] = "unnamed",
    ) -> None:
        self.sessions = tuple(sessions)
        self.depth = depth
        named = dict.fromkeys(sessions, prices) if isinstance(prices, str) else prices
        self.prices: Mapping[date, str] = named
        rows: dict[date, dict[Symbol, Bar]] = {session: {} for session in sessions}
        for bar in bars:
            if bar.symbol in self._row(rows, bar.session, bar.symbol):
                raise MarketDataError(f"{bar.symbol} has two bars on {bar.session}")
            rows[bar.session][bar.symbol] = bar
        self.actions: dict[date, list[CorporateAction]] = defaultdict(list)
        for action in actions:
            if not self.sessions or not self.sessions[0] <= action.ex_date <= self.sessions[-1]:
                continue
            self._row(rows, action.ex_date, action.symbol)
            self.actions[action.ex_date].append(action)
        # read-only: every model of a run looks at the same ones
        self.bars = {session: MappingProxyType(row) for session, row in rows.items()}
        self.opens = {
            session: MappingProxyType({symbol: bar.open for symbol, bar in row.items()})
            for session, row in rows.items()
        }

    def index(self, session: date) -> int:
        i = bisect_left(self.sessions, session)
        if i == len(self.sessions) or self.sessions[i] != session:
            raise MarketDataError(f"{session} is not among the {len(self.sessions)} on the tape")
        return i

    def _row(
        self, rows: dict[date, dict[Symbol, Bar]], session: date, symbol: Symbol
    ) -> dict[Symbol, Bar]:
        if session not in rows:
            raise MarketDataError(f"{symbol} has prices or actions on {session}, no session")
        return rows[session]


class Playhead:
    """Walks a tape, oldest session first, and shows no more than what has been revealed."""

    def __init__(self, tape: Tape, first: date) -> None:
        self._tape = tape
        self._at = tape.index(first) - 1
        self._is_open = False
        self._past: list[Mapping[Symbol, Bar]] = []
        self._splits: dict[Symbol, list[Split]] = defaultdict(list)
        for session in tape.sessions[max(0, self._at + 1 - tape.depth) : max(0, self._at)]:
            self._past.append(tape.bars[session])
            self._reveal_splits(session)
        if self._at >= 0:
            self._reveal_splits(tape.sessions[self._at])

    @property
    def session(self) -> date:
        """The one that is open."""
        if not self._is_open:
            raise MarketDataError("no session is open yet")
        return self._tape.sessions[self._at]

    def advance(self) -> MarketView:
        """Close the current session and open the next one.

        Views share the past, so one that is kept grows with the clock, never ahead of it.
        Raises MissingBar for a symbol that has a bar on the session before and none on this.
        """
        tape = self._tape
        if self._at + 1 == len(tape.sessions):
            raise MarketDataError(f"the tape ends on {tape.sessions[-1]}")
        before: Mapping[Symbol, Bar] = {}
        if self._at >= 0:
            before = tape.bars[tape.sessions[self._at]]
            self._past.append(before)
        self._at += 1
        self._is_open = True
        opens = tape.opens[self.session]
        if not before.keys() <= opens.keys():
            gone = ", ".join(sorted(before.keys() - opens.keys()))
            raise MissingBar(
                f"{gone} has no bar on {self.session} in the prices {tape.prices[self.session]}"
            )
        self._reveal_splits(self.session)
        return MarketView(self.session, opens, self._past, self._splits, tape.depth)

    def _reveal_splits(self, session: date) -> None:
        for action in self._tape.actions.get(session, ()):
            if isinstance(action, Split):
                self._splits[action.symbol].append(action)
