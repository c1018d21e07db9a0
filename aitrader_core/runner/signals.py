"""What a pattern model's engine says of a session, kept as Parquet beside the ticks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.signals import Signal
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.runner.ticks import folder, kept_ticks

if TYPE_CHECKING:
    from aitrader_core.runner.floor import Floor

_NAME = b"aitrader.signals"


@dataclass(frozen=True, slots=True)
class KeptSignals:
    """`name` tells the ticks and the parameters that they come of."""

    model: str
    session: date
    name: str
    signals: Sequence[Signal]


def pattern_models(floor: "Floor") -> dict[str, PatternTrader]:
    """The arena's models that trade on patterns, by name."""
    agents = {name: model.agent for name, model in floor.arena.models.items()}
    return {name: agent for name, agent in agents.items() if isinstance(agent, PatternTrader)}


def signals_of(floor: "Floor", model: str, session: date) -> KeptSignals:
    """The signals of a session: those that are kept, or made now if they are of other ticks or
    other parameters.

    ConfigError for a model that trades on no patterns, MarketDataError where there are no ticks.
    """
    from aitrader_core.patterns.engine import Engine

    agent = pattern_models(floor).get(model)
    if agent is None:
        raise ConfigError(f"{model} of the {floor.arena.market} arena trades on no patterns")
    store = kept_ticks(floor, session)
    name = f"{store.name(session)} {agent.patterns.digest}"
    path = folder(floor, "signals") / session.isoformat() / f"{model}.parquet"
    kept = _read(path, name)
    if kept is None:
        chunks = store.read(session)
        first = next(chunks)
        engine = Engine(agent.patterns, first.symbols)
        kept = engine.run(first)
        for chunk in chunks:
            kept += engine.run(chunk)
        _write(path, name, kept)
    return KeptSignals(model, session, name, kept)


def _read(path: Path, name: str) -> list[Signal] | None:
    """None for what is not there, or was made of something else."""
    from pyarrow import parquet

    if not path.is_file():
        return None
    table = parquet.read_table(path)
    if (table.schema.metadata or {}).get(_NAME) != name.encode():
        return None
    return [
        Signal(**{**row, "symbol": Symbol(row["symbol"]), "features": json.loads(row["features"])})
        for row in table.to_pylist()
    ]


def _write(path: Path, name: str, signals: Sequence[Signal]) -> None:
    """Whole or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    rows: list[dict[str, Any]] = [
        {
            "number": s.number,
            "symbol": str(s.symbol),
            "at": s.at,
            "price": s.price,
            "score": s.score,
            "atr": s.atr,
            "features": json.dumps(dict(s.features)),
        }
        for s in signals
    ]
    columns = {"number": pa.int64(), "symbol": pa.string(), "at": pa.int64()}
    columns |= {"price": pa.float64(), "score": pa.float64(), "atr": pa.float64()}
    schema = pa.schema(columns | {"features": pa.string()}, metadata={_NAME: name.encode()})
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    parquet.write_table(pa.Table.from_pylist(rows, schema), half, compression="zstd")
    half.replace(path)
