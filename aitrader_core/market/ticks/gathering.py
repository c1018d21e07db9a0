"""Events of files, line by line, gathered into the columns of a recording."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.findings import Finding, Findings, Kind
from aitrader_core.market.ticks.numbers import read_numbers
from aitrader_core.market.ticks.recording import (
    EVENT_COLUMNS,
    EVENT_DTYPES,
    LEVEL_COLUMNS,
    NO_ID,
    Events,
    Levels,
    Recording,
)

BLOCK = 1 << 16  # events that are gathered before they become columns
NO_SYMBOL = -1  # of a snapshot, until its file is read


class Bad(Exception):  # noqa: N818 - becomes a finding
    """A line that can't be taken, and why."""

    def __init__(self, kind: Kind, sentence: str) -> None:
        super().__init__(kind, sentence)
        self.kind, self.sentence = kind, sentence


class Sink(Protocol):
    """Takes the events that lines tell: all into columns, or each as it comes."""

    def symbol(self, name: str) -> int:
        """Its index; raises Bad for one that isn't wanted."""

    def add(
        self,
        line: int,
        received: int,
        kind: int,
        symbol: int,
        texts: Sequence[str],
        *,
        bids: int,
        asks: int = 0,
        stream: str = "",
        event_ms: int = 0,
        trade_ms: int = 0,
        first_id: int = NO_ID,
        last_id: int = NO_ID,
        previous_id: int = NO_ID,
        trade_id: int = NO_ID,
        maker: int = NO_ID,
        best_match: int = NO_ID,
        order_type: str = "",
    ) -> None:
        """An event; `texts` has price and quantity of each level, bids first."""


@dataclass
class Gathered:
    """What was read so far. `wanted` are the symbols that are known, in their order; none: all.

    `names` are the arena's names of the exchange's symbols, where they differ.
    """

    wanted: tuple[Symbol, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    findings: Findings = field(default_factory=Findings)

    def __post_init__(self) -> None:
        self.files: list[str] = []
        self._indices: dict[str, int] = {}  # by the exchange's names
        self._exchange = dict.fromkeys(self.wanted, "")  # the exchange's names by ours
        self._streams: dict[str, int] = {"": 0}
        self._order_types: dict[str, int] = {"": 0}
        self._rows: list[tuple[int, ...]] = []
        self._texts: list[str] = []
        self._levels = 0
        self._events: list[Events] = []
        self._blocks: list[Levels] = []
        self._whole: list[NDArray[np.bool_]] = []
        self.whole = np.zeros(0, np.bool_)  # which events of the recording have all their numbers

    def tell(self, kind: Kind, line: int, sentence: str) -> None:
        """Of the file that is being read."""
        self.findings.add(Finding(self.files[-1], line, kind, sentence))

    def symbol(self, name: str) -> int:
        """Its index; raises Bad for one that isn't wanted."""
        index = self._indices.get(name)
        if index is None:
            index = self._indices[name] = self._placed(name)
        return index

    def _placed(self, name: str) -> int:
        known = Symbol(self.names.get(name, name))
        if known not in self._exchange and (self.wanted or not name):
            offer = ", ".join(sorted(self.wanted)) or "the symbols"
            raise Bad(Kind.UNKNOWN_SYMBOL, f"{name!r} is none of {offer}")
        if already := self._exchange.get(known):
            raise Bad(Kind.UNKNOWN_SYMBOL, f"{name!r} would be {known}, and so is {already!r}")
        self._exchange[known] = name
        return list(self._exchange).index(known)

    def add(
        self,
        line: int,
        received: int,
        kind: int,
        symbol: int,
        texts: Sequence[str],
        *,
        bids: int,
        asks: int = 0,
        stream: str = "",
        event_ms: int = 0,
        trade_ms: int = 0,
        first_id: int = NO_ID,
        last_id: int = NO_ID,
        previous_id: int = NO_ID,
        trade_id: int = NO_ID,
        maker: int = NO_ID,
        best_match: int = NO_ID,
        order_type: str = "",
    ) -> None:
        """An event; `texts` has price and quantity of each level, bids first."""
        row = (
            len(self.files) - 1,
            line,
            received,
            kind,
            symbol,
            self._streams.setdefault(stream, len(self._streams)),
            event_ms,
            trade_ms,
            first_id,
            last_id,
            previous_id,
            trade_id,
            maker,
            best_match,
            self._order_types.setdefault(order_type, len(self._order_types)),
            bids,
            asks,
            self._levels,
        )
        self._rows.append(row)
        self._texts.extend(texts)
        self._levels += bids + asks
        if len(self._rows) >= BLOCK:
            self.flush()

    def flush(self) -> None:
        """What was added becomes columns; events with a number that is none are told."""
        columns: Sequence[Sequence[int]] = list(zip(*self._rows, strict=True))
        columns = columns or [()] * len(EVENT_COLUMNS)
        arrays: list[NDArray[Any]] = list(map(np.array, columns, EVENT_DTYPES.values()))
        events = Events(*arrays)
        numbers = read_numbers(self._texts)
        digits, decimals = numbers.digits, numbers.decimals
        self._whole.append(self._without(events, numbers.bad))
        self._events.append(events)
        self._blocks.append(Levels(digits[::2], decimals[::2], digits[1::2], decimals[1::2]))
        self._rows, self._texts = [], []

    def _without(self, events: Events, bad: Mapping[int, str]) -> NDArray[np.bool_]:
        keep = np.ones(len(events), np.bool_)
        for index, sentence in sorted(bad.items()):
            level = int(events.start[0]) + index // 2
            at = int(np.searchsorted(events.start, level, side="right")) - 1
            if keep[at]:
                keep[at] = False
                kind, what = _number(index)
                name = self.files[events.file[at]]
                self.findings.add(Finding(name, int(events.line[at]), kind, f"{what} {sentence}"))
        return keep

    def recording(self) -> Recording:
        """All of it, in the order of the files and their lines, not checked yet."""
        self.flush()
        self.whole = np.concatenate(self._whole)
        events = {
            name: np.concatenate([getattr(block, name) for block in self._events])
            for name in EVENT_COLUMNS
        }
        levels = {
            name: np.concatenate([getattr(block, name) for block in self._blocks])
            for name in LEVEL_COLUMNS
        }
        return Recording(
            symbols=tuple(self._exchange),
            exchange_symbols=tuple(self._exchange.values()),
            files=tuple(self.files),
            streams=tuple(self._streams),
            order_types=tuple(self._order_types),
            events=Events(**events),
            levels=Levels(**levels),
            findings=self.findings,
        )


def flat(levels: Any) -> list[str]:
    """Price, quantity, price, ... of a list of pairs; raises Bad when it is none."""
    if type(levels) is not list or not set(map(type, levels)) <= {list}:
        raise Bad(Kind.MALFORMED, "its levels are no list of pairs")
    texts = list(chain.from_iterable(levels))
    if len(texts) != 2 * len(levels) or not set(map(len, levels)) <= {2}:
        raise Bad(Kind.MALFORMED, "its levels are no list of pairs")
    return texts if set(map(type, texts)) <= {str} else [as_text(text) for text in texts]


def as_text(number: Any) -> str:
    """As JSON tells it, in quotes or without; raises Bad for what is neither."""
    if type(number) is str:
        return number
    if type(number) is int:
        return str(number)
    raise Bad(Kind.MALFORMED, f"{number!r} stands where a number belongs")


def _number(index: int) -> tuple[Kind, str]:
    return (Kind.BAD_VOLUME, "a volume") if index % 2 else (Kind.BAD_PRICE, "a price")
