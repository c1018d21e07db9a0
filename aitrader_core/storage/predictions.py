"""What networks said of daily sessions, as it is kept: never the only copy of anything."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Engine, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from aitrader_core.domain.market import Symbol
from aitrader_core.inference.runner import RunnerInfo
from aitrader_core.storage.database import for_reading
from aitrader_core.storage.schema import predictions

Scores = Mapping[Symbol, float]


@dataclass(frozen=True, slots=True)
class Scorer:
    """Who scores: a network on what runs it, told `features` (their version)."""

    info: RunnerInfo
    features: str

    def key(self, prices: str, symbols: Iterable[Symbol]) -> str:
        """Of its scores of `symbols` by `prices`: what has it as well is the same to the bit.

        Who was asked for does not count, nor what the network is called.
        """
        info = self.info
        who = [info.digest, self.features, info.actual, info.precision, info.device, info.engine]
        content = json.dumps([*who, sorted(info.versions.items()), prices, sorted(symbols)])
        return hashlib.sha256(content.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The scores of one session; `key` and `prices` say of what."""

    session: date
    key: str
    prices: str
    scores: Scores


class Predictions:
    """Those of one market."""

    def __init__(self, engine: Engine, market: str) -> None:
        self._engine = engine
        self._market = market

    def known(self, keys: Mapping[date, str]) -> dict[date, Scores]:
        """Of these sessions, each by its key; those that are not stored are absent."""
        if not keys:
            return {}
        asked = literal(sorted(set(keys.values())), ARRAY(Text))
        columns = predictions.c.session, predictions.c.key, predictions.c.scores
        query = select(*columns).where(
            predictions.c.market == self._market,
            predictions.c.session.between(min(keys), max(keys)),
            predictions.c.key == any_(asked),
        )
        with for_reading(self._engine).connect() as connection:
            rows = connection.execute(query)
            return {session: told for session, key, told in rows if keys.get(session) == key}

    def keep(self, scorer: Scorer, made: Sequence[Prediction]) -> None:
        """All of them, or none; what is stored already stays as it is."""
        if not made:
            return
        rows = [self._row(scorer, prediction) for prediction in made]
        with self._engine.begin() as connection:
            connection.execute(insert(predictions).on_conflict_do_nothing(), rows)

    def _row(self, scorer: Scorer, made: Prediction) -> dict[str, Any]:
        info = scorer.info
        return {
            "market": self._market,
            "session": made.session,
            "key": made.key,
            "network": info.network,
            "digest": info.digest,
            "features": scorer.features,
            "backend": info.actual,
            "precision": info.precision,
            "prices": made.prices,
            "scores": dict(made.scores),
            "made_of": dict(info.told),
        }
