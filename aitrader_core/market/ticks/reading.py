"""Files of ticks, read and checked, as one recording."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from aitrader_core.domain.errors import TickFileError
from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.binance import place_snapshots, read_binance
from aitrader_core.market.ticks.checks import checked_stream, checked_trades
from aitrader_core.market.ticks.csv_files import read_csv
from aitrader_core.market.ticks.gathering import Gathered
from aitrader_core.market.ticks.lines import is_csv
from aitrader_core.market.ticks.recording import Recording


def read_streams(
    files: Iterable[Path], symbols: Iterable[Symbol] = (), names: Mapping[str, str] | None = None
) -> Recording:
    """Binance recordings, the older file first. TickFileError for one that can't be read.

    Without `symbols` all are taken; `names` are the arena's for the exchange's.
    """
    gathered = Gathered(tuple(symbols), names or {})
    for file in files:
        read_binance(file, gathered)
    recording = gathered.recording()
    return checked_stream(recording, gathered.whole & place_snapshots(recording))


def read_trades(
    files: Iterable[Path], symbols: Iterable[Symbol] = (), names: Mapping[str, str] | None = None
) -> Recording:
    """CSV files of trades, likewise."""
    gathered = Gathered(tuple(symbols), names or {})
    for file in files:
        read_csv(file, gathered)
    recording = gathered.recording()
    return checked_trades(recording, gathered.whole)


def read_files(
    files: Sequence[Path], symbols: Iterable[Symbol] = (), names: Mapping[str, str] | None = None
) -> Recording:
    """Of either kind, told apart by their names; TickFileError for both at once."""
    kinds = {is_csv(file) for file in files}
    if len(kinds) > 1:
        raise TickFileError("some of the files are CSV, others recordings: read them apart")
    return (read_trades if kinds == {True} else read_streams)(files, symbols, names)
