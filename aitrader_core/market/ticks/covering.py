"""Which files cover which sessions: by the date in their name, and where that can't tell, by
their lines."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from aitrader_core.domain.errors import TickFileError
from aitrader_core.market.ticks.lines import lines_of

Clock = Callable[[bytes], int | None]  # the receive time of a line, in ns; None of one without
_DAY = timedelta(days=1)
_DATE = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?!\d)")


def sessions_in(files: Iterable[Path], clock: Clock) -> list[date]:
    """Oldest first. A dated file may run into the day after, which is looked for where no file
    is dated so."""
    by_date = {path: named(path) for path in files}
    dates = {day for day in by_date.values() if day}
    found = set(dates)
    for path, day in by_date.items():
        if day is None or day + _DAY not in dates:
            found |= _days(path, clock)
    return sorted(found)


def files_of(session: date, files: Iterable[Path], clock: Clock) -> list[Path]:
    """Those with lines of the session, the one that begins first first."""
    chosen = []
    for path in files:
        day = named(path)
        near = day is None or abs(day - session) == _DAY
        if day == session or (near and session in _days(path, clock)):
            chosen.append(path)
    return sorted(chosen, key=lambda path: (_begins(path, clock), path.name))


def named(path: Path) -> date | None:
    """The last date in its name, as YYYYMMDD or YYYY-MM-DD."""
    for year, month, day in reversed(_DATE.findall(path.name)):
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            continue
    return None


def files_in(folder: Path, pattern: str, endings: Sequence[str]) -> list[Path]:
    """By name. TickFileError for a folder that isn't there."""
    if not folder.is_dir():
        raise TickFileError(f"{folder}: there is no such folder: check its path")
    found = (path for path in folder.glob(pattern) if not path.name.startswith("."))
    ends = (path for path in found if path.name.removesuffix(".gz").endswith(tuple(endings)))
    return sorted(path for path in ends if path.is_file())


def _days(path: Path, clock: Clock) -> frozenset[date]:
    told = path.stat()
    return _read_days(path, clock, told.st_size, told.st_mtime_ns)


@lru_cache(maxsize=4096)
def _read_days(path: Path, clock: Clock, size: int, changed: int) -> frozenset[date]:  # noqa: ARG001 - another size or time is another file
    days = {time // (86_400 * 10**9) for _, line in _lines(path) if (time := clock(line))}
    return frozenset(datetime.fromtimestamp(day * 86_400, UTC).date() for day in days)


def _begins(path: Path, clock: Clock) -> int:
    return next((time for _, line in _lines(path) if (time := clock(line))), 0)


def _lines(path: Path) -> Iterable[tuple[int, bytes]]:
    return lines_of(path, lambda *_: None)
