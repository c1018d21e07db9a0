"""Recorded sessions on disk, in Parquet: what was recorded without loss, and its ticks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from aitrader_core.market.ticks.findings import Findings
from aitrader_core.market.ticks.recording import Recording
from aitrader_core.simulation.ticks import Ticks


@dataclass(frozen=True)
class TickStore:
    """A folder with one folder a session, named by its date; each is there whole or not at all."""

    folder: Path

    def sessions(self) -> list[date]:
        """Those that are stored, oldest first."""
        raise NotImplementedError

    def write(
        self, session: date, recording: Recording, ticks: Iterable[Ticks], findings: Findings
    ) -> str:
        """Keep a session, in place of what is stored of it; returns its name.

        `ticks` are chunks of the session, oldest first.
        """
        raise NotImplementedError

    def read(self, session: date, rows_per_chunk: int = 65_536) -> Iterator[Ticks]:
        """Its ticks, oldest first; memory is that of a chunk. TickFileError if it isn't there."""
        raise NotImplementedError

    def name(self, session: date) -> str:
        """A hash of the ticks: equal names promise equal ticks, however they are chunked."""
        raise NotImplementedError

    def findings(self, session: date) -> Findings:
        raise NotImplementedError

    def recording(self, session: date) -> Recording:
        """What was recorded, as it was written."""
        raise NotImplementedError
