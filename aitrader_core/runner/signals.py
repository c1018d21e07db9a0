"""What a pattern model's engine says of a session, kept as Parquet beside the ticks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.signals import Located, Signal
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.runner.ticks import folder, kept_ticks

if TYPE_CHECKING:
    from aitrader_core.runner.floor import Floor

_NAME = b"aitrader.signals"


@dataclass(frozen=True, slots=True)
class KeptSignals:
    """`name` tells the ticks and the parameters that they come of."""

    name: str
    signals: Sequence[Located]


def pattern_models(floor: "Floor") -> dict[str, PatternTrader]:
    """The arena's models that trade on patterns, by name."""
    agents = {name: model.agent for name, model in floor.arena.models.items()}
    return {name: agent for name, agent in agents.items() if isinstance(agent, PatternTrader)}


def signals_of(floor: "Floor", patterns: PatternParameters, session: date) -> KeptSignals:
    """The signals of a session: those that are kept, or made now where there are none of these
    ticks.

    Models and backtests that look for the same patterns share them. MarketDataError where there
    are no ticks.
    """
    from aitrader_core.patterns.engine import Engine

    store, digest = kept_ticks(floor, session), patterns.digest
    name = f"{store.name(session)} {digest}"
    path = folder(floor, "signals") / session.isoformat() / f"{digest}.parquet"
    kept = _read(path, name)
    if kept is None:
        chunks = store.read(session)
        first = next(chunks)
        engine, before = Engine(patterns, first.symbols), 0
        kept = list[Located]()
        for chunk in chain([first], chunks):
            kept += [Located(before + at, signal) for at, signal in engine.located(chunk)]
            before += len(chunk)
        _write(path, name, kept)
    return KeptSignals(name, kept)


def _read(path: Path, name: str) -> list[Located] | None:
    """None for what is not there, can't be read, or was made of something else."""
    from pyarrow import ArrowException, parquet

    if not path.is_file():
        return None
    try:
        table = parquet.read_table(path)
    except ArrowException:
        return None  # torn: it is written again
    if (table.schema.metadata or {}).get(_NAME) != name.encode():
        return None
    return [_located(row) for row in table.to_pylist()]


def _located(row: dict[str, Any]) -> Located:
    tick, symbol = row.pop("tick"), Symbol(row.pop("symbol"))
    features = json.loads(row.pop("features"))
    return Located(tick, Signal(symbol=symbol, features=features, **row))


def _write(path: Path, name: str, signals: Sequence[Located]) -> None:
    """Whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    rows: list[dict[str, Any]] = [
        {
            "tick": located.tick,
            "number": (s := located.signal).number,
            "symbol": str(s.symbol),
            "at": s.at,
            "price": s.price,
            "score": s.score,
            "atr": s.atr,
            "features": json.dumps(dict(s.features)),
        }
        for located in signals
    ]
    columns = {"tick": pa.int64(), "number": pa.int64(), "symbol": pa.string(), "at": pa.int64()}
    columns |= {"price": pa.float64(), "score": pa.float64(), "atr": pa.float64()}
    schema = pa.schema(columns | {"features": pa.string()}, metadata={_NAME: name.encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    # one of its own: another run may be writing the same signals
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as half:
        parquet.write_table(pa.Table.from_pylist(rows, schema), half, compression="zstd")
    Path(half.name).replace(path)
