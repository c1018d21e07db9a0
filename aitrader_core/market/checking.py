"""From quotes to bars that can be believed: nothing foreign, nothing twice, nothing missing."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from operator import attrgetter
from typing import Literal

from aitrader_core.domain.market import Bar, Symbol
from aitrader_core.market.faults import Fault, Faults, spoken
from aitrader_core.market.gaps import find_gaps
from aitrader_core.market.quotes import Quote, bar_of
from aitrader_core.market.source import Wanted

UnknownSymbols = Literal["refuse", "ignore"]
Gaps = Literal["refuse", "allow"]
Stamp = tuple[date, time]
Places = dict[tuple[Symbol, date, time], str]


@dataclass
class Roster:
    """Which symbols of a file are the arena's; an unknown one is one fault, however often."""

    wanted: Wanted
    unknown_symbols: UnknownSymbols
    faults: Faults
    unknown: set[str] = field(default_factory=set)

    def has(self, symbol: str, place: str) -> bool:
        if symbol in self.wanted.missing:
            return True
        if symbol not in self.unknown and self.unknown_symbols == "refuse":
            way_out = "add it to the arena, or set unknown_symbols to ignore"
            self.faults.add(place, Fault(f"{symbol} is no symbol of this arena", way_out))
        self.unknown.add(symbol)
        return False


def checked_bars(quotes: Iterable[Quote], roster: Roster, gaps: Gaps) -> tuple[Bar, ...]:
    """By symbol, session and time; PriceFileError tells the first fault."""
    faults, wanted = roster.faults, roster.wanted
    bars: list[Bar] = []
    places: Places = {}
    for quote in quotes:
        if not roster.has(quote.symbol, quote.place):
            continue
        try:
            bar = bar_of(quote, wanted.calendar, intraday=wanted.intraday)
            _note(places, bar, quote)
        except Fault as fault:
            faults.add(quote.place, fault)
        else:
            bars.append(bar)
    faults.check()
    if not bars:
        faults.stop("", _nothing(roster))
    bars.sort(key=attrgetter("symbol", "session", "at"))
    _check_whole(bars, places, roster, gaps)
    return tuple(bars)


def _note(places: Places, bar: Bar, quote: Quote) -> None:
    key = (bar.symbol, bar.session, bar.at)
    if key in places:
        raise Fault(
            f"{quote.symbol} has a bar of {quote.stamp} on {spoken(places[key])} already",
            "keep the right one",
        )
    places[key] = quote.place


def _nothing(roster: Roster) -> Fault:
    if not roster.unknown:
        return Fault("has no bars", "check that it was written to its end")
    return Fault(
        f"has bars of {len(roster.unknown)} symbols and none is one of this arena",
        "is this a file of another market?",
    )


def _check_whole(bars: Sequence[Bar], places: Places, roster: Roster, gaps: Gaps) -> None:
    """Nothing is missing between a symbol's first bar and its last."""
    histories: defaultdict[Symbol, list[Bar]] = defaultdict(list)
    for bar in bars:
        histories[bar.symbol].append(bar)
    for history in histories.values():
        for bar in history[:-1]:
            if bar.close is None:
                roster.faults.add(places[bar.symbol, bar.session, bar.at], _unfinished(bar))
    if gaps == "refuse":
        stamps = {s: [(b.session, b.at) for b in history] for s, history in histories.items()}
        for symbol, missing in _missing(stamps, roster.wanted):
            after = stamps[symbol][bisect_left(stamps[symbol], missing[0])]
            roster.faults.add(places[symbol, *after], _hole(symbol, missing))
    roster.faults.check()


def _unfinished(bar: Bar) -> Fault:
    return Fault(
        f"{bar.symbol} has no close on {_written((bar.session, bar.at))} and yet a later bar",
        "give the close; only the newest bar of a symbol may be without",
    )


def _hole(symbol: Symbol, missing: Sequence[Stamp]) -> Fault:
    more = f" and {len(missing) - 1:,} more" if missing[1:] else ""
    return Fault(
        f"{symbol} has no bar of {_written(missing[0])}{more}, and bars before and after",
        f"add {'them' if more else 'it'}, or set gaps to allow",
    )


def _missing(
    stamps: dict[Symbol, list[Stamp]], wanted: Wanted
) -> Iterator[tuple[Symbol, list[Stamp]]]:
    """The sessions that a symbol lacks; within sessions, also the times that others have."""
    sessions = {symbol: [session for session, _ in had] for symbol, had in stamps.items()}
    holes = find_gaps(wanted.calendar, sessions)
    every = sorted({stamp for had in stamps.values() for stamp in had}) if wanted.intraday else []
    for symbol, had in stamps.items():
        expected = every[bisect_left(every, had[0]) : bisect_right(every, had[-1])]
        lacking = set(expected).difference(had)
        known = {session for session, _ in lacking}
        lacking |= {(s, time(0)) for s in holes.get(symbol, ()) if s not in known}
        if lacking:
            yield symbol, sorted(lacking)


def _written(stamp: Stamp) -> str:
    session, at = stamp
    return f"{session} {at}" if at != time(0) else str(session)
