"""Lines as they come: the same ticks however they are cut, and what is wrong with a line."""

import json
from collections.abc import Iterable
from itertools import pairwise
from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.findings import Kind
from aitrader_core.market.ticks.playing import lines_of_ticks, play
from aitrader_core.market.ticks.stream import LONGEST, TickStream
from aitrader_core.simulation.ticks import COLUMNS, QUOTE, TRADE, Tick, Ticks

A, B = Symbol("AAA"), Symbol("BBB")
T0 = 1_723_161_600 * 10**9


def trade(at: int, number: int, price: str = "10.5", symbol: str = "AAA", **more: object) -> str:
    told = {"e": "trade", "s": symbol, "t": number, "p": price, "q": "2", "m": True, **more}
    return event(at, told)


def quote(at: int, number: int, bid: str = "10", ask: str = "11") -> str:
    told = {"e": "bookTicker", "u": number, "s": "AAA", "b": bid, "B": "3", "a": ask, "A": "4"}
    return event(at, told)


def event(at: int, told: dict[str, object]) -> str:
    return f"{T0 + at} {json.dumps({'stream': 'x', 'data': told})}\n"


DEPTH = event(1, {"e": "depthUpdate", "s": "AAA", "U": 1, "u": 2, "b": [["10", "1"]], "a": []})
CSV = f"ts,symbol,price,volume\n{T0},AAA,0.1,1e-7\n{T0},AAA,0.1,2e-7\n"
GOOD = [quote(1, 5), DEPTH, trade(2, 7, E=1_723_161_600_000), trade(2, 8, "1e1"), quote(3, 6, "9")]


def read(*pieces: str | bytes, stream: TickStream | None = None) -> list[Tick]:
    stream = stream or TickStream("feed", (B, A))
    data = [p.encode() if isinstance(p, str) else p for p in pieces]
    ticks = [tick for piece in data for tick in stream.ticks(piece)]
    stream.end()
    return ticks


def text(ticks: Iterable[Tick]) -> str:
    """NaN equals itself here."""
    return "\n".join(map(str, ticks))


def test_tells_trades_and_quotes_with_what_is_known_after_each() -> None:
    ticks = read("".join(GOOD))
    assert text(ticks) == text(
        [
            Tick(T0 + 1, 0, 1, QUOTE, nan, 0.0, 10.0, 3.0, 11.0, 4.0, 0),
            Tick(T0 + 2, T0, 1, TRADE, 10.5, 2.0, 10.0, 3.0, 11.0, 4.0, -1),
            Tick(T0 + 2, 0, 1, TRADE, 10.0, 2.0, 10.0, 3.0, 11.0, 4.0, -1),
            Tick(T0 + 3, 0, 1, QUOTE, nan, 0.0, 9.0, 3.0, 11.0, 4.0, 0),
        ]
    )


@given(st.lists(st.integers(0, sum(map(len, GOOD)))))
def test_is_the_same_however_the_bytes_come(cuts: list[int]) -> None:
    whole = "".join(GOOD).encode()
    places = [0, *sorted(cuts), len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(places)]
    assert text(read(*pieces)) == text(read(whole))


@pytest.mark.parametrize(
    ("bad", "kind"),
    [
        ("hello\n", Kind.BAD_TIME),
        (f"{T0 + 2} {{\n", Kind.MALFORMED),
        (event(2, {"e": "trade", "s": "AAA"}), Kind.MALFORMED),
        (trade(2, 9, "nan"), Kind.BAD_PRICE),
        (trade(2, 9, "-1"), Kind.BAD_PRICE),
        (trade(2, 9, "1", q="0"), Kind.BAD_VOLUME),
        (trade(2, 9, symbol="CCC"), Kind.UNKNOWN_SYMBOL),
        (trade(2, 7), Kind.DUPLICATE),
        (trade(2, 6), Kind.OUT_OF_ORDER),
        (trade(0, 9), Kind.OUT_OF_ORDER),
        (quote(2, 9, "11"), Kind.LOCKED_QUOTE),
        (quote(2, 9, "12"), Kind.CROSSED_QUOTE),
        ("x" * 2 * LONGEST + "\n", Kind.MALFORMED),
    ],
)
def test_a_bad_line_is_told_and_the_stream_goes_on(bad: str, kind: Kind) -> None:
    stream = TickStream("feed", (B, A))
    before, after = [quote(1, 5), trade(2, 7)], [trade(3, 10)]
    lines = "".join([*before, bad, *after])
    pieces = [lines[at : at + 65536] for at in range(0, len(lines), 65536)]
    assert text(read(*pieces, stream=stream)) == text(read(*before, *after))
    (finding,) = stream.findings
    assert (finding.file, finding.line, finding.kind) == ("feed", 3, kind)
    assert stream.findings.dropped == 1
    assert stream.lines == 4


def test_a_stream_that_ends_in_a_line_makes_no_tick_of_it() -> None:
    stream = TickStream("feed", (B, A))
    assert len(read(GOOD[0], GOOD[2][:-1], stream=stream)) == 1
    (finding,) = stream.findings
    assert (finding.line, finding.kind) == (2, Kind.TRUNCATED)


def test_diffs_and_snapshots_are_counted_and_left_alone() -> None:
    stream = TickStream("feed", (B, A))
    snapshot = event(0, {"lastUpdateId": 1, "bids": [["10", "1"]], "asks": [["12", "1"]]})
    assert len(read(snapshot, *GOOD, stream=stream)) == 4
    assert stream.of_books == 2
    assert not stream.findings.counts


@pytest.mark.parametrize(
    "lines",
    [
        "ts,symbol,price,volume\n{0},AAA,10,2\n{0},BBB,11,3\n",
        "symbol,price,volume,timestamp,seq\r\nAAA,10,2,{0},1\r\nBBB,11,3,{0},1\r\n",
    ],
)
def test_reads_either_order_of_a_csv_file(lines: str) -> None:
    stream = TickStream("feed", (B, A))
    ticks = read("garbage\n", lines.format(T0), stream=stream)
    assert [(t.received, t.symbol, t.price, t.volume, t.side) for t in ticks] == [
        (T0, 1, 10.0, 2.0, 0),
        (T0, 0, 11.0, 3.0, 0),
    ]
    assert all(isnan(t.bid) for t in ticks)
    assert stream.findings.counts == {Kind.MALFORMED: 1}  # the line before the header


def test_takes_the_exchanges_names_and_the_arenas_own() -> None:
    names = {"aaa": str(A), "AAA": str(B), "ccc": "CCC"}
    stream = TickStream("feed", (A, B), names)
    told = [trade(n, n, symbol=name) for n, name in enumerate(("aaa", "AAA", "BBB", "ccc"), 1)]
    assert [t.symbol for t in read(*told, stream=stream)] == [0, 1, 1]
    assert stream.findings.counts == {Kind.UNKNOWN_SYMBOL: 1}


def test_a_csv_trade_told_twice_counts_once() -> None:
    header, row = "ts,symbol,price,volume\n", f"{T0},AAA,10,2\n"
    stream = TickStream("feed", (A,))
    assert len(read(header, row, row, f"{T0},AAA,10,3\n", stream=stream)) == 2
    assert stream.findings.counts == {Kind.DUPLICATE: 1}


def chunk(ticks: list[Tick]) -> Ticks:
    columns = zip(*ticks, strict=True)
    types = (np.int64, np.int64, np.int32, np.uint8, *[np.float64] * 6, np.int8)
    arrays = [np.array(c, t) for c, t in zip(columns, types, strict=True)]
    return Ticks((B, A), **dict(zip(COLUMNS, arrays, strict=True)))


@pytest.mark.parametrize("of", ["".join(GOOD), CSV])
def test_stored_ticks_are_played_as_what_is_read_as_the_same_ticks(of: str) -> None:
    ticks = read(of)
    again = b"".join(line for _, line in lines_of_ticks([chunk(ticks[:1]), chunk(ticks[1:])]))
    assert text(read(again)) == text(ticks)


class Clock:
    """Passes when somebody sleeps, and when somebody is slow to take what is sent."""

    def __init__(self) -> None:
        self.now = 0
        self.sent: list[tuple[int, bytes]] = []

    def sleep(self, seconds: float) -> None:
        self.now += round(seconds * 1e9)

    def send(self, lines: bytes) -> None:
        if lines:
            self.sent.append((self.now, lines))
            self.now += 4


@pytest.mark.parametrize(
    ("pace", "sent", "behind"),
    [
        (1.0, [(0, b"a"), (10, b"bc"), (30, b"d")], 0),
        (10.0, [(0, b"a"), (4, b"bcd")], 3),
        (None, [(0, b"abcd")], 0),
    ],
)
def test_lines_are_sent_when_they_are_due(
    pace: float | None, sent: list[tuple[int, bytes]], behind: int
) -> None:
    clock = Clock()
    lines = [(T0, b"a"), (T0 + 10, b"b"), (0, b"c"), (T0 + 30, b"d")]
    played = play(lines, clock.send, pace, lambda: clock.now, clock.sleep)
    assert clock.sent == sent
    assert (played.lines, played.size, played.behind) == (4, 4, behind)
