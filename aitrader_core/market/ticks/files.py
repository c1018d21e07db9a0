"""Sources of ticks that are folders of files, as an arena's configuration names them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.covering import files_in, files_of, sessions_in

if TYPE_CHECKING:  # numpy is for those who read ticks
    from aitrader_core.market.ticks.recording import Recording


@dataclass(frozen=True)
class BinanceRecordings:
    """Recordings of Binance's websocket streams, packed (.gz) or plain.

    `files` chooses among those of the folder, such as "usdm_*"; `symbols` are the arena's names
    of the exchange's, where they differ. A file that has no line of a session isn't read for it.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    name: ClassVar[str] = "binance"

    folder: Path
    files: str = "*"
    symbols: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_names(self.symbols)

    def sessions(self) -> list[date]:
        return sessions_in(self._files(), _stamp)

    def load(self, session: date, symbols: Sequence[Symbol]) -> "Recording":
        from aitrader_core.market.ticks.reading import read_streams

        files = files_of(session, self._files(), _stamp)
        return read_streams(files, symbols, self.symbols).session(session)

    def _files(self) -> list[Path]:
        plain = (".jsonl", ".ndjson", ".log", ".txt", ".dat")
        found = files_in(self.folder, self.files, ("",))
        return [p for p in found if p.suffix in (".gz", "", *plain) and ".csv" not in p.suffixes]


@dataclass(frozen=True)
class TickFiles:
    """CSV files of trades: ts,symbol,price,volume or symbol,price,volume,timestamp."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    name: ClassVar[str] = "csv"

    folder: Path
    files: str = "*"
    symbols: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_names(self.symbols)

    def sessions(self) -> list[date]:
        return sessions_in(self._files(), _csv_time)

    def load(self, session: date, symbols: Sequence[Symbol]) -> "Recording":
        from aitrader_core.market.ticks.reading import read_trades

        files = files_of(session, self._files(), _csv_time)
        return read_trades(files, symbols, self.symbols).session(session)

    def _files(self) -> list[Path]:
        return files_in(self.folder, self.files, (".csv",))


def _check_names(symbols: Mapping[str, str]) -> None:
    names = list(symbols.values())
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"symbols: two of the exchange's would be {', '.join(twice)}")


def _stamp(line: bytes) -> int | None:
    stamp = line.partition(b" ")[0]
    return int(stamp) if len(stamp) == 19 and stamp.isdigit() else None


def _csv_time(line: bytes) -> int | None:
    """Of a row in either order: a symbol is no time."""
    from aitrader_core.market.ticks.csv_files import received_of
    from aitrader_core.market.ticks.gathering import Bad

    fields = line.decode(errors="replace").split(",")
    for text in (fields[0], *fields[3:4]):
        try:
            return received_of(text.strip())
        except Bad:
            continue
    return None
