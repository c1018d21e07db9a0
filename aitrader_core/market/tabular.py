"""Tables of one's own, CSV or Parquet: columns in any order and case, numbers kept exactly."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aitrader_core.market.faults import Fault, Faults, decoded
from aitrader_core.market.quotes import Quote

Row = list[str | None]  # None for an empty cell


@dataclass(frozen=True, slots=True)
class Columns:
    required: Sequence[str]
    optional: Sequence[str] = ()
    other_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)

    def places(self, header: Sequence[str]) -> list[int | None]:
        """Where each of `names` stands in `header`; Fault when it is not a header of ours."""
        found = [name.strip().lower() for name in header]
        found = [self.other_names.get(name, name) for name in found]
        if unknown := [name for name in found if name not in self.names]:
            commas = ", with commas between" if re.search(r"[;\t|]", unknown[0]) else ""
            raise Fault(f"has an unknown column {unknown[0]!r}", self._allowed() + commas)
        if twice := [name for name in self.names if found.count(name) > 1]:
            raise Fault(f"has two columns {twice[0]!r}", "take one of them out")
        if missing := [name for name in self.required if name not in found]:
            raise Fault(f"has no column {missing[0]!r}", self._allowed())
        return [found.index(name) if name in found else None for name in self.names]

    def _allowed(self) -> str:
        also = {name: f"{name} or {other}" for other, name in self.other_names.items()}
        allowed = f"the columns are {', '.join(also.get(n, n) for n in self.required)}"
        return (
            f"{allowed} and, if you like, {', '.join(self.optional)}" if self.optional else allowed
        )


PRICES = Columns(
    required=("symbol", "session", "open"),
    optional=("high", "low", "close", "volume", "time"),
    other_names={"date": "session"},
)


def read_csv(content: bytes, faults: Faults) -> Iterator[Quote]:
    for place, row in csv_rows(content, faults, PRICES):
        yield _quote(place, row)


def read_parquet(content: bytes, faults: Faults) -> Iterator[Quote]:
    """Floats become the shortest decimals that read back as the same floats."""
    for place, row in _parquet_rows(content, faults, PRICES):
        yield _quote(place, row)


def csv_rows(content: bytes, faults: Faults, columns: Columns) -> Iterator[tuple[str, Row]]:
    """The cells in the order of `columns.names`, with the place of each row that has all."""
    lines = csv.reader(io.StringIO(decoded(content, faults), newline=""), strict=True)
    try:
        header = next(lines, [])
        places = columns.places(header)
        for cells in lines:
            if not any(cell.strip() for cell in cells):
                continue  # a spreadsheet leaves such lines behind
            row = [None if at is None else _cell(cells, at) for at in places]
            try:
                _check_row(row, cells, header, columns)
            except Fault as fault:
                faults.add(f":{lines.line_num}", fault)
            else:
                yield f":{lines.line_num}", row
    except Fault as fault:
        faults.stop(f":{max(lines.line_num, 1)}", fault)
    except csv.Error as error:
        faults.stop(
            f":{lines.line_num}", Fault(f"is not CSV ({error})", "look for a quote left open")
        )


def _check_row(row: Row, cells: Sequence[str], header: Sequence[str], columns: Columns) -> None:
    if len(cells) != len(header):
        raise Fault(
            f"has {len(cells)} cells where the header has {len(header)}",
            "give each column a cell, and put numbers with commas in quotes",
        )
    _check_required(row, columns)


def _check_required(row: Row, columns: Columns) -> None:
    for name, cell in zip(columns.required, row, strict=False):
        if cell is None:
            raise Fault(f"has no {name}", "fill the cell in")


def _cell(cells: Sequence[str], at: int) -> str | None:
    return (cells[at].strip() or None) if at < len(cells) else None


def _parquet_rows(content: bytes, faults: Faults, columns: Columns) -> Iterator[tuple[str, Row]]:
    import pyarrow

    try:
        table = _table(content)
        places = columns.places(table.column_names)
        texts = [[None] * len(table) if at is None else _texts(table, at) for at in places]
    except Fault as fault:
        faults.stop("", fault)
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        faults.stop("", Fault(f"is no sound Parquet file ({error})", "export it again"))
    for number, cells in enumerate(zip(*texts, strict=True), 1):
        row = list(cells)
        try:
            _check_required(row, columns)
        except Fault as fault:
            faults.add(f": row {number}", fault)
        else:
            yield f": row {number}", row


def _table(content: bytes) -> Any:
    import pyarrow.parquet

    return pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content)).read(use_threads=False)


def _texts(table: Any, at: int) -> Row:
    """A column as one would write it in a CSV file."""
    import pyarrow

    try:
        texts: Row = table.column(at).cast(pyarrow.string()).to_pylist()
    except (pyarrow.ArrowNotImplementedError, pyarrow.ArrowInvalid) as error:
        field = table.schema.field(at)
        raise Fault(
            f"has a column {field.name!r} of type {field.type}", "make it texts or numbers"
        ) from error
    if pyarrow.types.is_temporal(table.schema.field(at).type):
        return [None if text is None else _short(text) for text in texts]
    return [None if text is None else text.strip() or None for text in texts]


def _short(text: str) -> str:
    """A date or a time without the midnight and the fractions that Arrow adds to it."""
    return re.sub(r"\.0+$", "", text).removesuffix(" 00:00:00")


def _quote(place: str, row: Row) -> Quote:
    symbol, session, open_, high, low, close, volume, at = row
    return Quote(place, symbol or "", session or "", at, open_, high, low, close, volume)
