"""Mistakes that let features see what comes later, each made on purpose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.onnx.policy import PreparedPolicy
from aitrader_core.domain.market import DAILY, MarketView
from aitrader_core.domain.model_day import Ending
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Playhead, Tape

Peep = Callable[[Tape, MarketView], MarketView]


def one_bar_late(tape: Tape, view: MarketView) -> MarketView:
    """The bars up to today's own close, as of an index that is off by one."""
    if view.session == tape.sessions[-1]:
        return view
    playhead = Playhead(tape, view.session)
    playhead.advance()
    return replace(playhead.advance(), session=view.session, opens=view.opens)


def close_for_open(tape: Tape, view: MarketView) -> MarketView:
    """The gap reckoned to today's close."""
    closes = {s: bar.close or bar.open for s, bar in tape.bars[view.session, DAILY].items()}
    return replace(view, opens=closes)


LEAKS: Mapping[str, Peep] = {"one bar late": one_bar_late, "close for open": close_for_open}


@dataclass(frozen=True)
class Leak:
    """A policy whose features are of another view than the one that it was given."""

    policy: PreparedPolicy
    peep: Peep

    def connected(self, connections: Connections) -> "Leak":
        return replace(self, policy=self.policy.connected(connections))

    def trade(self, desk: Desk) -> Ending:
        seen = self.peep(cast(Any, desk)._venue._tape, desk.view)
        known = {desk.view.session: self.policy.scores(seen)}
        return self.policy.knowing(known).trade(desk)
