"""AI-Trader's merged.jsonl: a line is all the prices of one symbol, daily or within sessions."""

from collections.abc import Iterator
from typing import Any

from aitrader_core.market import series
from aitrader_core.market.faults import Fault, Faults, decoded
from aitrader_core.market.quotes import Quote


def read(content: bytes, faults: Faults, *, intraday: bool) -> Iterator[Quote]:
    lines: dict[str, int] = {}
    for number, line in enumerate(decoded(content, faults).split("\n"), 1):
        if not line.strip():
            continue
        place = f":{number}"
        try:
            symbol, bars = _one(line, number, lines, intraday=intraday)
        except Fault as fault:
            faults.add(place, fault)
            continue
        for quote in series.quotes(place, symbol, bars):
            if isinstance(quote, Fault):
                faults.add(place, quote)
            else:
                yield quote


def _one(
    line: str, number: int, lines: dict[str, int], *, intraday: bool
) -> tuple[str, dict[str, Any]]:
    found = series.parse(line)
    symbol = series.symbol_of(found)
    if symbol in lines:
        raise Fault(
            f"{symbol} is on line {lines[symbol]} already", "put all of its bars on one line"
        )
    lines[symbol] = number
    return symbol, dict(series.series_of(found, intraday=intraday))
