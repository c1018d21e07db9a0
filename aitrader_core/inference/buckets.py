"""Batches on a device: cut into pieces, each padded to a size that the device is ready for."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from aitrader_core.inference.options import RunnerOptions

BEST = 64  # rows: what an engine is made best for, where no bucket says otherwise


def pieces(rows: int, buckets: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """First row, end and bucket of each piece: as many of the largest bucket as are full, and the
    rest in the smallest that holds it. `buckets` rise."""
    largest = buckets[-1]
    first = 0
    while rows - first > largest:
        yield first, first + largest, largest
        first += largest
    if first < rows:
        yield first, rows, buckets[bisect_left(buckets, rows - first)]


def profile(options: RunnerOptions) -> tuple[int, int, int]:
    """Rows of the smallest batch that a device is given, of that it is made best for, and of the
    largest."""
    if not options.buckets:
        return 1, min(BEST, options.most_rows), options.most_rows
    return options.buckets[0], options.buckets[len(options.buckets) // 2], options.buckets[-1]
