"""The prices of a run: bars as Parquet, corporate actions as lines, digests by symbol."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any

from aitrader_core.domain.errors import ManifestError
from aitrader_core.domain.market import Bar, CashDividend, CorporateAction, Split, Symbol
from aitrader_core.domain.money import money
from aitrader_core.exchange.manifest_parts import SymbolPart
from aitrader_core.simulation.tape import Tape

if TYPE_CHECKING:
    import pyarrow as pa

BARS, ACTIONS = "bars.parquet", "actions.jsonl"
_MOST = 50_000_000  # bars
_NUMBERS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class Priced:
    """All that a run could see, and what it is told apart by."""

    bars: Sequence[Bar]
    actions: Sequence[CorporateAction]

    @classmethod
    def on(cls, tape: Tape) -> "Priced":
        """Everything on it."""
        bars = [bar for row in tape.bars.values() for bar in row.values()]
        return cls(bars, [action for listed in tape.actions.values() for action in listed])

    def by_symbol(self) -> dict[str, SymbolPart]:
        """How many bars and actions, and the digest of them all, however they are stored."""
        lines: defaultdict[str, list[str]] = defaultdict(list)
        bars: defaultdict[str, int] = defaultdict(int)
        for bar in self.bars:
            numbers = ",".join(_text(getattr(bar, name)) for name in _NUMBERS)
            lines[bar.symbol].append(f"{bar.session},{bar.at},{numbers}")
            bars[bar.symbol] += 1
        for action in self.actions:
            lines[action.symbol].append(_action_line(action))
        return {
            symbol: SymbolPart(
                bars=bars[symbol],
                actions=len(found) - bars[symbol],
                sha256=sha256("\n".join(sorted(found)).encode()).hexdigest(),
            )
            for symbol, found in sorted(lines.items())
        }

    def members(self) -> dict[str, bytes]:
        lines = sorted(map(_action_line, self.actions))
        return {BARS: _parquet(self.bars), ACTIONS: "".join(f"{x}\n" for x in lines).encode()}


def priced_of(members: Mapping[str, bytes], stated: int) -> Priced:
    """`stated` is how many bars the manifest says there are. ManifestError for what is none."""
    import pyarrow as pa

    try:
        return Priced(_bars(members[BARS], stated), _actions(members[ACTIONS]))
    except ManifestError:
        raise
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise ManifestError(f"its prices can't be read: {error}") from None


def _schema() -> "pa.Schema":
    import pyarrow as pa

    number = pa.decimal128(28, 8)
    columns = [("session", pa.date32()), ("symbol", pa.string()), ("time", pa.time32("ms"))]
    return pa.schema([*columns, *((name, number) for name in _NUMBERS)])


def _parquet(bars: Sequence[Bar]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    found = sorted(bars, key=lambda b: (b.session, b.symbol, b.at))
    columns = {"session": [b.session for b in found], "symbol": [str(b.symbol) for b in found]}
    numbers: dict[str, list[Any]] = {
        name: [None if (n := getattr(b, name)) is None else money(n) for b in found]
        for name in _NUMBERS
    }
    table = pa.table({**columns, "time": [b.at for b in found], **numbers}, schema=_schema())
    buffer = BytesIO()
    parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _bars(content: bytes, stated: int) -> list[Bar]:
    from pyarrow import parquet

    file = parquet.ParquetFile(BytesIO(content))
    if file.metadata.num_rows != stated or stated > _MOST:
        raise ManifestError(
            f"{BARS} has {file.metadata.num_rows:,} bars, and the manifest says {stated:,}"
        )
    if not file.schema_arrow.equals(_schema()):
        raise ManifestError(f"{BARS} has other columns than {', '.join(_schema().names)}")
    columns = file.read().to_pydict()
    ordered = ("symbol", "session", *_NUMBERS, "time")  # as a Bar has them
    return [Bar(*row) for row in zip(*(columns[name] for name in ordered), strict=True)]


def _actions(content: bytes) -> list[CorporateAction]:
    return [_action(json.loads(line)) for line in content.decode().splitlines()]


def _action_line(action: CorporateAction) -> str:
    is_split = isinstance(action, Split)
    value = action.ratio if isinstance(action, Split) else action.amount
    kind = "split" if is_split else "cash_dividend"
    return json.dumps([str(action.symbol), str(action.ex_date), kind, _text(value)])


def _action(raw: Any) -> CorporateAction:
    symbol, day, kind, value = raw
    if kind not in ("split", "cash_dividend"):
        raise ValueError(f"{kind!r} is no corporate action")
    make = Split if kind == "split" else CashDividend
    return make(Symbol(symbol), date.fromisoformat(day), Decimal(value))


def _text(value: Any) -> str:
    return "" if value is None else f"{money(value):f}"
