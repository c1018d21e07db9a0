"""The prices in the box: five US stocks, 2000-03-01 to 2013-03-01, with splits, no dividends."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import ClassVar

from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.market import Bar, Split, Symbol
from aitrader_core.market.source import Prices, Wanted

DATA = resources.files("aitrader_core.market.bundled_data")
NAME = "bundled"
EDITION = "wiki-2013-03"


@dataclass(frozen=True)
class Bundled:
    """A price source that needs no network and no key."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    name: ClassVar[str] = NAME

    def coverage(self) -> tuple[date, date]:
        sessions = [bar.session for bar in history().bars]
        return min(sessions), max(sessions)

    def fetch(self, wanted: Wanted, now: datetime) -> Iterator[Prices]:  # noqa: ARG002 - has editions
        sessions = [session for missing in wanted.missing.values() for session in missing]
        if sessions:
            yield history().cut(wanted.missing, min(sessions), max(sessions))


@cache
def history() -> Prices:
    """All of it; MarketDataError when a file is not the one that was committed."""
    packed = (DATA / "bars.csv.gz").read_bytes()
    return read_history(packed, (DATA / "splits.csv").read_bytes(), (DATA / "SHA256").read_text())


def read_history(packed_bars: bytes, splits: bytes, expected: str) -> Prices:
    """The three committed files, parsed; the vintage changes with their bytes."""
    try:
        bars = gzip.decompress(packed_bars)
    except (OSError, EOFError) as error:
        raise MarketDataError(f"the bundled prices are damaged ({error}): reinstall") from error
    found = digest(bars, splits)
    if found != expected.strip():
        raise MarketDataError(
            f"the bundled prices are damaged (sha256 {found[:8]}, not {expected[:8]}): reinstall"
        )
    return Prices(_bars(bars), _splits(splits), NAME, f"{EDITION}-{found[:8]}")


def digest(bars: bytes, splits: bytes) -> str:
    """Of the text, not of the gzip: other zlibs pack the same text into other bytes."""
    return sha256(bars + splits).hexdigest()


def _bars(text: bytes) -> tuple[Bar, ...]:
    day = cache(date.fromisoformat)
    bars = []
    for line in text.decode().splitlines()[1:]:
        symbol, session, *prices, volume = line.split(",")
        open_, high, low, close = map(Decimal, prices)
        bars.append(Bar(Symbol(symbol), day(session), open_, high, low, close, Decimal(volume)))
    return tuple(bars)


def _splits(text: bytes) -> tuple[Split, ...]:
    rows = (line.split(",") for line in text.decode().splitlines()[1:])
    return tuple(Split(Symbol(s), date.fromisoformat(d), Decimal(r)) for s, d, r in rows)
