"""The lines of a file of ticks, packed or plain, and where a torn one ends."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from aitrader_core.domain.errors import TickFileError
from aitrader_core.market.ticks.findings import Kind

Tell = Callable[[Kind, int, str], None]  # what is wrong with a line


def lines_of(path: Path, tell: Tell) -> Iterator[tuple[int, bytes]]:
    """Numbered from 1, without their ends, empty ones left out.

    TickFileError for a file that can't be read at all; one that is torn ends where it is torn,
    and its last, incomplete line is left out.
    """
    number = 0
    try:
        with _open(path) as file:
            for number, line in enumerate(file, 1):
                if text := line.strip():
                    yield number, text
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        if not number:
            raise TickFileError(f"{path}: is no gzip file: check how it was written") from error
        tell(Kind.TRUNCATED, number + 1, "the packed file is torn here: what came before is read")
    except OSError as error:
        raise unreadable(path, error) from error
    if not number:
        raise TickFileError(f"{path}: is empty: check that it was written to its end")


def unreadable(path: Path, error: OSError) -> TickFileError:
    if isinstance(error, FileNotFoundError):
        return TickFileError(f"{path}: there is no such file: check its path")
    if isinstance(error, IsADirectoryError):
        return TickFileError(f"{path}: is a folder: name a file within it")
    if isinstance(error, PermissionError):
        return TickFileError(f"{path}: may not be read: give this user the right to")
    return TickFileError(f"{path}: can't be read: {error.strerror or error}")


def is_csv(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(".csv")


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
