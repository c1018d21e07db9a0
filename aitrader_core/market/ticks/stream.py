"""Ticks out of a stream of lines as they come: recordings of Binance's streams, or CSV."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import nan
from typing import Any

from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.binance import read_line
from aitrader_core.market.ticks.csv_files import columns_of, row_of
from aitrader_core.market.ticks.findings import Finding, Findings, Kind
from aitrader_core.market.ticks.gathering import Bad
from aitrader_core.market.ticks.numbers import DIGITS, spelled_out
from aitrader_core.market.ticks.recording import NO_ID
from aitrader_core.simulation.ticks import QUOTE, TRADE, Tick

LONGEST = 1 << 20  # bytes of a line: a snapshot of a thousand levels a side takes 60 KB
_MS = 1_000_000  # ns
_STAMPED = re.compile(rb"\d+ [{]").match
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?").fullmatch
_DEPTH, _DEPTH_WITHIN = b'"depthUpdate"', 200

Read = Callable[[int, bytes], None]


class TickStream:
    """What is wrong with a line is told in `findings`, and no tick comes of it.

    The first line that is one tells the format: a stamped event, or a header. Order books are left
    alone, whatever diffs and snapshots say: quotes are those that the stream tells. A line can
    only be held against those before it, so that a value that leaps ahead and falls back, which
    the reading of a file finds, is believed here, and those after it are not.

    `names` are the arena's names of the exchange's symbols, where they differ.
    """

    def __init__(
        self, name: str, symbols: Sequence[Symbol], names: Mapping[str, str] | None = None
    ) -> None:
        self.name, self.symbols, self.findings = name, tuple(symbols), Findings()
        self.lines = self.of_books = 0  # read; diffs and snapshots among them
        self._sink = _Latest(symbols, names or {})
        self._read: Read | None = None
        self._rest = b""
        self._is_skipping = False  # the rest of a line that is too long

    @property
    def received(self) -> int:
        """Of the latest tick, in ns; 0 before the first one."""
        return self._sink.received

    def ticks(self, data: bytes) -> Iterator[Tick]:
        """Those of the lines that `data` ends, each read when it is asked for."""
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        sink = self._sink
        for line in lines:
            self.lines += 1
            if self._is_skipping:
                self._is_skipping = False
            elif line:
                self._take(line)
                if (tick := sink.tick) is not None:
                    sink.tick = None
                    yield tick
        if len(self._rest) > LONGEST:
            self._skip()

    def end(self) -> None:
        """The stream has ended: a line that has not is told, and no tick comes of it."""
        if self._rest:
            self.lines += 1
            self._tell(Kind.TRUNCATED, f"the stream ends in it, after {len(self._rest):,} bytes")
            self._rest = b""

    def _take(self, line: bytes) -> None:
        if _DEPTH in line[:_DEPTH_WITHIN]:  # decoding it would keep the next tick waiting
            self.of_books += 1
            return
        try:
            if self._read is None:
                self._read = self._format(line.strip())
            else:
                self._read(self.lines, line.strip())
        except Bad as bad:
            self._tell(bad.kind, bad.sentence)
        self.of_books += self._sink.was_book
        self._sink.was_book = False

    def _format(self, line: bytes) -> Read | None:
        """How lines are read from now on; the first one is read too."""
        if _STAMPED(line):
            self._stamped(self.lines, line)
            return self._stamped
        if not line:
            return None
        columns = columns_of(row_of(line))
        return lambda number, line: columns.read(number, row_of(line), self._sink)

    def _stamped(self, number: int, line: bytes) -> None:
        read_line(number, line, self._sink)

    def _skip(self) -> None:
        if not self._is_skipping:
            self._tell(Kind.MALFORMED, f"is longer than {LONGEST:,} bytes", self.lines + 1)
        self._rest, self._is_skipping = b"", True

    def _tell(self, kind: Kind, sentence: str, line: int | None = None) -> None:
        self.findings.add(Finding(self.name, line or self.lines, kind, sentence))


class _Latest:
    """Makes a tick of each event, with what is known of both sides then."""

    def __init__(self, symbols: Sequence[Symbol], names: Mapping[str, str]) -> None:
        self.tick: Tick | None = None
        self.was_book = False
        self.received = 0
        self._symbols = {str(symbol): at for at, symbol in enumerate(symbols)}
        theirs = {name: self._symbols.get(ours) for name, ours in names.items()}
        self._symbols |= {name: at for name, at in theirs.items() if at is not None}
        self._offer = ", ".join(sorted(self._symbols))
        self._quotes = [(nan, 0.0, nan, 0.0)] * len(symbols)
        self._ids = {TRADE: [NO_ID] * len(symbols), QUOTE: [NO_ID] * len(symbols)}
        self._trades: set[tuple[int, float, float, int]] = set()  # of this very time

    def symbol(self, name: str) -> int:
        index = self._symbols.get(name)
        if index is None:
            raise Bad(Kind.UNKNOWN_SYMBOL, f"{name!r} is none of {self._offer}")
        return index

    def add(
        self,
        line: int,  # noqa: ARG002 - the stream knows it
        received: int,
        kind: int,
        symbol: int,
        texts: Sequence[str],
        *,
        event_ms: int = 0,
        trade_ms: int = 0,
        last_id: int = NO_ID,
        trade_id: int = NO_ID,
        maker: int = NO_ID,
        **_: Any,
    ) -> None:
        if kind not in self._ids:
            self.was_book = True
            return
        if kind == QUOTE:
            quote = _quote(texts)
            self._check_time(received)
            self._check_id(kind, symbol, last_id, "update id")
            self._quotes[symbol] = quote
            price, volume, side = nan, 0.0, 0
        else:
            price, volume = _above_0(texts[0], Kind.BAD_PRICE), _above_0(texts[1], Kind.BAD_VOLUME)
            self._check_time(received)
            if maker == NO_ID:
                self._check_repeat(received, (symbol, price, volume, trade_id))
            else:
                self._check_id(kind, symbol, trade_id, "trade id")
            quote = self._quotes[symbol]
            side = 0 if maker == NO_ID else 1 - 2 * maker
        self.received = received
        exchange = (trade_ms or event_ms) * _MS
        self.tick = Tick(received, exchange, symbol, kind, price, volume, *quote, side)

    def _check_time(self, received: int) -> None:
        if received < self.received:
            behind = (self.received - received) / 1e9
            sentence = f"its receive time is {behind:.9g} s before that of a line above"
            raise Bad(Kind.OUT_OF_ORDER, sentence)

    def _check_id(self, kind: int, symbol: int, number: int, called: str) -> None:
        """Of a stream, whose ids go up."""
        ids = self._ids[kind]
        if number <= ids[symbol]:
            if number == ids[symbol]:
                raise Bad(Kind.DUPLICATE, f"its {called} {number} was told before")
            sentence = f"its {called} {number} is below {ids[symbol]} of a line above"
            raise Bad(Kind.OUT_OF_ORDER, sentence)
        ids[symbol] = number

    def _check_repeat(self, received: int, trade: tuple[int, float, float, int]) -> None:
        """Of a CSV file, whose seq may be anything."""
        if received != self.received:
            self._trades.clear()
        elif trade in self._trades:
            sentence = "a trade of this time, price, volume and seq was told before"
            raise Bad(Kind.DUPLICATE, sentence)
        self._trades.add(trade)


def _quote(texts: Sequence[str]) -> tuple[float, float, float, float]:
    """Bid, its size, ask, its size."""
    bid, ask = _above_0(texts[0], Kind.BAD_PRICE), _above_0(texts[2], Kind.BAD_PRICE)
    if bid >= ask:
        kind, is_what = (Kind.LOCKED_QUOTE, "at") if bid == ask else (Kind.CROSSED_QUOTE, "above")
        raise Bad(kind, f"the bid {bid:.15g} is {is_what} the ask {ask:.15g}")
    return bid, _above_0(texts[1], Kind.BAD_VOLUME), ask, _above_0(texts[3], Kind.BAD_VOLUME)


def _above_0(text: str, kind: Kind) -> float:
    """The number that a file's reading would give, by the shorter way where there is one."""
    if len(text) <= DIGITS and _PLAIN(text):
        number = float(text)
    else:
        bad: dict[int, str] = {}
        number = float(spelled_out(text, 0, bad))
        if bad:
            raise Bad(kind, f"a {_what(kind)} {bad[0]}")
    if number <= 0:
        raise Bad(kind, f"a {_what(kind)} is {'negative' if number < 0 else '0'}")
    return number


def _what(kind: Kind) -> str:
    return "price" if kind is Kind.BAD_PRICE else "volume"
