"""The kind `onnx`: a network scores what is on offer, and the best of it is held."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from aitrader_core.agents.agent import Terms
from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.onnx.features import LOOKBACK, NAMES, VERSION, features
from aitrader_core.agents.rules import Period
from aitrader_core.agents.sizing import begins, rebalance
from aitrader_core.domain.errors import ConfigError, InferenceError, LedgerError
from aitrader_core.domain.market import DAILY, MarketView, Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.inference.network import Network, read_network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import InferenceRunner, Signature
from aitrader_core.inference.runners import runners
from aitrader_core.simulation.desk import Desk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Scores = Mapping[Symbol, float]

METADATA = "aitrader.features"  # where a network says what features it was trained on
LISTED = 10  # scores that a transcript shows


@dataclass(frozen=True, slots=True)
class OnnxPolicy:
    """Holds the `top` symbols by score that score above `minimum`, in equal parts.

    `network` is one of configs/networks; at the first open of each period it scores every symbol
    on offer that has a past, by `features`. In an intraday arena these are of its bars.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    network: str
    top: Annotated[int, Field(ge=1)] = 2
    minimum: Annotated[float, Field(allow_inf_nan=False)] = 0.0
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
        return {**self.runner.info().told, "features": VERSION} if self.runner else {}

    def check(self, terms: Terms) -> None:  # noqa: ARG002 - it can trade on any
        """Raises ConfigError for a network that nothing can run here, or that was trained on other
        features."""
        try:
            runner = runners(RunnerOptions("ort-cpu")).of(self.network)
        except InferenceError as error:
            raise ConfigError(str(error)) from error
        _check_fit(self.network, runner.signature)

    def connected(self, connections: Connections) -> "PreparedPolicy":
        """With its network on the runner of this process. Raises as `check`, or InferenceError."""
        runner = connections.runners.of(self.network)
        _check_fit(self.network, runner.signature)
        return replace(self, runner=runner)

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
        if self.runner is None:
            raise LedgerError(f"{self.network.name} is not connected")  # a bug: run by no floor
        scores: list[float] = self.runner.predict(batch)[:, 0].tolist()
        return scores

    def trade(self, desk: Desk) -> Ending:
        if not (desk.is_first or begins(self.spec.every, desk.view)):
            return Ending.DONE
        scores, top = self.scores(desk.view), self.spec.top
        if not scores:
            desk.say(f"no score: nothing on offer has {LOOKBACK} bars behind it")
            return Ending.DONE
        ranked = sorted(scores, key=lambda s: (-scores[s], s))
        chosen = [s for s in ranked[:top] if scores[s] > self.spec.minimum]
        wanted = ", ".join(chosen) or f"nothing, none is above {self.spec.minimum:g}"
        desk.say(f"{self.network.name} scores {_listed(ranked, scores)}; wanted: {wanted}")
        rebalance(desk, {s: Decimal(1) / top for s in chosen})
        return Ending.DONE


def _listed(ranked: Sequence[Symbol], scores: Scores) -> str:
    listed = ", ".join(f"{s} {scores[s]:+.4f}" for s in ranked[:LISTED])
    rest = len(ranked) - LISTED
    return f"{listed} and {rest} more down to {scores[ranked[-1]]:+.4f}" if rest > 0 else listed


def _check_fit(network: Network, signature: Signature) -> None:
    trained = signature.metadata.get(METADATA)
    if trained != VERSION:
        told = f"features {trained}" if trained else f"features that it does not name ({METADATA})"
        raise ConfigError(
            f"{network.path} was trained on {told}, and is told {VERSION} here: train it again "
            "(aitrader models train), or trade it by a class of your own (kind: module:Class)"
        )
    if (signature.row, signature.width) != ((len(NAMES),), 1):
        taken = ", ".join(map(str, ("rows", *signature.row)))
        raise ConfigError(
            f"{network.path} makes [rows, {signature.width}] of [{taken}]; the features {VERSION} "
            f"are [rows, {len(NAMES)}], of which one score a row is wanted: train it again"
        )
