"""What values look like in answers, and what a table of them becomes in CSV and Parquet."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, WithJsonSchema

if TYPE_CHECKING:
    import pyarrow as pa

_EXACT = WithJsonSchema(
    {
        "type": "string",
        "pattern": r"^-?\d+(\.\d+)?$",
        "examples": ["10412.55000000"],
        "description": "A decimal number as text, to the last digit that the ledger has.",
    }
)
Money = Annotated[str, _EXACT]
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


MEDIA_TYPES = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8",
    Format.PARQUET: "application/vnd.apache.parquet",
}


def as_table(form: Format, row: type[BaseModel], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """`rows` with the columns of `row`: what is nested becomes the text of its JSON."""
    kinds = {name: _kind(f.annotation, f.metadata) for name, f in row.model_fields.items()}
    cells = [
        {name: _plain(kind, found.get(name)) for name, kind in kinds.items()} for found in rows
    ]
    return _csv(kinds, cells) if form is Format.CSV else _parquet(kinds, cells)


def json_text(value: object) -> str:
    """As JSON has it; decimals, dates and enums as text."""
    return json.dumps(value, default=_told, ensure_ascii=False, allow_nan=False)


def _told(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _kind(annotation: Any, metadata: Sequence[Any]) -> type | str:
    """The type of a column: one of Python's, `money`, or `json` of whatever is nested."""
    if _EXACT in metadata:
        return "money"
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0], get_args(annotation)[1:])
    if get_origin(annotation) in (Union, UnionType):
        (inner,) = (a for a in get_args(annotation) if a is not type(None))
        return _kind(inner, ())
    if isinstance(annotation, type) and issubclass(annotation, str):
        return str
    return annotation if annotation in (bool, int, float, date, datetime) else "json"


def _plain(kind: type | str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "json":
        return json_text(value)
    if kind == "money":
        return Decimal(value)
    if kind is date and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def _csv(kinds: Mapping[str, type | str], cells: Iterable[Mapping[str, Any]]) -> bytes:
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(kinds)
    lines.writerows([_cell(kinds[name], cell) for name, cell in row.items()] for row in cells)
    return written.getvalue().encode()


def _cell(kind: type | str, value: Any) -> Any:
    """A spreadsheet runs a text that begins like a formula; a number it leaves alone."""
    if kind is str and value is not None and value.startswith(_FORMULA):
        return f"'{value}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else value


def _parquet(kinds: Mapping[str, type | str], cells: Sequence[Mapping[str, Any]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, _arrow(kind)) for name, kind in kinds.items()])
    written = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(cells, schema), written)
    return written.getvalue()


def _arrow(kind: type | str) -> "pa.DataType":
    import pyarrow as pa

    types: dict[type | str, pa.DataType] = {
        bool: pa.bool_(),
        int: pa.int64(),
        float: pa.float64(),
        date: pa.date32(),
        datetime: pa.timestamp("us", tz="UTC"),
        "money": pa.decimal128(38, 10),
    }
    return types.get(kind, pa.string())
