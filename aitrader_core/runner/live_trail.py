"""The audit trail of a live session, kept in a file as it grows: an entry a line, as JSON."""

import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from aitrader_core.domain.errors import InputError, StorageError
from aitrader_core.domain.trail import TrailEntry, first_broken
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.ticks import folder


class TrailFile:
    """Is appended to, and never rewritten.

    What `keep` was given outlives this process, whatever becomes of it; `sync` makes it outlive
    the machine.
    """

    def __init__(self, path: Path, *, again: bool = False) -> None:
        """InputError where there is one already, unless `again` sets it aside."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if again and path.exists():
                path.rename(_aside(path))
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        except OSError as error:
            if isinstance(error, FileExistsError) and path.is_file():
                raise InputError(
                    f"this session was traded live before, {_what_is_there(path)} in {path}: say "
                    "--again to set that file aside and begin anew"
                ) from None
            raise StorageError(f"{path}: can't be written: {error.strerror}") from error
        self.path = path
        self.kept = 0  # entries
        self._is_dirty = False

    def keep(self, trail: Sequence[TrailEntry]) -> None:
        """What of `trail` is not in the file yet. StorageError when it can't be written."""
        new = trail[self.kept :]
        lines = "".join(json.dumps(e._asdict(), separators=(",", ":")) + "\n" for e in new).encode()
        try:
            while lines:
                lines = lines[os.write(self._file, lines) :]
        except OSError as error:
            raise StorageError(f"{self.path}: can't be written: {error.strerror}") from error
        self.kept += len(new)
        self._is_dirty = True

    def sync(self) -> None:
        if self._is_dirty:
            os.fdatasync(self._file)
            self._is_dirty = False

    def close(self) -> None:
        self.sync()
        os.close(self._file)


def trail_path(floor: Floor, model: str, session: date) -> Path:
    return folder(floor, "live") / model / f"{session}.jsonl"


def read_trail(path: Path) -> list[TrailEntry]:
    """InputError, by line, for what was not written so: it is torn, or was changed."""
    trail: list[TrailEntry] = []
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("it has no end")
            trail.append(TrailEntry(**json.loads(line)))
        except (ValueError, TypeError) as error:
            raise InputError(f"{path}:{number}: is no entry of an audit trail: {error}") from error
    if (broken := first_broken(trail)) is not None:
        raise InputError(
            f"{path}:{broken}: the audit trail was changed: entry {broken} is not held"
        )
    return trail


def _what_is_there(path: Path) -> str:
    try:
        return f"with {len(read_trail(path)):,} entries"
    except InputError as error:
        return f"and its trail is broken ({error})"


def _aside(path: Path) -> Path:
    """The first name of its kind that is free."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.{number}{path.suffix}")).exists():
        number += 1
    return aside
