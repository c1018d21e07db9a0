"""A policy of one's own, with features of its own: what docs tell a user to write."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import yaml

from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.sizing import rebalance
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.inference.network import Network, read_network
from aitrader_core.inference.runner import InferenceRunner
from aitrader_core.runner.arena import load_arena
from aitrader_core.simulation.desk import Desk
from tests.networks import add_network, linear
from tests.simulation.tapes import A, B, run_days, tape_of, weekdays


@dataclass(frozen=True)
class Reversal:
    """Its configuration: the fields are the keys of its file."""

    network: str

    def prepared(
        self,
        config_dir: Path,
        environment: Mapping[str, str],  # noqa: ARG002
        symbols: Iterable[Symbol],  # noqa: ARG002
    ) -> "PreparedReversal":
        return PreparedReversal(read_network(config_dir, self.network))

    def trade(self, desk: Desk) -> Ending:
        raise NotImplementedError


@dataclass(frozen=True)
class PreparedReversal:
    """All in what the network likes best, by yesterday's return alone."""

    network: Network
    runner: InferenceRunner | None = None

    @property
    def fingerprint(self) -> str:
        return self.network.digest

    @property
    def made_of(self) -> Mapping[str, str]:
        return self.runner.info().told if self.runner else {}

    def connected(self, connections: Connections) -> "PreparedReversal":
        return replace(self, runner=connections.runners.of(self.network))

    def trade(self, desk: Desk) -> Ending:
        assert self.runner is not None
        closes = {s: desk.view.closes(s, 2) for s in desk.view.symbols}
        returns = {s: float(c[1] / c[0]) - 1 for s, c in closes.items() if len(c) == 2}
        if returns:
            rows = np.array([[r] for r in returns.values()], np.float32)
            scores = dict(zip(returns, self.runner.predict(rows)[:, 0].tolist(), strict=True))
            rebalance(desk, {max(scores, key=scores.__getitem__): Decimal(1)})
        return Ending.DONE


def test_it_trades_by_a_network_of_its_own(config_dir: Path) -> None:
    add_network(config_dir, linear("fallen", [-1.0], width=1, version="yesterday"))
    spec = {"kind": f"{Reversal.__module__}:Reversal", "network": "fallen"}
    (config_dir / "models" / "momentum.yaml").write_text(yaml.safe_dump(spec))
    trader = load_arena(config_dir, "us").trader("momentum", Connections("us", "momentum"))
    assert trader.made_of["network"].startswith("fallen ")
    tape = tape_of({A: "10 12 12 12", B: "10 10 20 20"})
    days = run_days(trader.agent, tape, weekdays(1)[0], 4)
    held = [{s: int(q) for s, q in day.closing.positions.items()} for day in days]
    assert held == [{}, {}, {B: 500}, {A: 833}]
