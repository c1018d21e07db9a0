"""What is wrong with recorded ticks: by kind, file and line, counted and never silent."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PLACES = 20  # how many of each kind are told with their place


class Kind(StrEnum):
    """What can be wrong with a line; most of them are left out for it."""

    MALFORMED = "malformed"
    TRUNCATED = "truncated"
    BAD_TIME = "bad_time"
    BAD_PRICE = "bad_price"
    BAD_VOLUME = "bad_volume"
    UNKNOWN_SYMBOL = "unknown_symbol"
    DUPLICATE = "duplicate"
    OUT_OF_ORDER = "out_of_order"
    CROSSED_QUOTE = "crossed_quote"
    LOCKED_QUOTE = "locked_quote"
    UNPLACED_SNAPSHOT = "unplaced_snapshot"
    NO_SNAPSHOT = "no_snapshot"
    GAP = "gap"
    EARLY_DIFF = "early_diff"
    CROSSED_BOOK = "crossed_book"
    STALE_BOOK = "stale_book"

    @property
    def drops(self) -> bool:
        """Whether the line is left out: no tick comes of it."""
        return self not in _STANDS

    @property
    def is_fault(self) -> bool:
        """Whether anything is wrong; an early diff is just to be known."""
        return self is not Kind.EARLY_DIFF


_STANDS = frozenset(
    (Kind.NO_SNAPSHOT, Kind.GAP, Kind.EARLY_DIFF, Kind.CROSSED_BOOK, Kind.STALE_BOOK)
)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong with one line (from 1 on) of a file; `file` is its name."""

    file: str
    line: int
    kind: Kind
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: {self.sentence}"


@dataclass
class Findings:
    """How often each kind was found, and the first places of each."""

    counts: Counter[Kind] = field(default_factory=Counter)
    places: dict[Kind, list[Finding]] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        told = self.places.setdefault(finding.kind, [])
        if len(told) < PLACES:
            told.append(finding)

    def __or__(self, other: "Findings") -> "Findings":
        """Both, as one."""
        both = Findings(self.counts + other.counts)
        for kind in both.counts:
            told = sorted([*self.places.get(kind, ()), *other.places.get(kind, ())])
            both.places[kind] = told[:PLACES]
        return both

    def __iter__(self) -> Iterator[Finding]:
        """The places that are told, by file and line."""
        return iter(sorted(f for told in self.places.values() for f in told))

    @property
    def faults(self) -> int:
        return sum(number for kind, number in self.counts.items() if kind.is_fault)

    @property
    def dropped(self) -> int:
        """Lines that were left out."""
        return sum(number for kind, number in self.counts.items() if kind.drops)

    def as_json(self) -> dict[str, Any]:
        found = [
            {"kind": f.kind.value, "file": f.file, "line": f.line, "sentence": f.sentence}
            for f in self
        ]
        counts = {kind.value: self.counts[kind] for kind in Kind if self.counts[kind]}
        return {"faults": self.faults, "dropped": self.dropped, "counts": counts, "places": found}

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> "Findings":
        counts = Counter({Kind(kind): number for kind, number in told["counts"].items()})
        return cls(counts, _by_kind(told["places"]))

    def __str__(self) -> str:
        if not self.counts:
            return "nothing is wrong"
        return ", ".join(f"{self.counts[kind]:,} {kind}" for kind in Kind if self.counts[kind])


def _by_kind(places: Iterable[Mapping[str, Any]]) -> dict[Kind, list[Finding]]:
    by_kind: dict[Kind, list[Finding]] = {}
    for p in places:
        kind = Kind(p["kind"])
        by_kind.setdefault(kind, []).append(Finding(p["file"], p["line"], kind, p["sentence"]))
    return by_kind
