"""What networks say of daily sessions: read where it is stored, else asked in one batch and kept.

A walk trades on it. Whoever makes a stored day again asks the network itself, and so finds a
stored score that is wrong.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING

from aitrader_core.agents.onnx.features import VERSION
from aitrader_core.agents.onnx.policy import PreparedPolicy
from aitrader_core.agents.sizing import starts
from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.market import DAILY, MarketView
from aitrader_core.inference.runner import RunnerInfo
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.model_day import Trader
from aitrader_core.simulation.tape import Playhead, Tape
from aitrader_core.storage.predictions import Prediction, Predictions, Scorer, Scores

if TYPE_CHECKING:
    from aitrader_core.runner.floor import Floor

AT_ONCE = 2_520  # sessions of one batch: ten years


@dataclass(frozen=True, slots=True)
class Predicted:
    """The scores of each session that could be scored, oldest first.

    `made` are those that the network was asked for just now, which took `seconds`. `ended` says
    why there are none from some session on.
    """

    scores: dict[date, Scores]
    made: tuple[date, ...]
    seconds: float
    info: RunnerInfo
    ended: str | None

    @property
    def rows(self) -> int:
        """Scores of single symbols."""
        return sum(map(len, self.scores.values()))


def onnx_models(arena: Arena) -> dict[str, PreparedPolicy]:
    """The arena's models that trade by what a network says of a daily session, by name."""
    if arena.is_intraday:
        return {}
    agents = {name: model.agent for name, model in arena.models.items()}
    return {name: agent for name, agent in agents.items() if isinstance(agent, PreparedPolicy)}


def predictions_of(
    floor: "Floor", policy: PreparedPolicy, sessions: Sequence[date], tape: Tape | None = None
) -> Predicted:
    """What `policy`, which is connected, scores at the open of each of `sessions`, oldest first.

    It ends before a session that can't be traded; the model-day says so itself. InferenceError
    where the network can't be asked.
    """
    from aitrader_core.agents.onnx.batch import score_sessions

    assert policy.runner is not None
    tape = tape or floor.tape(sessions[0], sessions[-1])
    scorer = Scorer(policy.runner.info(), VERSION)
    store = Predictions(floor.engine, floor.arena.market)
    keys = {s: scorer.key(tape.prices[s], tape.opens.get((s, DAILY), ())) for s in sessions}
    found = store.known(keys)
    missing = [session for session in sessions if session not in found]
    began, made, ended = perf_counter(), list[date](), None
    for at in range(0, len(missing), AT_ONCE):
        views = _Views(tape, missing[at : at + AT_ONCE])
        asked = score_sessions(policy, iter(views))
        told = {s: scores for s, scores in asked.items() if all(map(isfinite, scores.values()))}
        store.keep(scorer, [Prediction(s, keys[s], tape.prices[s], told[s]) for s in told])
        found |= told
        made += told
        if (ended := views.ended) is not None:
            break
    scores = {session: found[session] for session in sessions if session in found}
    return Predicted(scores, tuple(made), perf_counter() - began, scorer.info, ended)


def with_predictions(
    floor: "Floor", trader: Trader, tape: Tape, sessions: Sequence[date]
) -> Trader:
    """`trader`, who need not ask of those of `sessions` on which it will; most traders as is."""
    policy = trader.agent
    if floor.arena.is_intraday or not isinstance(policy, PreparedPolicy):
        return trader
    befores = {later: before for before, later in pairwise(tape.sessions)}
    ahead = (s for s in sessions if starts(policy.spec.every, befores.get(s), s))
    asked = [session for session, _ in zip(ahead, range(AT_ONCE), strict=False)]
    if not asked:
        return trader
    known = predictions_of(floor, policy, asked, tape).scores
    return replace(trader, agent=policy.knowing(known))


class _Views:
    """Those of some sessions, each at its open, up to one that can't be traded."""

    def __init__(self, tape: Tape, sessions: Sequence[date]) -> None:
        self._tape, self._sessions = tape, sessions
        self.ended: str | None = None

    def __iter__(self) -> Iterator[MarketView]:
        first, last = self._sessions[0], self._sessions[-1]
        playhead, wanted = Playhead(self._tape, first), set(self._sessions)
        for session in self._tape.sessions:
            if first <= session <= last:
                try:
                    view = playhead.advance()
                except MarketDataError as error:
                    self.ended = str(error)
                    return
                if session in wanted:
                    yield view
