"""Model-days a second of a policy that trades by a network, from bars to full records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.onnx.batch import score_sessions
from aitrader_core.agents.onnx.policy import OnnxPolicy, PreparedPolicy
from aitrader_core.agents.rules import Momentum, Period
from aitrader_core.agents.sizing import begins
from aitrader_core.domain.market import MarketView
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.domain.risk import TradingRules
from aitrader_core.inference.network import read_network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runners import runners
from aitrader_core.market.bundled import history
from aitrader_core.market.calendar import load_calendar
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.runner.settings import project_root
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.tape import Playhead, Tape
from aitrader_core.simulation.venue import SimulatedVenue
from benchmarks.line import Line, rate
from benchmarks.rules.workload import random_walk
from benchmarks.timing import Contestant, Timed, take_turns

NAME = "onnx-policy"
AIM = 5_000
NETWORK = "daily_mlp"
SEED = 7
DEPTH = 252  # bars that a view shows
QUICK = 252  # sessions

Days = list[ModelDay]


@dataclass(frozen=True)
class Work:
    """A market and who trades it: the best `top` by a network's score, or by momentum."""

    name: str
    tape: Tape
    top: int
    every: Period
    cash: int

    @property
    def policy(self) -> PreparedPolicy:
        network = read_network(project_root() / "configs", NETWORK)
        runner = runners(RunnerOptions("ort-cpu")).of(network)
        return PreparedPolicy(OnnxPolicy(NETWORK, self.top, every=self.every), network, runner)

    def views(self) -> Iterator[MarketView]:
        """Of the sessions that the policy trades on."""
        playhead = Playhead(self.tape, self.tape.sessions[0])
        for _ in self.tape.sessions:
            view = playhead.advance()
            if begins(self.every, view):
                yield view

    def days(self, agent: Agent) -> Days:
        """Of every session."""
        trader = Trader("benchmark", "model", agent, TradingRules(), "")
        venue = SimulatedVenue(self.tape, CostProfile(), self.tape.sessions[0])
        opening, days = Opening.with_cash(Decimal(self.cash)), Days()
        for _ in self.tape.sessions:
            days.append(run_model_day(trader, venue, opening))
            opening = days[-1].as_opening
        return days


def run(*, quick: bool) -> list[Line]:
    """Two markets; raises if a day that was scored in a batch is another one than alone."""
    lines = list[Line]()
    for work in _works(quick=quick):
        timed = take_turns(_contestants(work, 2 if quick else 7))
        check(work, {name: entry.results[-1] for name, entry in timed.items()})
        lines += _lines(work, timed)
    return lines


def check(work: Work, days: dict[str, Days]) -> None:
    """RuntimeError unless all who trade by the network traded, and did the same."""
    told = {name: [(d.blotter, d.transcript) for d in of] for name, of in days.items()}
    batch = told.pop("in one batch")
    told.pop("rule")
    if any(other != batch for other in told.values()) or not any(orders for orders, _ in batch):
        raise RuntimeError(f"{work.name}: {NETWORK} trades otherwise in a batch, or not at all")


def _works(*, quick: bool) -> tuple[Work, Work]:
    bundled, sessions = history(), 1_260
    calendar = load_calendar("XNYS").between(bundled.bars[0].session, bundled.bars[-1].session)
    calendar = calendar[:QUICK] if quick else calendar
    bars = [bar for bar in bundled.bars if bar.session <= calendar[-1]]
    walk = random_walk(SEED, symbols=100, sessions=QUICK if quick else sessions)
    return (
        Work(
            "5 symbols, each session",
            Tape(calendar, bars, bundled.actions, depth=DEPTH),
            2,
            "session",
            10_000,
        ),
        Work(
            "100 symbols, each week",
            Tape(walk.sessions, walk.bars(), depth=DEPTH),
            10,
            "week",
            1_000_000,
        ),
    )


def _contestants(work: Work, repeats: int) -> dict[str, Contestant[Days]]:
    policy, rule = work.policy, Momentum(20, work.top, work.every)
    known = policy.knowing(score_sessions(policy, work.views()))

    def in_one_batch() -> Days:
        return work.days(policy.knowing(score_sessions(policy, work.views())))

    def contestant(run: Callable[[], Days]) -> Contestant[Days]:
        return Contestant(lambda: run, repeats)

    return {
        "in one batch": contestant(in_one_batch),
        "scores known before": contestant(lambda: work.days(known)),
        "asked day by day": contestant(lambda: work.days(policy)),
        "rule": contestant(lambda: work.days(rule)),
    }


def _lines(work: Work, timed: dict[str, Timed[Days]]) -> Iterator[Line]:
    ours = timed["in one batch"]
    for name, entry in timed.items():
        what = "momentum, no network" if name == "rule" else name
        fills = sum(len(day.fills) for day in entry.results[-1])
        yield rate(
            NAME,
            f"{work.name}: {what}",
            len(work.tape.sessions),
            entry.seconds,
            ours=ours.seconds if name == "rule" else None,
            aim=AIM if entry is ours else None,
            note=f"{len(work.tape.sessions):,} sessions, {fills:,} fills",
        )
