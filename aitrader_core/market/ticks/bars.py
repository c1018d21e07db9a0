"""A price source that makes bars of recorded ticks, so that both tell of the same market."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Literal

from aitrader_core.domain.errors import ConfigError, MarketDataError
from aitrader_core.market.source import Prices, Wanted
from aitrader_core.market.ticks.files import BinanceRecordings, TickFiles
from aitrader_core.market.ticks.source import TickSource

_A_DAY = 1440


@dataclass(frozen=True)
class TickBars:
    """Bars of the trades in a folder of ticks: one a session, or one every so many `minutes`.

    Open and close are the first and the last trade by receive time. A bar within a session is
    stamped by its start, in the exchange's time; one without a trade, after the first, repeats
    the close before it with a volume of 0.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    name: ClassVar[str] = "ticks"

    folder: Path
    format: Literal["binance", "csv"] = "binance"
    files: str = "*"
    symbols: Mapping[str, str] = field(default_factory=dict)
    minutes: int | None = None

    def __post_init__(self) -> None:
        if self.minutes is not None and not (
            0 < self.minutes < _A_DAY > _A_DAY % self.minutes == 0
        ):
            raise ValueError(f"minutes is {self.minutes}, must be a part of a day's {_A_DAY}")

    @property
    def source(self) -> TickSource:
        kind = BinanceRecordings if self.format == "binance" else TickFiles
        return kind(self.folder, self.files, self.symbols)

    def coverage(self) -> tuple[date, date] | None:
        return None

    def fetch(self, wanted: Wanted, now: datetime) -> Iterator[Prices]:  # noqa: ARG002 - has editions
        """A part for each session that is missing and was recorded."""
        from aitrader_core.market.ticks.bar_making import bars_of

        self._check(wanted.intraday)
        missing = {day for days in wanted.missing.values() for day in days}
        symbols, source = tuple(wanted.missing), self.source
        covered = [day for day in source.sessions() if day in missing]
        traded = set()
        for session in covered:
            recording = source.load(session, symbols)
            bars = bars_of(recording, session, self.minutes, wanted.calendar.timezone)
            traded |= {bar.symbol for bar in bars}
            if bars:
                edition = sha256(repr(bars).encode()).hexdigest()[:8]
                yield Prices(tuple(bars), (), self.name, f"{session} {edition}")
        if covered and (lacking := sorted(set(symbols) - traded)):
            raise MarketDataError(
                f"{self.folder} has no trade of {', '.join(lacking)}: "
                "see which symbols it has with aitrader ticks check, and map them by `symbols`"
            )

    def _check(self, intraday: bool) -> None:
        if intraday and self.minutes is None:
            raise ConfigError("prices: bars within a session need `minutes`: say how many each has")
        if not intraday and self.minutes is not None:
            raise ConfigError("prices: minutes: is for arenas of `bars: intraday`: remove it")
