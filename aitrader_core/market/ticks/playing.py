"""A recording played as a stream of lines: at the pace of its receive times, or faster."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from aitrader_core.domain.errors import TickFileError
from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.csv_files import columns_of, row_of
from aitrader_core.market.ticks.gathering import Bad
from aitrader_core.market.ticks.lines import Tell, is_csv, lines_of
from aitrader_core.simulation.ticks import QUOTE, Tick, Ticks

BLOCK = 1 << 16  # bytes that are sent at once where nothing has to wait

Line = tuple[int, bytes]  # when it is due, in ns since 1970 UTC (0: with the one before), itself


@dataclass(frozen=True, slots=True)
class Played:
    """`behind` is the most, in ns, that a line was sent after it was due."""

    lines: int
    size: int  # bytes
    behind: int


def play(
    lines: Iterable[Line],
    send: Callable[[bytes], object],
    pace: float | None,
    clock: Callable[[], int],
    sleep: Callable[[float], None],
) -> Played:
    """`send` each line when it is due; one that takes its time makes those after it wait.

    `pace` is how many times faster than recorded, None as fast as it is taken. `clock` is in ns.
    """
    waiting: list[bytes] = []
    number = size = held = behind = began = first = 0
    for due, line in lines:
        if pace is not None and due:
            if not first:
                first, began = due, clock()
            at = began + int((due - first) / pace)
            if (early := at - clock()) > 0:
                send(b"".join(waiting))
                waiting, held = [], 0
                if (early := at - clock()) > 0:
                    sleep(early / 1e9)
            behind = max(behind, clock() - at)
        waiting.append(line)
        held += len(line)
        number, size = number + 1, size + len(line)
        if held >= BLOCK:
            send(b"".join(waiting))
            waiting, held = [], 0
    send(b"".join(waiting))
    return Played(number, size, behind)


def lines_of_file(path: Path, tell: Tell) -> Iterator[Line]:
    """As they stand in a recording or a CSV file, packed or plain; `tell` hears of a torn one.

    TickFileError for a file that can't be read at all.
    """
    lines = lines_of(path, tell)
    return _of_csv(path, lines) if is_csv(path) else _stamped(lines)


def _stamped(lines: Iterable[tuple[int, bytes]]) -> Iterator[Line]:
    for _, line in lines:
        stamp = line.partition(b" ")[0]
        yield int(stamp) if stamp.isdigit() else 0, line + b"\n"


def _of_csv(path: Path, lines: Iterator[tuple[int, bytes]]) -> Iterator[Line]:
    header = next(lines)[1]
    try:
        columns = columns_of(row_of(header))
    except Bad as bad:
        raise TickFileError(f"{path}:1: {bad.sentence}") from bad
    yield 0, header + b"\n"
    for _, line in lines:
        try:
            due = columns.received(row_of(line))
        except Bad:
            due = 0  # whoever reads it will say what is wrong
        yield due, line + b"\n"


def lines_of_ticks(chunks: Iterable[Ticks]) -> Iterator[Line]:
    """Stored ticks, in words that are read as the same ticks again.

    Ticks that tell neither quotes nor who took are those of a CSV file, and become one.
    """
    rest = iter(chunks)
    first = next(rest, None)
    if first is None:
        return
    chunks = chain((first,), rest)
    if not (first.kind == QUOTE).any() and not first.side.any():
        yield 0, b"ts,symbol,price,volume,seq\n"
        write = _as_csv
    else:
        write = _as_event
    numbers = count(1)
    for chunk in chunks:
        for number, tick in zip(numbers, chunk, strict=False):
            yield tick.received, write(tick, chunk.symbols[tick.symbol], number).encode()


def _as_csv(tick: Tick, symbol: Symbol, number: int) -> str:
    return f"{tick.received},{symbol},{tick.price!r},{tick.volume!r},{number}\n"


def _as_event(tick: Tick, symbol: Symbol, number: int) -> str:
    ms = tick.exchange // 1_000_000
    time = f'"E":{ms},"T":{ms},' if ms else ""
    if tick.kind == QUOTE:
        told = (
            f'"e":"bookTicker",{time}"u":{number},"s":"{symbol}","b":"{tick.bid!r}",'
            f'"B":"{tick.bid_size!r}","a":"{tick.ask!r}","A":"{tick.ask_size!r}"'
        )
    else:
        maker = "true" if tick.side < 0 else "false"
        told = (
            f'"e":"trade",{time}"s":"{symbol}","t":{number},"p":"{tick.price!r}",'
            f'"q":"{tick.volume!r}","m":{maker}'
        )
    return f'{tick.received} {{"data":{{{told}}}}}\n'
