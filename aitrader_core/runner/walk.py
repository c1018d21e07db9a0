"""Walk one model forward through the sessions of a request, oldest first, under its lock."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from time import perf_counter

from sqlalchemy.exc import InterfaceError, OperationalError

from aitrader_core.domain.errors import BudgetSpent, ChainError, sentence
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.domain.transcript import Transcript
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.runner.predictions import with_predictions
from aitrader_core.simulation.venue import SimulatedVenue
from aitrader_core.storage.job import DetailStatus
from aitrader_core.storage.store import Draft, Origin, Stored

STRETCH = 0.25  # seconds of simulation that are stored in one transaction
LONGEST = 64  # sessions of it


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
    """The model's walk ends here: this session was not made, those after it not reached."""

    session: date
    error: Exception

    @property
    def is_spent(self) -> bool:
        """Whether nothing failed: what the model or its job may spend is spent."""
        return isinstance(self.error, BudgetSpent)

    @property
    def reason(self) -> str:
        return sentence(self.error)


Step = Made | Kept | Broken


Put = Callable[[Sequence[Draft], Origin], Sequence[Stored]]


def walk(
    floor: Floor,
    plan: Plan,
    put: Put | None = None,
    stop: Callable[[], bool] = lambda: False,
    *,
    stretch: float = STRETCH,
) -> Iterator[Step]:
    """Simulate each session of `plan` that is not stored yet, and store it with `put`.

    `put` is the floor's own unless another is given. Days that took less than `stretch` seconds
    together are stored together, in one transaction; `stop` is asked before each such stretch. A
    failure of the model or of its data ends the walk with one `Broken`; a lost database raises.
    """
    store, market = floor.model_days, floor.arena.market
    with store.lock(market, plan.model):
        walker = _Walker(floor, plan, put or store.put_all, stretch)
        floor.jobs.mark(plan.origin, plan.model, walker.to_make(), DetailStatus.RUNNING)
        for session in plan.sessions:
            if walker.is_flushed and stop():
                return
            for step in walker.step(session):
                yield step
                if isinstance(step, Broken):
                    _mark_broken(floor, plan, step)
                    return
        for step in walker.flush():
            yield step
            if isinstance(step, Broken):
                _mark_broken(floor, plan, step)


def _mark_broken(floor: Floor, plan: Plan, step: Broken) -> None:
    mark = floor.jobs.mark
    if step.is_spent:
        left = [session for session in plan.sessions if session >= step.session]
        mark(plan.origin, plan.model, left, DetailStatus.CANCELED, step.reason)
        return
    mark(plan.origin, plan.model, [step.session], DetailStatus.FAILED, step.reason)
    reason = f"not reached: {step.session} failed"
    rest = [session for session in plan.sessions if session > step.session]
    mark(plan.origin, plan.model, rest, DetailStatus.SKIPPED, reason)


class _Walker:
    """Where a walk stands: the last close, and the venue that is about to open."""

    def __init__(self, floor: Floor, plan: Plan, put: Put, stretch: float) -> None:
        self._floor = floor
        self._plan = plan
        self._put = put
        self._stretch = stretch
        market = floor.arena.market
        self._stored = set(floor.model_days.sessions(market, plan.model))
        self._ours = set(floor.model_days.sessions(market, plan.model, plan.origin.request))
        self._last: ModelDay | None = None
        self._venue: SimulatedVenue | None = None
        self._trader: Trader | None = None
        self._drafts: list[Draft] = []
        self._said = Transcript()  # in the session that is simulated now

    def to_make(self) -> list[date]:
        """Sessions of the plan that no one has stored, or that it makes again."""
        kept = self._ours if self._plan.replace else self._ours | self._stored
        return [session for session in self._plan.sessions if session not in kept]

    @property
    def is_flushed(self) -> bool:
        return not self._drafts

    def step(self, session: date) -> Iterator[Step]:
        """What became of `session`, and of those that waited to be stored with it."""
        reason = self._reason_to_keep(session)
        if reason is not None:
            self._last = self._venue = None
            yield Kept(session, reason)
            return
        began = perf_counter()
        try:
            day = self._simulate(session)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # whatever a model raises is its own failure
            yield from self.flush()
            yield self._broken(session, error)
            return
        self._last = day
        self._drafts.append(Draft(day, perf_counter() - began))
        if (
            sum(draft.seconds for draft in self._drafts) > self._stretch
            or len(self._drafts) == LONGEST
        ):
            yield from self.flush()

    def _broken(self, session: date, error: Exception) -> Broken:
        """Whatever was said until then is kept."""
        broken = Broken(session, error)
        if self._said.entries and not broken.is_spent:
            market, model, origin = self._floor.arena.market, self._plan.model, self._plan.origin
            self._floor.failed_days.keep(market, model, session, broken.reason, origin, self._said)
        return broken

    def flush(self) -> Iterator[Made | Broken]:
        """Store what has been simulated; one by one, if the database refuses it together."""
        drafts, self._drafts = self._drafts, []
        if not drafts:
            return
        try:
            stored = self._put(drafts, self._plan.origin)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # it does not balance, or can't be kept
            if len(drafts) == 1:
                yield Broken(drafts[0].day.session, error)
            else:
                yield from self._flush_singly(drafts)
            return
        first = drafts[0].day.session
        self._stored = {session for session in self._stored if session < first}
        self._ours = {session for session in self._ours if session < first}
        for draft, kept in zip(drafts, stored, strict=True):
            self._stored.add(draft.day.session)
            yield Made(draft.day, kept, draft.seconds)

    def _flush_singly(self, drafts: Sequence[Draft]) -> Iterator[Made | Broken]:
        for draft in drafts:
            self._drafts = [draft]
            for step in self.flush():
                yield step
                if isinstance(step, Broken):
                    return

    def _reason_to_keep(self, session: date) -> str | None:
        if self._drafts:
            return None  # they are about to supersede it
        if session in self._ours:
            return "this request has stored it before"
        if session in self._stored and not self._plan.replace:
            reason = "it was stored before; replace_existing makes it again"
            self._floor.jobs.mark(
                self._plan.origin, self._plan.model, [session], DetailStatus.SKIPPED, reason
            )
            return reason
        return None

    def _simulate(self, session: date) -> ModelDay:
        self._said = Transcript()
        opening = self._opening(session)
        if self._venue is None or self._trader is None:
            arena = self._floor.arena
            tape = self._floor.tape(session, self._plan.sessions[-1])
            self._venue = SimulatedVenue(tape, arena.costs, session)
            trader = self._floor.trader(self._plan.model, self._plan.origin)
            rest = [later for later in self._plan.sessions if later >= session]
            self._trader = with_predictions(self._floor, trader, tape, rest)
        feed = self._floor.feed(self._trader, session)
        return run_model_day(self._trader, self._venue, opening, self._said, feed)

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
