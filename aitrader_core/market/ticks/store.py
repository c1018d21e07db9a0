"""Recorded sessions on disk, in Parquet: what was recorded without loss, and its ticks."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from aitrader_core.domain.errors import TickFileError
from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.columns import (
    chunked,
    event_table,
    events_of,
    tick_schema,
    tick_table,
    ticks_of,
)
from aitrader_core.market.ticks.findings import Findings
from aitrader_core.market.ticks.recording import LEVEL_COLUMNS, Recording
from aitrader_core.simulation.ticks import COLUMNS, TRADE, Ticks

ROWS = 65_536  # of a row group
RECORDING, TICKS, FINDINGS = "recording.parquet", "ticks.parquet", "findings.json"
_IDS = ("first_id", "last_id", "previous_id", "trade_id")
_DELTA = "DELTA_BINARY_PACKED"  # of what goes up by a little: the differences are kept
_TIMES = ("received", "exchange")
_RISING = ("line", "received", "event_ms", "trade_ms", *_IDS)
_NAMES = ("symbols", "exchange_symbols", "files", "streams", "order_types")


@dataclass(frozen=True)
class Kept:
    """What is known of a stored session without reading its ticks; times in ns, 0 for none."""

    session: date
    name: str
    symbols: tuple[Symbol, ...]
    files: tuple[str, ...]
    events: int
    trades: int
    quotes: int
    first: int
    last: int
    findings: Findings


@dataclass(frozen=True)
class TickStore:
    """A folder with one folder a session, named by its date; each is there whole or not at all."""

    folder: Path

    def sessions(self) -> list[date]:
        """Those that are stored, oldest first."""
        if not self.folder.is_dir():
            return []
        found = (_date(path.name) for path in self.folder.iterdir() if path.is_dir())
        return sorted(day for day in found if day)

    @contextmanager
    def alone(self, session: date) -> Iterator[None]:
        """With nobody else within, of this session: who comes second finds what the first wrote.

        TickFileError where nothing can be written.
        """
        self._make_folder()
        with (self.folder / f".{session}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def write(
        self, session: date, recording: Recording, ticks: Iterable[Ticks], findings: Findings
    ) -> str:
        """Keep a session, in place of what is stored of it; returns its name.

        `ticks` are chunks of the session, oldest first; ValueError when they aren't. TickFileError
        where nothing can be written. Two must not write the same session at once: see `alone`.
        """
        self._make_folder()
        made = Path(mkdtemp(prefix=f".{session}.", dir=self.folder))
        try:
            made.chmod(0o755)
            _write_recording(made / RECORDING, recording)
            sums = _write_ticks(made / TICKS, ticks, recording.symbols)
            told = {**sums, "events": len(recording), "files": list(recording.files)}
            content = json.dumps({**told, "findings": findings.as_json()}, indent=1)
            (made / FINDINGS).write_text(content + "\n", encoding="utf-8")
            for path in (*made.iterdir(), made):
                _to_disk(path)
            self._put(made, self.folder / str(session))
        finally:
            shutil.rmtree(made, ignore_errors=True)
        return str(sums["name"])

    def read(self, session: date, rows_per_chunk: int = ROWS) -> Iterator[Ticks]:
        """Its ticks, oldest first; memory is that of a chunk. TickFileError if it isn't there."""
        file = self._open(session, TICKS)
        symbols = _symbols(file)
        groups = (ticks_of(file.read_row_group(i), symbols) for i in range(file.num_row_groups))
        yield from chunked(groups, rows_per_chunk)

    def name(self, session: date) -> str:
        """A hash of the ticks: equal names promise equal ticks, however they are chunked."""
        return str(_metadata(self._open(session, TICKS))["name"])

    def findings(self, session: date) -> Findings:
        return self.kept(session).findings

    def kept(self, session: date) -> Kept:
        """TickFileError if it isn't there."""
        path = self._path(session, FINDINGS)
        told = json.loads(path.read_text(encoding="utf-8"))
        return Kept(
            session=session,
            symbols=tuple(map(Symbol, told.pop("symbols"))),
            files=tuple(told.pop("files")),
            findings=Findings.of_json(told.pop("findings")),
            **told,
        )

    def recording(self, session: date) -> Recording:
        """What was recorded, as it was written."""
        file = self._open(session, RECORDING)
        told = _metadata(file)
        events, levels = events_of(file.read())
        names = {key: tuple(told[key]) for key in _NAMES}
        findings = Findings.of_json(told["findings"])
        return Recording(
            **names, events=events, levels=levels, findings=findings, opens=told["opens"]
        )

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror or error
            raise TickFileError(
                f"ticks can't be kept in {self.folder}, choose another folder: {reason}"
            ) from error
        if not os.access(self.folder, os.W_OK):
            raise TickFileError(
                f"ticks can't be kept in {self.folder}: give this user the right to write there"
            )

    def _open(self, session: date, name: str) -> Any:
        path = self._path(session, name)
        try:
            return pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0]
            raise TickFileError(f"{path}: can't be read: {reason}: write it again") from error

    def _path(self, session: date, name: str) -> Path:
        path = self.folder / str(session) / name
        if not path.is_file():
            there = ", ".join(map(str, self.sessions())) or "no session"
            raise TickFileError(f"{self.folder} has no ticks of {session}: it has {there}")
        return path

    def _put(self, made: Path, place: Path) -> None:
        """A folder can't be renamed over another one: the one before steps aside first."""
        before = made.with_name(f"{made.name}.before")
        if place.exists():
            place.rename(before)
        made.rename(place)
        shutil.rmtree(before, ignore_errors=True)
        _to_disk(self.folder)


def _write_recording(path: Path, recording: Recording) -> None:
    told = {key: getattr(recording, key) for key in _NAMES}
    told |= {"opens": recording.opens, "findings": recording.findings.as_json()}
    table = event_table(recording).replace_schema_metadata({"aitrader": json.dumps(told)})
    pq.write_table(
        table,
        path,
        compression="zstd",
        row_group_size=ROWS,
        use_dictionary=_others(table.column_names, _RISING),
        column_encoding=dict.fromkeys(_RISING, _DELTA),
    )


def _write_ticks(path: Path, ticks: Iterable[Ticks], symbols: tuple[Symbol, ...]) -> dict[str, Any]:
    """Returns their sums, the name among them."""
    hashes = {name: sha256() for name in COLUMNS}
    rows, trades, first, last = 0, 0, 0, 0
    with pq.ParquetWriter(
        path,
        tick_schema(),
        compression="zstd",
        use_dictionary=_others(COLUMNS, _TIMES),
        column_encoding=dict.fromkeys(_TIMES, _DELTA),
    ) as writer:
        for chunk in chunked(ticks, ROWS):
            received = chunk.received
            if chunk.symbols != symbols:
                raise ValueError(f"ticks of {chunk.symbols} in a recording of {symbols}")
            if received[0] < last or (np.diff(received) < 0).any():
                raise ValueError("ticks are not in the order of their receive times")
            for name, column in zip(COLUMNS, chunk.columns, strict=True):
                hashes[name].update(column.tobytes())
            writer.write_table(tick_table(chunk))
            rows, first = rows + len(chunk), first or int(received[0])
            trades, last = trades + int((chunk.kind == TRADE).sum()), int(received[-1])
        name = _name(symbols, (digest.digest() for digest in hashes.values()))
        told = {"symbols": symbols, "name": name}
        writer.add_key_value_metadata({"aitrader": json.dumps(told)})
    span = {"first": first, "last": last}
    return {**told, "trades": trades, "quotes": rows - trades, **span}


def _others(names: Iterable[str], rising: Iterable[str]) -> list[str]:
    """The levels of a list are named by their path."""
    paths = [f"levels.list.element.{name}" for name in LEVEL_COLUMNS]
    return [name for name in (*names, *paths) if name not in rising]


def _name(symbols: tuple[Symbol, ...], digests: Iterable[bytes]) -> str:
    return sha256(json.dumps(symbols).encode() + b"".join(digests)).hexdigest()[:16]


def _symbols(file: Any) -> tuple[Symbol, ...]:
    return tuple(map(Symbol, _metadata(file)["symbols"]))


def _metadata(file: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(file.metadata.metadata[b"aitrader"])
    return told


def _date(name: str) -> date | None:
    try:
        return date.fromisoformat(name)
    except ValueError:
        return None


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
