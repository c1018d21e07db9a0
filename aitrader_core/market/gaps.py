"""What looks wrong in a price history: sessions without a bar, jumps without a reason."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from operator import attrgetter

from aitrader_core.domain.market import Bar, CorporateAction, Split, Symbol
from aitrader_core.domain.money import plain
from aitrader_core.market.calendar import Calendar

_MARGIN = 1e-9  # relative; a float is good to 1e-16


def find_gaps(
    calendar: Calendar, sessions_by_symbol: Mapping[Symbol, Sequence[date]]
) -> dict[Symbol, tuple[date, ...]]:
    """The sessions that each symbol lacks between its first bar and its last.

    Only symbols that lack some; a week-end or a holiday is never lacking.
    """
    gaps = {}
    for symbol, sessions in sessions_by_symbol.items():
        have = frozenset(sessions)
        expected = calendar.between(min(have), max(have)) if have else ()
        if missing := tuple(d for d in expected if d not in have):
            gaps[symbol] = missing
    return gaps


@dataclass(frozen=True, slots=True)
class Jump:
    """An open far from what the close before it and the corporate actions since lead to."""

    symbol: Symbol
    session: date
    expected: Decimal
    open: Decimal

    def __str__(self) -> str:
        expected = f"{self.expected:.2f}" if self.expected >= 1 else f"{self.expected:.4g}"
        return (
            f"{self.symbol} opened at {plain(self.open)} on {self.session}, where its previous"
            f" close and corporate actions lead to {expected}: an unlisted or wrong split?"
        )


def suspicious_jumps(
    bars: Iterable[Bar], actions: Iterable[CorporateAction], factor: Decimal = Decimal("1.8")
) -> tuple[Jump, ...]:
    """Opens more than `factor` times above or below what was to be expected.

    A listed action excuses no more than its own size. A true crash is flagged too: AAPL opened
    at 0.53 of its close on 2000-09-29, which no ratio tells from a split of 2:1.
    """
    known: defaultdict[Symbol, list[CorporateAction]] = defaultdict(list)
    for action in sorted(actions, key=attrgetter("ex_date")):
        known[action.symbol].append(action)
    histories: defaultdict[Symbol, list[Bar]] = defaultdict(list)
    for bar in bars:
        histories[bar.symbol].append(bar)
    jumps: list[Jump] = []
    for symbol, history in sorted(histories.items()):
        history.sort(key=attrgetter("session", "at"))
        jumps += _jumps(history, known[symbol], factor)
    return tuple(jumps)


def _jumps(
    bars: Iterable[Bar], actions: Sequence[CorporateAction], factor: Decimal
) -> Iterator[Jump]:
    """Those of one symbol, its bars and its actions given in order."""
    # Floats settle almost every bar, well inside the threshold; Decimals are 10 times slower.
    low, high = 1 / float(factor) * (1 + _MARGIN), float(factor) * (1 - _MARGIN)
    done = 0
    for before, bar in pairwise(bars):
        while done < len(actions) and actions[done].ex_date <= before.session:
            done += 1
        if before.close is None:
            continue
        is_plain = done == len(actions) or bar.session < actions[done].ex_date
        if is_plain and low * (close := float(before.close)) < float(bar.open) < high * close:
            continue
        expected = _after(before.close, (a for a in actions[done:] if a.ex_date <= bar.session))
        if not expected / factor <= bar.open <= expected * factor:
            yield Jump(bar.symbol, bar.session, expected, bar.open)


def _after(close: Decimal, actions: Iterable[CorporateAction]) -> Decimal:
    """The price that a close becomes by `actions`, oldest first."""
    for action in actions:
        close = close / action.ratio if isinstance(action, Split) else close - action.amount
    return close
