"""The kind `onnx`: a network scores what is on offer, and the best of it is held."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.onnx.features import LOOKBACK, VERSION, features
from aitrader_core.agents.rules import Period
from aitrader_core.agents.sizing import begins, rebalance
from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.market import DAILY, MarketView, Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.inference.network import Network, read_network
from aitrader_core.inference.runner import InferenceRunner
from aitrader_core.simulation.desk import Desk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Scores = Mapping[Symbol, float]


@dataclass(frozen=True, slots=True)
class OnnxPolicy:
    """Holds the `top` symbols by score that score above `minimum`, in equal parts.

    `network` is one of configs/networks; it scores each symbol's features at the open.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    network: str
    top: Annotated[int, Field(ge=1)] = 2
    minimum: float = 0.0
    every: Period = "week"

    lookback: ClassVar[int] = LOOKBACK

    def prepared(
        self, config_dir: Path, environment: Mapping[str, str], symbols: Iterable[Symbol]
    ) -> "PreparedPolicy":
        """With its network read. Raises ConfigError."""
        del environment, symbols
        return PreparedPolicy(self, read_network(config_dir, self.network))

    def trade(self, desk: Desk) -> Ending:  # noqa: ARG002
        raise LedgerError(f"{self.network} is not prepared")  # a bug of ours: run by no arena


@dataclass(frozen=True)
class PreparedPolicy:
    """A policy as it stands in its arena.

    `known` are scores of sessions that its network has given already, to the same features.
    """

    spec: OnnxPolicy
    network: Network
    runner: InferenceRunner | None = None
    known: Mapping[date, Scores] = field(default_factory=dict)

    lookback: ClassVar[int] = LOOKBACK

    @property
    def fingerprint(self) -> str:
        """Of what decides besides the configuration file itself."""
        return f"{VERSION} {self.network.digest}"

    @property
    def made_of(self) -> Mapping[str, str]:
        return self.runner.info().told if self.runner else {}

    def connected(self, connections: Connections) -> "PreparedPolicy":
        """With its network on the runner of this process."""
        return replace(self, runner=connections.runners.of(self.network))

    def knowing(self, scores: Mapping[date, Scores]) -> "PreparedPolicy":
        """The same, which need not ask again of these sessions."""
        return replace(self, known=scores)

    def scores(self, view: MarketView) -> Scores:
        """Of every symbol that has a past: known already, or asked of the network now."""
        if view.at == DAILY and (known := self.known.get(view.session)) is not None:
            return known
        symbols, batch = features(view)
        return dict(zip(symbols, self.asked(batch), strict=True)) if symbols else {}

    def asked(self, batch: "NDArray[np.float32]") -> list[float]:
        """The network's score of each row of features."""
        assert self.runner is not None
        scores: list[float] = self.runner.predict(batch)[:, 0].tolist()
        return scores

    def trade(self, desk: Desk) -> Ending:
        if not (desk.is_first or begins(self.spec.every, desk.view)):
            return Ending.DONE
        scores = self.scores(desk.view)
        ranked = sorted(scores, key=lambda s: (-scores[s], s))
        chosen = [s for s in ranked[: self.spec.top] if scores[s] > self.spec.minimum]
        told = ", ".join(f"{s} {scores[s]:+.4f}" for s in ranked)
        desk.say(f"{self.spec.network} scores {told or 'nothing yet'}")
        rebalance(desk, {s: Decimal(1) / self.spec.top for s in chosen})
        return Ending.DONE
