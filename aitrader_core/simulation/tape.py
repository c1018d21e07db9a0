"""Every bar of a span, the future included. The venue holds it, and nobody else may."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from types import MappingProxyType

from aitrader_core.domain.errors import MarketDataError, MissingBar
from aitrader_core.domain.market import (
    DAILY,
    Bar,
    CorporateAction,
    MarketView,
    Moment,
    Past,
    Split,
    Symbol,
)


class Tape:
    """The bars and corporate actions of consecutive sessions.

    `depth` is how many past bars a view shows; a tape begins that many bars before the first
    session that is traded. `prices` names the source and the newest vintage of what is shown on
    each session, or on all of them. A session without any bar counts as one. `suspect` sessions
    can be looked back at and not be traded on, for the reason given.
    """

    def __init__(
        self,
        sessions: Sequence[date],
        bars: Iterable[Bar],
        actions: Iterable[CorporateAction] = (),
        *,
        depth: int,
        prices: str | Mapping[date, str] = "unnamed",
        suspect: Mapping[date, str] = MappingProxyType({}),
    ) -> None:
        self.sessions = tuple(sessions)
        self.depth = depth
        self.suspect = suspect
        named = dict.fromkeys(sessions, prices) if isinstance(prices, str) else prices
        self.prices: Mapping[date, str] = named
        rows = _rows(self.sessions, bars)
        self.moments = tuple(sorted(rows))
        self.actions: dict[date, list[CorporateAction]] = defaultdict(list)
        for action in actions:
            if not self.sessions or not self.sessions[0] <= action.ex_date <= self.sessions[-1]:
                continue
            if action.ex_date not in named:
                raise MarketDataError(_off(action.symbol, action.ex_date))
            self.actions[action.ex_date].append(action)
        # read-only: every model of a run looks at the same ones
        self.bars = {moment: MappingProxyType(row) for moment, row in rows.items()}
        self.opens = {
            moment: MappingProxyType({symbol: bar.open for symbol, bar in row.items()})
            for moment, row in rows.items()
        }
        self.closes = {
            moment: MappingProxyType({symbol: bar.close for symbol, bar in row.items()})
            for moment, row in rows.items()
        }

    def moments_of(self, session: date) -> Sequence[Moment]:
        """The bars of a session, oldest first."""
        low = bisect_left(self.moments, (session, time.min))
        return self.moments[low : bisect_right(self.moments, (session, time.max))]

    def index(self, session: date) -> int:
        """Of the session's first moment."""
        i = bisect_left(self.moments, (session, time.min))
        if i == len(self.moments) or self.moments[i][0] != session:
            raise MarketDataError(f"{session} is not among the {len(self.sessions)} on the tape")
        return i


def _rows(sessions: Sequence[date], bars: Iterable[Bar]) -> Mapping[Moment, Mapping[Symbol, Bar]]:
    known = set(sessions)
    rows: dict[Moment, dict[Symbol, Bar]] = {}
    for bar in bars:
        if bar.session not in known:
            raise MarketDataError(_off(bar.symbol, bar.session))
        row = rows.setdefault((bar.session, bar.at), {})
        if bar.symbol in row:
            raise MarketDataError(f"{bar.symbol} has two bars on {bar.session}{_clock(bar.at)}")
        row[bar.symbol] = bar
    for session in known - {session for session, _ in rows}:
        rows[session, DAILY] = {}
    return rows


def _off(symbol: Symbol, session: date) -> str:
    return f"{symbol} has prices or actions on {session}, no session"


def _clock(at: time) -> str:
    return "" if at == DAILY else f" at {at:%H:%M}"


class Playhead:
    """Walks a tape, oldest bar first, and shows no more than what has been revealed."""

    def __init__(self, tape: Tape, first: date) -> None:
        self._tape = tape
        self._at = tape.index(first) - 1
        self._is_open = False
        self._splits: dict[Symbol, list[Split]] = defaultdict(list)
        known = range(max(0, self._at + 1 - tape.depth), self._at + 1)
        self._past = Past(tape.bars[tape.moments[n]] for n in known[:-1])
        for session in dict.fromkeys(tape.moments[n][0] for n in known):
            self._reveal_splits(session)

    @property
    def session(self) -> date:
        """The one that is open."""
        return self.moment[0]

    @property
    def moment(self) -> Moment:
        """The bar that is open."""
        if not self._is_open:
            raise MarketDataError("no session is open yet")
        return self._tape.moments[self._at]

    def advance(self) -> MarketView:
        """Close the current bar and open the next one.

        Views share the past, so one that is kept grows with the clock, never ahead of it.
        Raises MissingBar for a symbol that has a bar on the one before and none on this, and
        MarketDataError for a suspect session.
        """
        tape = self._tape
        if self._at + 1 == len(tape.moments):
            raise MarketDataError(f"the tape ends on {tape.sessions[-1]}")
        before: Mapping[Symbol, Bar] = {}
        is_new_session = True
        if self._at >= 0:
            before = tape.bars[tape.moments[self._at]]
            is_new_session = tape.moments[self._at][0] != tape.moments[self._at + 1][0]
            self._past.add(before)
        self._at += 1
        self._is_open = True
        session, at = self.moment
        opens = tape.opens[self.moment]
        if len(before) > len(opens) or not before.keys() <= opens.keys():
            gone = ", ".join(sorted(before.keys() - opens.keys()))
            raise MissingBar(
                f"{gone} has no bar on {session}{_clock(at)} in the prices {tape.prices[session]}"
            )
        if session in tape.suspect:
            raise MarketDataError(tape.suspect[session])
        if is_new_session:
            self._reveal_splits(session)
        return MarketView(session, opens, self._past, self._splits, tape.depth, at)

    def advance_within_session(self) -> MarketView | None:
        """Open the next bar of the same session; None when there is none."""
        after = self._at + 1
        if after == len(self._tape.moments) or self._tape.moments[after][0] != self.session:
            return None
        return self.advance()

    def _reveal_splits(self, session: date) -> None:
        for action in self._tape.actions.get(session, ()):
            if isinstance(action, Split):
                self._splits[action.symbol].append(action)
