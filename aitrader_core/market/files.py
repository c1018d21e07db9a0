"""Prices and corporate actions from files of one's own or of another system."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import ClassVar

from aitrader_core.domain.errors import PriceFileError
from aitrader_core.domain.market import Bar, CorporateAction
from aitrader_core.market import merged_jsonl, tabular
from aitrader_core.market.actions import checked_actions
from aitrader_core.market.checking import Gaps, Roster, UnknownSymbols, checked_bars
from aitrader_core.market.faults import Fault, Faults
from aitrader_core.market.quotes import Quote
from aitrader_core.market.source import Prices, Wanted

NAME = "file"


@dataclass(frozen=True)
class PriceFile:
    """A price source that is a file; without a path it has nothing, and takes what is imported.

    `actions` is a CSV file of splits and dividends. A fetch raises PriceFileError.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    name: ClassVar[str] = NAME

    path: Path | None = None
    actions: Path | None = None
    unknown_symbols: UnknownSymbols = "refuse"
    gaps: Gaps = "refuse"

    def __post_init__(self) -> None:
        if self.actions and not self.path:
            raise ValueError("actions need the path of the prices that they belong to")

    def coverage(self) -> tuple[date, date] | None:
        return None

    def fetch(self, wanted: Wanted, now: datetime) -> Iterator[Prices]:  # noqa: ARG002 - has editions
        """All that the file has of the arena's symbols, stored or not, in one part."""
        if self.path:
            yield self._read(self.path, wanted)

    def _read(self, path: Path, wanted: Wanted) -> Prices:
        prices, listed = _content(path), _content(self.actions) if self.actions else b""
        bars = _bars(path, prices, wanted, self.unknown_symbols, self.gaps)
        actions = _actions(self.actions, listed, wanted, self.unknown_symbols)
        return Prices(bars, actions, NAME, _vintage(path, prices + listed))


def read_price_file(
    path: Path, wanted: Wanted, *, unknown_symbols: UnknownSymbols = "refuse", gaps: Gaps = "refuse"
) -> Prices:
    """All that the file has of the arena's symbols; PriceFileError tells the first fault."""
    content = _content(path)
    bars = _bars(path, content, wanted, unknown_symbols, gaps)
    return Prices(bars, (), NAME, _vintage(path, content))


def read_actions_file(
    path: Path, wanted: Wanted, *, unknown_symbols: UnknownSymbols = "refuse"
) -> tuple[CorporateAction, ...]:
    """Its splits and dividends of the arena's symbols; PriceFileError tells the first fault."""
    return _actions(path, _content(path), wanted, unknown_symbols)


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise PriceFileError(f"{path}: there is no such file: check its path") from error
    except IsADirectoryError as error:
        raise PriceFileError(f"{path}: is a folder: name a file within it") from error
    except PermissionError as error:
        raise PriceFileError(f"{path}: may not be read: give this user the right to") from error
    except OSError as error:
        raise PriceFileError(f"{path}: can't be read: {error.strerror}") from error
    if not content.strip():
        raise PriceFileError(f"{path}: is empty: check that it was written to its end")
    return content


def _bars(
    path: Path, content: bytes, wanted: Wanted, unknown_symbols: UnknownSymbols, gaps: Gaps
) -> tuple[Bar, ...]:
    faults = Faults(path)
    readers: Mapping[str, Callable[[bytes, Faults], Iterator[Quote]]] = {
        ".jsonl": partial(merged_jsonl.read, intraday=wanted.intraday),
        ".csv": tabular.read_csv,
        ".parquet": tabular.read_parquet,
    }
    read = readers.get(path.suffix.lower()) or faults.stop("", _suffix(path, readers))
    return checked_bars(read(content, faults), Roster(wanted, unknown_symbols, faults), gaps)


def _actions(
    path: Path | None, content: bytes, wanted: Wanted, unknown_symbols: UnknownSymbols
) -> tuple[CorporateAction, ...]:
    if path is None:
        return ()
    faults = Faults(path)
    if path.suffix.lower() != ".csv":
        faults.stop("", _suffix(path, (".csv",)))
    return checked_actions(content, Roster(wanted, unknown_symbols, faults))


def _suffix(path: Path, known: Iterable[str]) -> Fault:
    found = f"its name ends in {path.suffix}" if path.suffix else "its name has no ending"
    return Fault(found, f"what is read are {', '.join(known)}")


def _vintage(path: Path, content: bytes) -> str:
    return f"{path.name} {sha256(content).hexdigest()[:8]}"
