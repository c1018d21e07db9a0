"""Trades from CSV files, in one of two orders of columns that their header tells apart."""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from aitrader_core.domain.errors import TickFileError
from aitrader_core.market.ticks.findings import Kind
from aitrader_core.market.ticks.gathering import Bad, Gathered
from aitrader_core.market.ticks.lines import lines_of
from aitrader_core.market.ticks.recording import NO_ID
from aitrader_core.simulation.ticks import TRADE

_ORDERS = (("ts", "symbol", "price", "volume"), ("symbol", "price", "volume", "timestamp"))
_HEADERS = {order + extra for order in _ORDERS for extra in ((), ("seq",))}
_FIRST, _LAST = 946_684_800, 4_102_444_800  # 2000 and 2100: units can't be taken for one another
_UNITS = {unit: 10**9 // unit for unit in (1, 10**3, 10**6, 10**9)}  # a second's parts: ns of one
_ISO = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_csv(path: Path, gathered: Gathered) -> None:
    """Add the trades of a file. TickFileError for another header, or what can't be read at all."""
    gathered.files.append(path.name)
    rows = _rows(path, gathered)
    order = _header(path, next(rows, (1, ()))[1])
    at = {name: index for index, name in enumerate(order)}
    stamp = at.get("ts", at.get("timestamp", 0))
    for number, row in rows:
        try:
            if len(row) != len(order):
                raise Bad(Kind.MALFORMED, f"has {len(row)} fields, its header {len(order)}")
            seq = _seq(row[at["seq"]]) if "seq" in at else NO_ID
            symbol = gathered.symbol(row[at["symbol"]].strip())
            texts = (row[at["price"]], row[at["volume"]])
            time = received_of(row[stamp].strip())
            gathered.add(number, time, TRADE, symbol, texts, bids=1, trade_id=seq)
        except Bad as bad:
            gathered.tell(bad.kind, number, bad.sentence)


def _rows(path: Path, gathered: Gathered) -> Iterator[tuple[int, Sequence[str]]]:
    for number, line in lines_of(path, gathered.tell):
        try:
            text = line.decode("utf-8-sig")
            row = next(csv.reader((text,), strict=True)) if '"' in text else text.split(",")
        except (UnicodeDecodeError, csv.Error) as error:
            if number == 1:
                raise TickFileError(f"{path}:1: is no text: save the file as UTF-8") from error
            gathered.tell(Kind.MALFORMED, number, f"is no line of a CSV file: {error}")
            continue
        yield number, row


def _header(path: Path, row: Sequence[str]) -> tuple[str, ...]:
    header = tuple(name.strip().lower() for name in row)
    if header not in _HEADERS:
        allowed = " or ".join(",".join(order) for order in _ORDERS)
        raise TickFileError(
            f"{path}:1: its header is {','.join(row)[:80]!r}: what is read is {allowed}, "
            "and either with seq after it"
        )
    return header


def _seq(text: str) -> int:
    if not (text.strip().isdigit() and (number := int(text)) < 2**62):
        raise Bad(Kind.MALFORMED, f"seq is {text!r}, no number of 0 or more")
    return number


def received_of(text: str) -> int:
    """In ns: of seconds, ms, us or ns since 1970, or of an ISO 8601 time with its zone."""
    if text.isdigit():
        return _by_magnitude(text, int(text))
    if found := _ISO.fullmatch(text):
        return _iso(text, *found.groups())
    try:
        return _by_magnitude(text, Decimal(text))
    except InvalidOperation:
        way_out = "seconds, ms, us or ns since 1970, or ISO 8601 with its zone"
        raise Bad(Kind.BAD_TIME, f"{text[:40]!r} is no time: what is read are {way_out}") from None


def _by_magnitude(text: str, number: int | Decimal) -> int:
    if isinstance(number, int) or number.is_finite():
        for unit, ns in _UNITS.items():
            if _FIRST * unit <= number < _LAST * unit:
                return int(number * ns)
    raise Bad(Kind.BAD_TIME, f"{text[:40]} is no time between 2000 and 2100")


def _iso(text: str, whole: str, fraction: str | None, zone: str) -> int:
    try:
        since = datetime.fromisoformat(whole + zone) - _EPOCH
    except ValueError as error:
        raise Bad(Kind.BAD_TIME, f"{text!r} is no time: {error}") from error
    seconds = since // timedelta(seconds=1)
    if not _FIRST <= seconds < _LAST:
        raise Bad(Kind.BAD_TIME, f"{text} is no time between 2000 and 2100")
    return seconds * 10**9 + int((fraction or "0").ljust(9, "0"))
