"""Model-days and model calls as lines of JSON: the rows that the database has of them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import RowMapping, Table

from aitrader_core.domain.errors import LedgerError, ManifestError
from aitrader_core.domain.model_call import ModelCall
from aitrader_core.domain.model_day import Opening
from aitrader_core.storage import rows, schema
from aitrader_core.storage.calls import call_of, call_row
from aitrader_core.storage.history import Record, mismatch

Owner = tuple[str, date]  # a model and a session
_CHILDREN = {
    "orders": schema.orders,
    "fills": schema.fills,
    "adjustments": schema.adjustments,
    "marks": schema.marks,
    "holdings": schema.holdings,
    "order_events": schema.order_events,
}
# What manifests did not tell before orders could live for a while.
_NOT_TOLD = {"orders": {"code": None, "limit_price": None, "client_id": ""}}
_LARGEST = 40  # power of ten of any number in the database
_BROKEN = (KeyError, ValueError, TypeError, ArithmeticError, AttributeError, IndexError)


def day_line(record: Record) -> str:
    day = record.day
    figures = {name: record.figures[name] for name in rows.day_row(day)}
    children = {table.name: found for table, found in rows.child_rows(day).items()}
    told = {
        "figures": _plain(figures),
        "opening": _opening_json(day.opening),
        **{name: [_plain(row) for row in children[name]] for name in _CHILDREN},
        "transcript": rows.entries_json(day.transcript),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def records_of(content: bytes, place: str) -> list[Record]:
    """ManifestError names the line that is no model-day."""
    return [_record(raw, where) for where, raw in _lines(content, place)]


def call_line(owner: Owner, call: ModelCall) -> str:
    """`owner` is the model-day that used it."""
    told = {"for": [owner[0], str(owner[1])], **_plain(call_row(call))}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def calls_of(content: bytes, place: str) -> Iterator[tuple[Owner, ModelCall]]:
    """ManifestError names the line that is no model call, or whose answer was changed."""
    for where, raw in _lines(content, place):
        try:
            model, session = raw.pop("for")
            owner = str(model), date.fromisoformat(session)
            yield owner, call_of(_typed(schema.model_calls, raw))
        except LedgerError as error:
            raise ManifestError(f"{where}: {error}") from None
        except _BROKEN as error:
            raise _no("model call", where, error) from None


def _record(raw: dict[str, Any], place: str) -> Record:
    try:
        figures = _typed(schema.model_days, raw["figures"])
        raw.setdefault("order_events", [])
        found = {
            name: [_typed(table, {**_NOT_TOLD.get(name, {}), **row}) for row in raw[name]]
            for name, table in _CHILDREN.items()
        }
        wished = {order["number"]: order for order in found["orders"]}
        filled = {fill["number"]: fill for fill in found["fills"]}
        faults = [
            fault
            for number in sorted(wished.keys() | filled.keys())
            for fault in mismatch(number, wished.get(number), filled.get(number))
        ]
        day = rows.model_day_of(
            figures,
            _opening(raw["opening"], figures),
            [rows.outcome_of(o, filled.get(n)) for n, o in wished.items()],
            rows.marks_of(figures, found["marks"], found["orders"]),
            found["adjustments"],
            found["holdings"],
            raw["transcript"],
            found["order_events"],
        )
    except _BROKEN as error:
        raise _no("model-day", place, error) from None
    return Record(day, figures, tuple(faults))


def _opening_json(opening: Opening) -> dict[str, object] | None:
    """The close before, as the database has it; none of a first session."""
    if opening.after is None:
        return None
    figures, portfolio = opening.performance, opening.portfolio
    row = {
        "session": opening.after,
        "closing_cash": portfolio.cash,
        "start_value": figures.start,
        "value": figures.value,
        "peak_value": figures.peak,
        "max_drawdown": figures.max_drawdown,
        **rows.totals_row(opening.totals),
    }
    held = {str(symbol): str(q) for symbol, q in sorted(portfolio.positions.items())}
    return {**_plain(row), "holdings": held}


def _opening(raw: dict[str, Any] | None, figures: RowMapping) -> Opening:
    if raw is None:
        return Opening.with_cash(figures["start_value"])
    told = {name: value for name, value in raw.items() if name != "holdings"}
    held = [{"symbol": s, "quantity": q} for s, q in raw["holdings"].items()]
    row = _typed(schema.model_days, told)
    return rows.opening_of(row, [_typed(schema.holdings, h) for h in held])


def _lines(content: bytes, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line:
            continue
        try:
            raw = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ManifestError(f"{place}:{number}: is no JSON: {error}") from None
        if not isinstance(raw, dict):
            raise ManifestError(f"{place}:{number}: is no JSON object")
        yield f"{place}:{number}", raw


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Money and dates as text, floats as they are: nothing is rounded."""
    as_text = (Decimal, date, time)
    return {name: str(v) if isinstance(v, as_text) else v for name, v in row.items()}


def _typed(table: Table, raw: Mapping[str, Any]) -> RowMapping:
    """As the database would give it. Raises for a column that is none, or can't have the value."""
    found = {name: _value(table, name, value) for name, value in raw.items()}
    return cast(RowMapping, found)  # is asked for nothing but its columns


def _value(table: Table, name: str, value: Any) -> Any:
    column = table.c[name]
    kind = column.type.python_type
    if value is None:
        if column.nullable:
            return None
    elif kind is Decimal and isinstance(value, str):
        if (number := Decimal(value)).is_finite() and abs(number.adjusted()) <= _LARGEST:
            return number
    elif kind in (date, time) and isinstance(value, str):
        return kind.fromisoformat(value)
    elif kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    elif isinstance(value, kind) and not isinstance(value, bool):
        return value
    raise ValueError(f"{name} is {str(value)[:40]!r}")


def _no(what: str, place: str, error: Exception) -> ManifestError:
    told = f"has no {error}" if isinstance(error, KeyError) else str(error)
    return ManifestError(f"{place}: is no {what}: {told}")


def text(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
