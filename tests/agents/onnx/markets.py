"""Markets long enough to reckon features on: written by hand as columns, or drawn from a seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from random import Random

from aitrader_core.agents.onnx.features import LOOKBACK, NAMES
from aitrader_core.domain.market import Bar, CorporateAction, MarketView, Split, Symbol
from aitrader_core.simulation.tape import Playhead, Tape
from tests.simulation.tapes import SYMBOLS, A, B, C, weekdays

D = Decimal
DAYS = weekdays(LOOKBACK + 20, date(2024, 1, 15))
TODAY = DAYS[LOOKBACK]  # the first session of which there are features


def bars(
    symbol: Symbol,
    closes: Sequence[float],
    *,
    highs: Sequence[float] = (),
    lows: Sequence[float] = (),
    volumes: Sequence[float] = (),
) -> list[Bar]:
    """From the first of DAYS on; it opens at its close."""
    figures = zip_longest(closes, highs, lows, volumes)
    told = ([None if x is None else D(str(x)) for x in row] for row in figures)
    return [
        Bar(symbol, day, price or D(0), high, low, price, volume)
        for day, (price, high, low, volume) in zip(DAYS, told, strict=False)
    ]


def view_of(
    past: Iterable[Bar],
    opens: Mapping[Symbol, float],
    actions: Sequence[CorporateAction] = (),
    today: date = TODAY,
) -> MarketView:
    begun = [Bar(symbol, today, D(str(price))) for symbol, price in opens.items()]
    sessions = [day for day in DAYS if day <= today]
    tape = Tape(sessions, [*past, *begun], actions, depth=LOOKBACK)
    return Playhead(tape, today).advance()


def drawn(seed: int, days: Sequence[date] = DAYS, symbols: Sequence[Symbol] = SYMBOLS) -> list[Bar]:
    """Walks by lot, in cents: some bars know no high and low, some no volume."""
    lot, made = Random(seed), list[Bar]()
    for symbol in symbols:
        price = lot.uniform(5, 500)
        for day in days:
            opened = price * lot.uniform(0.98, 1.02)
            price = opened * lot.uniform(0.95, 1.06)
            ends = _cents(opened), _cents(price)
            bar = Bar(symbol, day, ends[0], close=ends[1])
            if lot.random() > 0.1:
                bar = replace(bar, high=max(ends) + 1, low=min(ends) * D("0.99"))
            made.append(
                replace(bar, volume=D(lot.randint(0, 10**6)) if lot.random() > 0.001 else None)
            )
    return made


def tape_of_walks(seed: int, days: Sequence[date] = DAYS, listed: int = 0) -> Tape:
    """One with splits before and within the sessions that have features, and with a symbol that is
    listed only when `listed` sessions have passed."""
    walks = [b for b in drawn(seed, days) if b.symbol != C or b.session >= days[listed]]
    splits = [Split(A, days[30], D(2)), Split(B, days[LOOKBACK + 4], D("0.3")), *OTHER_SPLITS]
    return Tape(days, walks, splits, depth=LOOKBACK)


OTHER_SPLITS = [Split(A, DAYS[LOOKBACK + 9], D(3)), Split(A, DAYS[LOOKBACK + 10], D("1.5"))]
WIDTH = len(NAMES)


def views(tape: Tape, first: date = DAYS[0]) -> Iterable[MarketView]:
    """Of `first` and every session after it, as a walk comes by them."""
    playhead = Playhead(tape, first)
    for session in tape.sessions:
        if session >= first:
            yield playhead.advance()


def _cents(price: float) -> Decimal:
    return D(f"{max(price, 0.01):.2f}")
