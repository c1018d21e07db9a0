"""A source of ticks that is a file of bars within sessions: each bar is one coarse tick."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal
from zoneinfo import ZoneInfo

from aitrader_core.domain.errors import TickFileError
from aitrader_core.domain.market import Bar, Symbol
from aitrader_core.market.calendar import load_calendar
from aitrader_core.market.faults import Fault, Faults
from aitrader_core.market.quotes import Quote, bar_of, day

if TYPE_CHECKING:  # numpy is for those who read ticks
    from aitrader_core.market.ticks.recording import Recording

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class BarTicks:
    """Bars of so many `minutes`: a trade of all the bar's volume, at its close, when it ends.

    The file is AI-Trader's merged.jsonl of 60 minutes, a CSV or a Parquet file, as prices are;
    times are those of the `exchange`, `stamped` at a bar's start or at its end. A bar without
    close or volume gives no tick, and is told.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    name: ClassVar[str] = "bars"

    path: Path
    exchange: str
    minutes: int = 60
    stamped: Literal["start", "end"] = "start"
    symbols: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.minutes <= 0:
            raise ValueError(f"minutes is {self.minutes}, must be above 0")

    def sessions(self) -> list[date]:
        return sorted({d for quote in self._quotes() if (d := day(quote.session)) is not None})

    def load(self, session: date, symbols: Sequence[Symbol]) -> "Recording":
        from aitrader_core.market.ticks.checks import checked_trades
        from aitrader_core.market.ticks.findings import Kind
        from aitrader_core.market.ticks.gathering import Bad, Gathered
        from aitrader_core.simulation.ticks import TRADE

        calendar = load_calendar(self.exchange)
        zone = ZoneInfo(calendar.timezone)
        gathered, rows = Gathered(tuple(symbols), self.symbols), []
        gathered.files.append(self.path.name)
        for quote in self._quotes():
            if day(quote.session) != session:
                continue
            line = int("".join(filter(str.isdigit, quote.place)) or 0)
            try:
                bar = bar_of(quote, calendar, intraday=True)
                rows.append((self._ends(bar, zone), line, gathered.symbol(quote.symbol), quote))
            except Fault as fault:
                gathered.tell(Kind.MALFORMED, line, str(fault))
            except Bad as bad:
                gathered.tell(bad.kind, line, bad.sentence)
        for received, line, symbol, quote in sorted(rows, key=lambda row: (row[0], row[2])):
            texts = [(text or "none").replace(",", "") for text in (quote.close, quote.volume)]
            gathered.add(line, received, TRADE, symbol, texts, bids=1)
        recording = gathered.recording()
        return checked_trades(recording, gathered.whole).session(session)

    def _ends(self, bar: Bar, zone: ZoneInfo) -> int:
        """In ns since 1970 UTC."""
        stamped = datetime.combine(bar.session, bar.at, zone).astimezone(UTC)
        length = timedelta(0) if self.stamped == "end" else timedelta(minutes=self.minutes)
        return (stamped + length - _EPOCH) // timedelta(microseconds=1) * 1000

    def _quotes(self) -> Iterator[Quote]:
        from aitrader_core.market import merged_jsonl, tabular

        readers: dict[str, Callable[[bytes, Faults], Iterator[Quote]]] = {
            ".jsonl": partial(merged_jsonl.read, intraday=True),
            ".csv": tabular.read_csv,
            ".parquet": tabular.read_parquet,
        }
        read = readers.get(self.path.suffix.lower())
        if read is None:
            raise TickFileError(f"{self.path}: bars are read from {', '.join(readers)}")
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise TickFileError(f"{self.path}: can't be read: {error.strerror}") from error
        faults = Faults(self.path)
        yield from read(content, faults)
        faults.check()
