"""Our replay of the stream, in a process of its own as the peers': prints one line of JSON.

It is the pattern engine alone, all seven patterns of it, as a session drives it.
"""

from collections.abc import Iterator

from aitrader_core import __version__
from aitrader_core.patterns.engine import Engine
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.simulation.ticks import COLUMNS, NEVER, Chunks, Ticks, no_watch
from benchmarks.peers.replay import Columns, Replay, main
from benchmarks.replay.stream import SYMBOL

AT_ONCE = 250_000  # ticks of a chunk


def ours(chunks: Chunks) -> int:
    """Returns how many signals there were."""
    symbols, signals = (SYMBOL,), 0
    running, watch = Engine(PatternParameters(), symbols), no_watch(len(symbols))
    for ticks in chunks():
        at = 0
        while at < len(ticks):
            step = running.advance(ticks, at, NEVER, watch)
            at, signals = step.next, signals + (step.signal is not None)
    return signals


def chunks_of(columns: Columns) -> Chunks:
    ticks = Ticks((SYMBOL,), *(columns[name] for name in COLUMNS))
    parts = [ticks[start : start + AT_ONCE] for start in range(0, len(ticks), AT_ONCE)]

    def chunks() -> Iterator[Ticks]:
        return iter(parts)

    return chunks


def _prepare(columns: Columns) -> Replay:
    """With what is compiled on first use already compiled."""
    chunks = chunks_of(columns)
    ours(chunks_of({name: column[:1_000] for name, column in columns.items()}))
    return lambda: ours(chunks)


if __name__ == "__main__":
    main(__version__, {"session": _prepare})
