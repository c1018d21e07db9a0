"""Walk one model forward through the sessions of a request, oldest first, under its lock."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from time import perf_counter

from sqlalchemy.exc import InterfaceError, OperationalError

from aitrader_core.domain.errors import AitraderError, ChainError
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.simulation.venue import SimulatedVenue
from aitrader_core.storage.job import DetailStatus
from aitrader_core.storage.store import Origin, Stored


@dataclass(frozen=True, slots=True)
class Plan:
    """What one run is to do for one model.

    `replace`: make days again that another request stored. `may_start`: the model may begin at
    the plan's first session if it has nothing stored before it. `fresh`: it begins there anyway.
    """

    model: str
    sessions: tuple[date, ...]
    origin: Origin
    replace: bool = True
    may_start: bool = False
    fresh: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A model-day was simulated and stored."""

    day: ModelDay
    stored: Stored
    seconds: float

    @property
    def session(self) -> date:
        return self.day.session


@dataclass(frozen=True, slots=True)
class Kept:
    """A model-day was stored before and stands."""

    session: date
    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The model's walk ends here: this session failed, those after it were not reached."""

    session: date
    error: Exception

    @property
    def reason(self) -> str:
        if isinstance(self.error, AitraderError):
            return str(self.error)
        return f"{type(self.error).__name__}: {self.error}"


Step = Made | Kept | Broken


Put = Callable[[ModelDay, Origin, float], Stored]


def walk(
    floor: Floor, plan: Plan, put: Put | None = None, stop: Callable[[], bool] = lambda: False
) -> Iterator[Step]:
    """Simulate each session of `plan` that is not stored yet, and store it with `put`.

    `put` is the floor's own unless another is given; `stop` is asked before each session. A
    failure of the model or of its data ends the walk with one `Broken`; a lost database raises.
    """
    store, market = floor.model_days, floor.arena.market
    with store.lock(market, plan.model):
        walker = _Walker(floor, plan, put or store.put)
        floor.jobs.mark(plan.origin, plan.model, walker.to_make(), DetailStatus.RUNNING)
        for position, session in enumerate(plan.sessions):
            if stop():
                return
            step = walker.step(session)
            yield step
            if isinstance(step, Broken):
                _mark_broken(floor, plan, step, plan.sessions[position + 1 :])
                return


def _mark_broken(floor: Floor, plan: Plan, step: Broken, rest: tuple[date, ...]) -> None:
    mark = floor.jobs.mark
    mark(plan.origin, plan.model, [step.session], DetailStatus.FAILED, step.reason)
    reason = f"not reached: {step.session} failed"
    mark(plan.origin, plan.model, rest, DetailStatus.SKIPPED, reason)


class _Walker:
    """Where a walk stands: the last close, and the venue that is about to open."""

    def __init__(self, floor: Floor, plan: Plan, put: Put) -> None:
        self._floor = floor
        self._plan = plan
        self._put = put
        market = floor.arena.market
        self._stored = set(floor.model_days.sessions(market, plan.model))
        self._ours = set(floor.model_days.sessions(market, plan.model, plan.origin.request))
        self._last: ModelDay | None = None
        self._venue: SimulatedVenue | None = None
        self._trader: Trader | None = None

    def to_make(self) -> list[date]:
        """Sessions of the plan that no one has stored, or that it makes again."""
        kept = self._ours if self._plan.replace else self._ours | self._stored
        return [session for session in self._plan.sessions if session not in kept]

    def step(self, session: date) -> Step:
        if session in self._ours:
            return self._keep(session, "this request has stored it before")
        if session in self._stored and not self._plan.replace:
            reason = "it was stored before; replace_existing makes it again"
            self._floor.jobs.mark(
                self._plan.origin, self._plan.model, [session], DetailStatus.SKIPPED, reason
            )
            return self._keep(session, reason)
        began = perf_counter()
        try:
            day = self._simulate(session)
            seconds = perf_counter() - began
            stored = self._put(day, self._plan.origin, seconds)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # whatever a model raises is its own failure
            return Broken(session, error)
        self._last = day
        self._stored = {s for s in self._stored if s < session} | {session}
        self._ours = {s for s in self._ours if s < session} | {session}
        return Made(day, stored, seconds)

    def _keep(self, session: date, reason: str) -> Kept:
        self._last = self._venue = None
        return Kept(session, reason)

    def _simulate(self, session: date) -> ModelDay:
        opening = self._opening(session)
        if self._venue is None or self._trader is None:
            arena = self._floor.arena
            tape = self._floor.tape(session, self._plan.sessions[-1])
            self._venue = SimulatedVenue(tape, arena.costs, session)
            self._trader = arena.trader(self._plan.model)
        return run_model_day(self._trader, self._venue, opening)

    def _opening(self, session: date) -> Opening:
        """The previous session's close. ChainError names the session to start from."""
        arena, plan = self._floor.arena, self._plan
        previous = arena.calendar.previous(session)
        if self._last is not None and self._last.session == previous:
            return self._last.as_opening
        if plan.fresh and session == plan.sessions[0]:
            return Opening.with_cash(arena.initial_cash)
        name = f"{arena.market}/{plan.model}"
        if previous is not None:
            stored = self._floor.model_days.opening_after(arena.market, plan.model, previous)
            if stored is not None:
                return stored
        earlier = [s for s in self._stored if s < session]
        if earlier:
            raise ChainError(
                f"{name} is stored up to {max(earlier)}, not up to {previous}, the session before "
                f"{session}: start from {arena.calendar.next(max(earlier))}"
            )
        if not (plan.may_start or session in (arena.first_session, arena.start_session)):
            raise ChainError(
                f"{name} has nothing stored before {session}, and a single day never starts a "
                f"model: start from {arena.start_session}, or ask for a range of sessions that "
                "begins where the model is to begin"
            )
        if self._stored and not plan.replace:
            raise ChainError(
                f"{name} is stored from {min(self._stored)} on, which a start on {session} would "
                f"supersede: submit with replace_existing, or start from {min(self._stored)}"
            )
        return Opening.with_cash(arena.initial_cash)
