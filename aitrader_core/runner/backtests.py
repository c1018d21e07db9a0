"""A model in every configuration of a grid, over the same sessions; nothing goes into the ledger.

Each combination begins at the first session with the arena's initial cash, and trades one tape
through the same model-day as always: what it ends with is what the ledger would have.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy.exc import InterfaceError, OperationalError

from aitrader_core import __version__
from aitrader_core.domain.errors import InputError, sentence
from aitrader_core.domain.model_day import Opening
from aitrader_core.results.deflation import deflated
from aitrader_core.results.metrics import metrics
from aitrader_core.results.spans import part, rebased
from aitrader_core.results.standings import Point
from aitrader_core.runner.benchmark import benchmark
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import run_model_day
from aitrader_core.runner.points import points_of
from aitrader_core.runner.requests import check_prices, sessions_between
from aitrader_core.runner.variants import Variant, variants
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.venue import SimulatedVenue
from aitrader_core.storage.backtest import BacktestRequest, BacktestStatus, Trial
from aitrader_core.storage.backtests import Backtests

_STRETCH = 2.0  # seconds of trials that are stored together
_LONGEST = 100  # trials

Progress = Callable[[int, int], None]  # how many are done, of how many


@dataclass(frozen=True)
class Sweep:
    """A request that was checked, and everything that its trials share."""

    floor: Floor
    request: BacktestRequest
    sessions: Sequence[date]
    variants: Sequence[Variant]
    tape: Tape
    manifest: dict[str, Any]


@dataclass
class Tally:
    """The best trial so far, by Sharpe ratio; by return where the sessions are too few for one."""

    best: Trial | None = None
    returns: Sequence[float] = ()  # of the best
    sharpes: list[float] = field(default_factory=list)
    tried: int = 0
    failed: int = 0

    def add(self, trial: Trial, curve: Sequence[Point]) -> None:
        self.tried += 1
        if trial.reason is not None:
            self.failed += 1
            return
        if (sharpe := trial.metrics["sharpe"]) is not None:
            self.sharpes.append(sharpe)
        if self.best is None or _rank(trial) > _rank(self.best):
            self.best, self.returns = trial, [point.daily_return for point in curve]

    @property
    def status(self) -> BacktestStatus:
        if not self.failed:
            return BacktestStatus.COMPLETED
        return BacktestStatus.FAILED if self.failed == self.tried else BacktestStatus.PARTIAL

    def summary(self, sessions_a_year: int) -> dict[str, Any]:
        """As it is stored. How likely the best is more than luck is None without Sharpe ratios."""
        best, judged = self.best, None
        if best is not None and best.metrics["sharpe"] is not None:
            judged = deflated(self.returns, self.sharpes, sessions_a_year).as_json()
        return {
            "tried": self.tried,
            "failed": self.failed,
            "ranked_by": "sharpe" if judged else "cumulative_return",
            "best": best and best.number,
            "best_parameters": best and dict(best.parameters),
            "deflated": judged,
        }


def run_backtest(
    floor: Floor,
    config_dir: Path,
    request: BacktestRequest,
    *,
    run_id: str = "",
    progress: Progress = lambda _done, _total: None,
) -> int:
    """Try every combination, store each, and return the backtest's id.

    InputError says what is wrong with the request before anything is stored. A combination that
    fails is stored so, and the others go on.
    """
    sweep, store = swept(floor, config_dir, request), Backtests(floor.engine)
    backtest_id = store.begin(request, run_id, sweep.manifest)
    try:
        tally = _store_trials(sweep, store, backtest_id, progress)
    except Exception as error:
        store.finish(backtest_id, BacktestStatus.FAILED, sentence(error))
        raise
    except BaseException:  # by a signal, or by who asked
        store.finish(backtest_id, BacktestStatus.CANCELED, "it was stopped")
        raise
    reason = _why_failed(store, backtest_id) if tally.status is BacktestStatus.FAILED else None
    year = floor.arena.calendar.sessions_a_year
    store.finish(backtest_id, tally.status, reason, tally.summary(year))
    return backtest_id


def swept(floor: Floor, config_dir: Path, request: BacktestRequest) -> Sweep:
    """`request` with its combinations and prices; InputError says what is wrong with it."""
    arena = floor.arena
    found = variants(config_dir, arena, request.model, request.grid)
    sessions = sessions_between(arena, request.first, request.last)
    if (until := request.train_until) and not request.first <= until < request.last:
        raise InputError(
            f"train_until: {until} leaves nothing to train on, or nothing after it: it has to be "
            f"from {request.first} on, and before {request.last}"
        )
    check_prices(floor, sessions)
    tape = floor.tape(sessions[0], sessions[-1])
    newest = floor.prices.newest(arena.symbols, tape.sessions[0], sessions[-1])
    manifest = {
        "code": __version__,
        "config": arena.model(request.model).config_hash,
        "prices": floor.prices.label(max(newest.values())),
    }
    return Sweep(floor, request, sessions, found, tape, manifest)


def trials(sweep: Sweep) -> Iterator[tuple[Trial, Sequence[Point]]]:
    """Each combination as it was tried, and the part of its curve that ranks it."""
    market: Sequence[Point] | None = None
    for number, variant in enumerate(sweep.variants, 1):
        began = perf_counter()
        try:
            curve = _walked(sweep, variant)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # whatever a model raises is its own failure
            seconds = perf_counter() - began
            yield Trial(number, variant.parameters, sentence(error), seconds=seconds), ()
            continue
        if market is None:  # the same for all, who have the same sessions
            held = benchmark(sweep.floor, {"": curve})
            market = held.curve if held else ()
        yield _trial(sweep, number, variant, curve, market, began)


def _walked(sweep: Sweep, variant: Variant) -> list[Point]:
    arena, curve = sweep.floor.arena, list[Point]()
    trader = variant.trader(arena, sweep.floor.connections(variant.model.name))
    opening = Opening.with_cash(arena.initial_cash)
    venue = SimulatedVenue(sweep.tape, arena.costs, sweep.sessions[0])
    for session in sweep.sessions:
        feed = sweep.floor.feed(trader, session)
        day = run_model_day(trader, venue, opening, feed=feed)
        curve += points_of([day], sweep.tape)
        opening = day.as_opening
    return curve


def _trial(
    sweep: Sweep,
    number: int,
    variant: Variant,
    curve: Sequence[Point],
    market: Sequence[Point],
    began: float,
) -> tuple[Trial, Sequence[Point]]:
    until = sweep.request.train_until or sweep.request.last
    ranking, later = part(curve, date.min, until), [p for p in curve if p.session > until]
    year = sweep.floor.arena.calendar.sessions_a_year
    found = Trial(
        number,
        variant.parameters,
        metrics=metrics(ranking, market, year).as_json(),
        later=metrics(rebased(later), market, year).as_json() if later else {},
        equity=[[point.session.isoformat(), f"{point.value:f}"] for point in curve],
        fills=sum(point.fills for point in curve),
        refusals=sum(point.refusals for point in curve),
        seconds=perf_counter() - began,
    )
    return found, ranking


def _store_trials(sweep: Sweep, store: Backtests, backtest_id: int, progress: Progress) -> Tally:
    tally, waiting, total = Tally(), list[Trial](), len(sweep.variants)
    for trial, curve in trials(sweep):
        tally.add(trial, curve)
        waiting.append(trial)
        if len(waiting) == _LONGEST or sum(each.seconds for each in waiting) > _STRETCH:
            store.add(backtest_id, waiting)
            waiting = []
        progress(tally.tried, total)
    store.add(backtest_id, waiting)
    return tally


def _rank(trial: Trial) -> tuple[bool, float]:
    """One without a Sharpe ratio comes after all that have one."""
    sharpe = trial.metrics["sharpe"]
    return sharpe is not None, trial.metrics["cumulative_return"] if sharpe is None else sharpe


def _why_failed(store: Backtests, backtest_id: int) -> str:
    (first,) = store.trials(backtest_id, limit=1, equity=False)
    return f"each combination failed, the first because {first.reason}"
