"""Batches cut into pieces for the buckets of a device."""

from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.inference.buckets import pieces, profile
from aitrader_core.inference.options import RunnerOptions

BUCKETS = (1, 8, 64, 512, 4096)
rising = st.lists(st.integers(1, 200), min_size=1, max_size=5, unique=True).map(sorted)


def test_a_batch_goes_into_the_smallest_bucket_that_holds_it() -> None:
    assert list(pieces(1, BUCKETS)) == [(0, 1, 1)]
    assert list(pieces(2, BUCKETS)) == [(0, 2, 8)]
    assert list(pieces(4096, BUCKETS)) == [(0, 4096, 4096)]


def test_one_that_none_holds_is_cut() -> None:
    wanted = [(0, 4096, 4096), (4096, 8192, 4096), (8192, 8201, 64)]
    assert list(pieces(8201, BUCKETS)) == wanted
    assert list(pieces(8192, BUCKETS)) == wanted[:2]


@given(st.integers(1, 5_000), rising)
def test_every_row_is_in_one_piece_and_only_the_last_is_padded(
    rows: int, buckets: list[int]
) -> None:
    cut = list(pieces(rows, buckets))
    assert [first for first, _, _ in cut] == [0, *(end for _, end, _ in cut[:-1])]
    assert cut[-1][1] == rows
    assert all(end - first == bucket == buckets[-1] for first, end, bucket in cut[:-1])
    first, end, last = cut[-1]
    assert last == min(bucket for bucket in buckets if bucket >= end - first)


def test_the_profile_is_that_of_the_buckets_or_of_the_largest_batch() -> None:
    assert profile(RunnerOptions()) == (1, 64, 4096)
    assert profile(RunnerOptions(buckets=(16,))) == (16, 16, 16)
    assert profile(RunnerOptions(buckets=(), most_rows=10)) == (1, 10, 10)
