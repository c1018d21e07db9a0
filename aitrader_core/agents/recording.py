"""A trading session as AI-Trader recorded it: position.jsonl, a line per action."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from aitrader_core.domain.errors import RecordingError
from aitrader_core.domain.market import DAILY, Moment, Symbol
from aitrader_core.domain.money import money
from aitrader_core.domain.orders import Order, Side
from aitrader_core.domain.portfolio import Portfolio

_ACTIONS = {
    "buy": Side.BUY,
    "sell": Side.SELL,
    "buy_crypto": Side.BUY,
    "sell_crypto": Side.SELL,
    "no_trade": None,
}
_TOO_LARGE = Decimal(10) ** 15  # as for an arena's initial cash


@dataclass(frozen=True, slots=True)
class Record:
    """One line: what was done, and the portfolio that the recorder had after it.

    `session` and `at` are the bar at whose open it was done, `at` being DAILY in a recording of
    daily bars; `order` is None where nothing was traded.
    """

    line: int
    session: date
    at: time
    order: Order | None
    cash: Decimal
    positions: Mapping[Symbol, Decimal]

    @property
    def moment(self) -> Moment:
        return self.session, self.at


@dataclass(frozen=True, slots=True)
class Recording:
    """Records in the order of the file, which is the order in which they happened.

    The first one is the opening state and no action.
    """

    path: Path
    records: tuple[Record, ...]

    @property
    def is_intraday(self) -> bool:
        return any(record.at != DAILY for record in self.records[1:] or self.records)

    def place(self, record: Record) -> str:
        return f"{self.path.name}:{record.line}"

    def due(self, after: Moment | None, now: Moment) -> list[Record]:
        """The actions later than `after` and not later than `now`: see `is_due`."""
        return [record for record in self.records[1:] if is_due(record.moment, after, now)]

    def before(self, first: Record | None, now: Moment) -> Record:
        """The last record before `first`; before `now`, when there is none to come."""
        earlier = [
            r
            for r in self.records
            if (r.line < first.line if first else r.moment <= now or r is self.records[0])
        ]
        return earlier[-1]

    def unlisted(self, symbols: set[Symbol]) -> Iterator[tuple[Record, Symbol]]:
        """What is traded or held although it is not among `symbols`."""
        for record in self.records:
            named = {*record.positions, *((record.order.symbol,) if record.order else ())}
            for symbol in sorted(named - symbols):
                yield record, symbol


def is_due(moment: Moment, after: Moment | None, now: Moment) -> bool:
    """Whether `moment` is later than `after` and not later than `now`; of `now`'s session alone
    when there is nothing before it."""
    if after is None:
        return moment[0] == now[0] and moment <= now
    return after < moment <= now


def read_recording(path: Path) -> Recording:
    """The recording in a file. RecordingError names file and line and the way out."""
    try:
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except FileNotFoundError:
        raise RecordingError(f"{path}: there is no such file: correct the model's `file`") from None
    except IsADirectoryError:
        raise RecordingError(f"{path}: is a folder: name the position.jsonl in it") from None
    except PermissionError:
        raise RecordingError(f"{path}: may not be read: allow it (chmod u+r)") from None


def recording_faults(path: Path) -> list[str]:
    """What is wrong with a file, line by line; nothing of one that can be read."""
    try:
        read_recording(path)
    except RecordingError as first:
        found = [str(first)]
    else:
        return []
    if not path.is_file():
        return found
    for number, line in enumerate(path.read_bytes().decode(errors="replace").splitlines(), 1):
        try:
            if line.strip():
                _record(path, number, line)
        except RecordingError as error:
            found.append(str(error))
    return list(dict.fromkeys(found))


def listed_symbols(path: Path) -> tuple[Symbol, ...]:
    """In the order in which its opening state lists them, those not held too."""
    read_recording(path)  # which says what is wrong with it
    first = next(line for line in path.read_text().splitlines() if line.strip())
    return tuple(Symbol(s) for s in json.loads(first)["positions"] if s != "CASH")


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, _size: int) -> Recording:
    try:
        lines = path.read_bytes().decode().splitlines()
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path}: is not UTF-8 text ({error.reason}): save it so") from error
    records = tuple(
        _record(path, number, line) for number, line in enumerate(lines, 1) if line.strip()
    )
    if not records:
        raise RecordingError(f"{path}: is empty: a recording begins with its opening state")
    if records[0].order is not None:
        raise RecordingError(
            f"{path}:{records[0].line}: is an action: a recording begins with its opening state, "
            "which has no this_action"
        )
    stamps = {record.at == DAILY for record in records[1:]}
    if len(stamps) > 1:
        odd = next(r for r in records[2:] if (r.at == DAILY) != (records[1].at == DAILY))
        raise RecordingError(
            f"{path}:{odd.line}: a date without and a date with a time are in one recording: "
            "split it in two"
        )
    return Recording(path, records)


def _record(path: Path, number: int, line: str) -> Record:
    try:
        raw = json.loads(line, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_number)
        session, at = moment_of(_object(raw, "the line")["date"])
        positions = _object(raw["positions"], "positions")
        held = {Symbol(s): money(_decimal(q)) for s, q in positions.items()}
        cash = held.pop(Symbol("CASH"))
        order = _order(raw.get("this_action"))
    except json.JSONDecodeError as error:
        raise RecordingError(
            f"{path}:{number}: is not a whole JSON object (column {error.colno}: {error.msg}): "
            "was the file cut off? Remove or complete the line"
        ) from error
    except KeyError as error:
        raise RecordingError(f"{path}:{number}: has no {error}: complete the line") from error
    except (ValueError, TypeError) as error:
        raise RecordingError(f"{path}:{number}: {error}: correct the line") from error
    return Record(number, session, at, order, cash, {s: q for s, q in held.items() if q})


def moment_of(text: Any) -> Moment:
    """The bar that a date, or a date and a time, stands for. ValueError for what is neither."""
    if not isinstance(text, str):
        raise ValueError(f"date is {text}, not a text such as 2025-10-02 or 2025-10-02 10:00:00")
    if len(text) == len("2025-10-02"):
        return date.fromisoformat(text), DAILY
    stamp = datetime.fromisoformat(text)
    return stamp.date(), stamp.time()


def _order(action: Any) -> Order | None:
    if action is None:
        return None
    name = _object(action, "this_action")["action"]
    if name not in _ACTIONS:
        raise ValueError(f"action is {name!r}, known are {', '.join(_ACTIONS)}")
    side = _ACTIONS[name]
    if side is None:
        return None
    return Order(Symbol(action["symbol"]), side, _decimal(action["amount"]))


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not a JSON object")
    return value


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(value.replace(",", "")) if isinstance(value, str) else value
    except InvalidOperation:
        number = None
    if not isinstance(number, Decimal) or not number.is_finite():
        raise ValueError(f"{value!r} is not a number")
    if number.copy_abs() >= _TOO_LARGE:
        raise ValueError(f"{number} is too large for a ledger")
    return number


def _no_number(name: str) -> Decimal:
    raise ValueError(f"{name} is not a number")


def distance(record: Record, portfolio: Portfolio) -> tuple[dict[Symbol, Decimal], Decimal]:
    """What the record has more, or less, than `portfolio`: quantities by symbol, and cash."""
    symbols = sorted(record.positions.keys() | portfolio.positions.keys())
    moved = {s: record.positions.get(s, Decimal(0)) - portfolio.held(s) for s in symbols}
    return {s: q for s, q in moved.items() if q}, record.cash - portfolio.cash
