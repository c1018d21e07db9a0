"""What is wrong with a file of prices: all of it is looked at, the first fault is told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from aitrader_core.domain.errors import PriceFileError


class Fault(Exception):  # noqa: N818 - becomes an error once its place is known
    """One sentence on what is wrong, one on the way out."""

    def __init__(self, sentence: str, way_out: str) -> None:
        super().__init__(sentence, way_out)
        self.sentence, self.way_out = sentence, way_out

    def __str__(self) -> str:
        return f"{self.sentence}: {self.way_out}"


@dataclass
class Faults:
    """Those of one file. A place is what follows the path: `:7`, `: row 7`, or nothing."""

    path: Path
    found: list[tuple[str, Fault]] = field(default_factory=list)

    def add(self, place: str, fault: Fault) -> None:
        self.found.append((place, fault))

    def check(self) -> None:
        """Raises PriceFileError when there is a fault."""
        if self.found:
            self._tell()

    def stop(self, place: str, fault: Fault) -> NoReturn:
        """The rest can't be read: raises PriceFileError."""
        self.add(place, fault)
        self._tell()

    def _tell(self) -> NoReturn:
        (place, fault), *more = self.found
        others = f" (and {len(more):,} more fault{'s'[: len(more) > 1]})" if more else ""
        raise PriceFileError(f"{self.path}{place}: {fault}{others}") from fault


def decoded(content: bytes, faults: Faults) -> str:
    """The text of a file, without the mark that Excel puts before it."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        faults.stop(f":{line}", Fault("is not UTF-8 text", "save the file as UTF-8"))


def spoken(place: str) -> str:
    """`line 7` or `row 7`, for a sentence on another place."""
    return place.removeprefix(": ") if place.startswith(": ") else f"line {place[1:]}"
