"""A time series as Alpha Vantage writes it in JSON, under its own keys or AI-Trader's."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from aitrader_core.market.faults import Fault
from aitrader_core.market.quotes import Quote

_SERIES = re.compile(r"Time Series \((Daily|[0-9]+min)\)")
_IGNORED = 5
FIELDS: Mapping[str, int] = {  # key: its place among open, high, low, close, volume
    "1. open": 0,
    "1. buy price": 0,
    "2. high": 1,
    "3. low": 2,
    "4. close": 3,
    "4. sell price": 3,
    "5. volume": 4,
}
ADJUSTED: Mapping[str, int] = {
    "1. open": 0,
    "2. high": 1,
    "3. low": 2,
    "4. close": 3,
    "5. adjusted close": _IGNORED,  # says nothing that the actions do not
    "6. volume": 4,
    "7. dividend amount": _IGNORED,
    "8. split coefficient": _IGNORED,
}


def parse(text: str) -> dict[str, Any]:
    """One JSON object with its numbers as they are written; Fault when it is none."""
    try:
        found = json.loads(
            text, object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=str
        )
    except json.JSONDecodeError as error:
        raise Fault(
            f"is not JSON ({error.msg} at column {error.colno})",
            "a line is one whole object; export the file again if it was cut off",
        ) from error
    except RecursionError as error:
        raise Fault("is nested too deeply", "a line is the prices of one symbol") from error
    if not isinstance(found, dict):
        raise Fault("is not a JSON object", "a line is the prices of one symbol")
    return found


def symbol_of(answer: Mapping[str, Any]) -> str:
    meta = answer.get("Meta Data")
    symbol = meta.get("2. Symbol") if isinstance(meta, dict) else None
    if not isinstance(symbol, str) or not symbol:
        raise Fault('has no "2. Symbol" in "Meta Data"', "say whose prices these are")
    return symbol


def series_of(answer: Mapping[str, Any], *, intraday: bool) -> Mapping[str, Any]:
    """The bars by their stamps; Fault unless there is one series of the right kind."""
    names = [key for key in answer if _SERIES.fullmatch(key)]
    if len(names) != 1 or not isinstance(answer[names[0]], dict):
        found = f"has {' and '.join(names)}" if names else "has no time series"
        raise Fault(found, 'give one object, "Time Series (Daily)" or "Time Series (60min)"')
    if intraday == (names[0] == "Time Series (Daily)"):
        arena = "trades within sessions" if intraday else "has one bar per session"
        other = "a 60-minute series" if intraday else "a daily series"
        raise Fault(f'has a "{names[0]}", and this arena {arena}', f"give {other}")
    return dict(answer[names[0]])


def quotes(
    place: str, symbol: str, series: Mapping[str, Any], fields: Mapping[str, int] = FIELDS
) -> Iterator[Quote | Fault]:
    """The bars as they stand; a Fault in the place of one that has another form."""
    for stamp, row in series.items():
        session, _, at = stamp.partition(" ")
        try:
            values = _values(f"{symbol} on {stamp}", row, fields)
        except Fault as fault:
            yield fault
        else:
            yield Quote(place, symbol, session, at or None, *values)


def _values(whose: str, row: object, fields: Mapping[str, int]) -> list[str | None]:
    if not isinstance(row, dict):
        raise Fault(f"{whose} is no object", f"give it the keys {_listed(fields)}")
    values: list[str | None] = [None] * (_IGNORED + 1)
    for key, value in row.items():
        if (at := fields.get(key)) is None:
            raise Fault(f"{whose} has an unknown key {key!r}", f"known are {_listed(fields)}")
        if at != _IGNORED and values[at] is not None:
            raise Fault(f"{whose} gives one value under two keys", f"take {key!r} out")
        values[at] = value if isinstance(value, str) or value is None else repr(value)
    return values[:_IGNORED]


def _listed(fields: Mapping[str, int]) -> str:
    return ", ".join(fields)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys come once: json would keep the last of them and say nothing."""
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for n, key in enumerate(keys) if key in keys[:n])
        raise Fault(f'has "{twice}" twice in one object', "keep the one that is right")
    return found
