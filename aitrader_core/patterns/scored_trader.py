"""A pattern model that a network has a say in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.market import Symbol
from aitrader_core.inference.network import Network
from aitrader_core.inference.runner import InferenceRunner
from aitrader_core.inference.runners import Runners
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.patterns.shown import VERSION

if TYPE_CHECKING:  # numpy is for those who have a network to run
    from aitrader_core.patterns.scorer import Scorer


class HasRunners(Protocol):
    """What a model is given by whoever runs it, as far as it concerns us."""

    @property
    def runners(self) -> Runners: ...


@dataclass(frozen=True, kw_only=True)
class ScoredTrader(PatternTrader):
    """A pattern trader as it stands in its arena, with the network that its `score` names."""

    network: Network
    runner: InferenceRunner | None = None

    @property
    def fingerprint(self) -> str:
        """Of what decides besides the configuration file itself."""
        return f"{VERSION} {self.network.digest}"

    @property
    def made_of(self) -> Mapping[str, str]:
        return {**super().made_of, **(self.runner.info().told if self.runner else {})}

    def connected(self, connections: HasRunners) -> "ScoredTrader":
        """With its network on the runner of this process. InferenceError says why it can't be."""
        from aitrader_core.patterns.scorer import check

        runner = connections.runners.of(self.network)
        check(runner)
        return replace(self, runner=runner)

    def scorer(self, symbols: tuple[Symbol, ...]) -> "Scorer":
        from aitrader_core.patterns.scorer import Scorer

        if self.runner is None:
            raise LedgerError(f"{self.score} is not connected")  # a bug of ours
        return Scorer(self.runner, symbols)
