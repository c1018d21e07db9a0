"""Bars of a recording's trades, in exact decimals."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.market import DAILY, Bar, Symbol
from aitrader_core.domain.money import ZERO
from aitrader_core.market.ticks.numbers import of_one_scale
from aitrader_core.market.ticks.recording import Recording, session_opens
from aitrader_core.simulation.ticks import TRADE

_MINUTE = 60 * 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def bars_of(
    recording: Recording, session: date, minutes: int | None = None, timezone: str = "UTC"
) -> list[Bar]:
    """By symbol, then time: one a session, or one every so many minutes from the first trade on."""
    opens = session_opens(session)
    length = (minutes or 1440) * _MINUTE
    found = {
        symbol: _parts(recording, index, opens, length)
        for index, symbol in enumerate(recording.symbols)
    }
    end = max((part for parts in found.values() for part in parts), default=0)
    stamps = {
        part: DAILY if minutes is None else _stamp(opens + part * length, timezone)
        for part in range(end + 1)
    }
    return [bar for s, parts in found.items() for bar in _filled(s, session, parts, end, stamps)]


Part = tuple[Decimal, Decimal, Decimal, Decimal, Decimal]  # open, high, low, close, volume


def _parts(recording: Recording, symbol: int, opens: int, length: int) -> dict[int, Part]:
    """By their number within the session."""
    events, levels = recording.events, recording.levels
    its = (events.symbol == symbol) & (events.kind == TRADE) & (events.received >= opens)
    if not its.any():
        return {}
    at = events.start[its]
    price, places = of_one_scale(levels.price[at], levels.price_decimals[at])
    size, size_places = of_one_scale(levels.quantity[at], levels.quantity_decimals[at])
    if size.astype(np.float64).sum() > 2**62:
        size = size.astype(object)  # integers of Python's own, which hold any sum
    parts = (events.received[its] - opens) // length
    first = np.flatnonzero(np.diff(parts, prepend=-1))
    last = np.append(first[1:], len(parts)) - 1
    prices = (price[first], np.maximum.reduceat(price, first), np.minimum.reduceat(price, first))
    columns = [
        *(_decimals(column, places) for column in (*prices, price[last])),
        _decimals(np.add.reduceat(size, first), size_places),
    ]
    return dict(zip(parts[first].tolist(), zip(*columns, strict=True), strict=True))


def _filled(
    symbol: Symbol, session: date, parts: dict[int, Part], end: int, stamps: dict[int, time]
) -> Iterable[Bar]:
    close = ZERO
    for number in range(min(parts, default=end + 1), end + 1):
        part = parts.get(number, (close, close, close, close, ZERO))
        close = part[3]
        yield Bar(symbol, session, *part, stamps[number])


def _stamp(received: int, timezone: str) -> time:
    moment = _EPOCH + timedelta(microseconds=received // 1000)
    return moment.astimezone(ZoneInfo(timezone)).time()


def _decimals(digits: NDArray[Any], places: int) -> Sequence[Decimal]:
    return [Decimal(number).scaleb(-places) for number in digits.tolist()]
