"""Trades from CSV files, in one of two orders of columns that their header tells apart."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from aitrader_core.domain.errors import TickFileError
from aitrader_core.market.ticks.findings import Kind
from aitrader_core.market.ticks.gathering import Bad, Gathered, Sink
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
    lines = lines_of(path, gathered.tell)
    try:
        columns = columns_of(row_of(next(lines, (1, b""))[1]))
    except Bad as bad:
        raise TickFileError(f"{path}:1: {bad.sentence}") from bad
    for number, line in lines:
        try:
            columns.read(number, row_of(line), gathered)
        except Bad as bad:
            gathered.tell(bad.kind, number, bad.sentence)


def row_of(line: bytes) -> Sequence[str]:
    """The fields of a line. Raises Bad for what is none of a CSV file."""
    try:
        text = line.decode("utf-8-sig")
        return next(csv.reader((text,), strict=True)) if '"' in text else text.split(",")
    except UnicodeDecodeError as error:
        raise Bad(Kind.MALFORMED, "is no text: save the file as UTF-8") from error
    except csv.Error as error:
        raise Bad(Kind.MALFORMED, f"is no line of a CSV file: {error}") from error


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a header says that things are; without `seq` there is none."""

    count: int
    time: int
    symbol: int
    price: int
    volume: int
    seq: int | None

    def read(self, number: int, row: Sequence[str], sink: Sink) -> None:
        """Add the trade of a row. Raises Bad for one that can't be taken."""
        time = self.received(row)
        seq = NO_ID if self.seq is None else _seq(row[self.seq])
        symbol = sink.symbol(row[self.symbol].strip())
        texts = (row[self.price], row[self.volume])
        sink.add(number, time, TRADE, symbol, texts, bids=1, trade_id=seq)

    def received(self, row: Sequence[str]) -> int:
        """In ns."""
        if len(row) != self.count:
            raise Bad(Kind.MALFORMED, f"has {len(row)} fields, its header {self.count}")
        return received_of(row[self.time].strip())


def columns_of(row: Sequence[str]) -> Columns:
    """Raises Bad for a row that is no header that we know."""
    header = tuple(name.strip().lower() for name in row)
    if header not in _HEADERS:
        allowed = " or ".join(",".join(order) for order in _ORDERS)
        raise Bad(
            Kind.MALFORMED,
            f"its header is {','.join(row)[:80]!r}: what is read is {allowed}, "
            "and either with seq after it",
        )
    at = {"timestamp" if name == "ts" else name: index for index, name in enumerate(header)}
    return Columns(
        len(header), at["timestamp"], at["symbol"], at["price"], at["volume"], at.get("seq")
    )


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
