"""Columns of numbers to and from Parquet, without a detour."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aitrader_core.market.ticks.numbers import flat_array
from aitrader_core.market.ticks.recording import (
    EVENT_COLUMNS,
    EVENT_DTYPES,
    LEVEL_COLUMNS,
    Events,
    Levels,
    Recording,
)
from aitrader_core.simulation.ticks import COLUMNS, Ticks

TICK_DTYPES: Mapping[str, type[np.generic]] = {
    **dict.fromkeys(COLUMNS, np.float64),
    **dict.fromkeys(("received", "exchange"), np.int64),
    "symbol": np.int32,
    "kind": np.uint8,
    "side": np.int8,
}
_LEVEL_DTYPES: Mapping[str, type[np.generic]] = {
    name: np.int8 if name.endswith("decimals") else np.int64 for name in LEVEL_COLUMNS
}
_EVENT_FIELDS = [name for name in EVENT_COLUMNS if name not in ("start", "asks")]


def tick_table(ticks: Ticks) -> Any:
    columns = zip(COLUMNS, ticks.columns, strict=True)
    return pa.table([_arrow(column, TICK_DTYPES[name]) for name, column in columns], tick_schema())


def tick_schema() -> Any:
    return pa.schema([pa.field(n, _type(TICK_DTYPES[n]), nullable=False) for n in COLUMNS])


def ticks_of(table: Any, symbols: tuple[Any, ...]) -> Ticks:
    return Ticks(symbols, *(_column(table, name, TICK_DTYPES[name]) for name in COLUMNS))


def joined(chunks: list[Ticks]) -> Ticks:
    """Chunks of one stream as one."""
    if len(chunks) == 1:
        return chunks[0]
    columns = zip(*(chunk.columns for chunk in chunks), strict=True)
    return Ticks(chunks[0].symbols, *map(np.concatenate, columns))


def event_table(recording: Recording) -> Any:
    """A row for each event, its levels in a list: bids first, as many as `bids` says."""
    packed = recording.packed()
    events, levels = packed.events, packed.levels
    structs = pa.StructArray.from_arrays(
        [_arrow(getattr(levels, name), dtype) for name, dtype in _LEVEL_DTYPES.items()],
        names=list(_LEVEL_DTYPES),
    )
    ends = np.append(events.start, len(levels))
    columns = [_arrow(getattr(events, name), EVENT_DTYPES[name]) for name in _EVENT_FIELDS]
    columns.append(pa.LargeListArray.from_arrays(_arrow(ends, np.int64), structs))
    return pa.table(columns, names=[*_EVENT_FIELDS, "levels"])


def events_of(table: Any) -> tuple[Events, Levels]:
    lists = _whole(table.column("levels"))
    structs = lists.flatten()
    levels = {name: flat_array(structs.field(name), dtype) for name, dtype in _LEVEL_DTYPES.items()}
    start = flat_array(lists.offsets, np.int64)
    columns = {name: _column(table, name, EVENT_DTYPES[name]) for name in _EVENT_FIELDS}
    asks = (np.diff(start) - columns["bids"]).astype(np.int32)
    return Events(**columns, asks=asks, start=start[:-1] - start[0]), Levels(**levels)


def _arrow(column: NDArray[Any], dtype: type[np.generic]) -> Any:
    contiguous = np.ascontiguousarray(column, dtype)
    return pa.Array.from_buffers(_type(dtype), len(column), [None, pa.py_buffer(contiguous)])


def _column(table: Any, name: str, dtype: type[np.generic]) -> NDArray[Any]:
    return flat_array(_whole(table.column(name)), dtype)


def _whole(column: Any) -> Any:
    found = column.combine_chunks()
    return found.chunk(0) if isinstance(found, pa.ChunkedArray) else found


def _type(dtype: type[np.generic]) -> Any:
    return pa.from_numpy_dtype(np.dtype(dtype))


def chunked(ticks: Iterable[Ticks], rows: int) -> Iterable[Ticks]:
    """The same ticks in chunks of `rows`, but for the last one."""
    held: list[Ticks] = []
    count = 0
    for chunk in ticks:
        held.append(chunk)
        count += len(chunk)
        if count >= rows:
            whole, at = joined(held), 0
            while count - at >= rows:
                yield whole[at : at + rows]
                at += rows
            held, count = [whole[at:]], count - at
    if count:
        yield joined(held)
