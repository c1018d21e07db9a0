"""A model walks forward through the sessions of a request, whatever happens on the way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import count, islice, pairwise

import pytest

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.rules import BuyAndHold, EqualWeight, RandomTrader
from aitrader_core.domain.errors import ChainError, LedgerError, MissingBar, ToolError
from aitrader_core.domain.market import DAILY, Bar, Split, Symbol
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.portfolio import AdjustmentKind
from aitrader_core.market.bundled import history
from aitrader_core.runner.arena import Model
from aitrader_core.runner.config import ModelConfig
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Broken, Kept, Made, Plan, Step, walk
from aitrader_core.simulation.desk import Desk
from aitrader_core.storage.audit import chain_faults, ledger_faults
from aitrader_core.storage.job import Detail, DetailStatus, JobRequest
from aitrader_core.storage.store import Draft, Origin, Stored

D = Decimal
START, LAST = date(2012, 6, 1), date(2012, 6, 14)
KEPT_OURS = "this request has stored it before"
KEPT_THEIRS = "it was stored before; replace_existing makes it again"
_numbers = count(1)


@dataclass(frozen=True)
class FailsOn:
    """Trades by lot until a session that it can't cope with."""

    session: date
    error: Exception

    def trade(self, desk: Desk) -> Ending:
        if desk.view.session >= self.session:
            raise self.error
        return RandomTrader(seed=3).trade(desk)


@pytest.fixture
def model() -> str:
    """A name that no other test of this module has traded under."""
    return f"model-{next(_numbers)}"


@pytest.fixture
def sessions(module_floor: Floor) -> tuple[date, ...]:
    """Ten of them, from the arena's start on."""
    return module_floor.arena.calendar.between(START, LAST)


def with_model(floor: Floor, name: str, agent: Agent) -> Floor:
    model = Model(name, ModelConfig(kind="ours"), agent, "hash")
    return Floor(replace(floor.arena, models={name: model}), floor.engine)


@pytest.fixture
def ours(module_floor: Floor, model: str) -> Floor:
    """A floor whose one model trades on every session."""
    return with_model(module_floor, model, RandomTrader(seed=3))


def origin(request: str) -> Origin:
    return Origin(request, f"run of {request}")


def plan(
    model: str,
    sessions: Sequence[date],
    request: str = "first",
    *,
    replace: bool = True,
    may_start: bool = False,
    fresh: bool = False,
) -> Plan:
    return Plan(model, tuple(sessions), origin(request), replace, may_start, fresh)


def stored(floor: Floor, model: str) -> list[ModelDay]:
    store, market = floor.model_days, floor.arena.market
    days = [store.get(market, model, session) for session in store.sessions(market, model)]
    return [day for day in days if day is not None]


def kinds(steps: Sequence[Step]) -> list[tuple[date, type[Step]]]:
    return [(step.session, type(step)) for step in steps]


def each(sessions: Sequence[date], kind: type[Step]) -> list[tuple[date, type[Step]]]:
    return [(session, kind) for session in sessions]


def broken(steps: Sequence[Step]) -> Broken:
    last = steps[-1]
    assert isinstance(last, Broken)
    return last


# A chain ------------------------------------------------------------------------------------


def test_each_session_starts_from_the_one_before(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    steps = list(walk(ours, plan(model, sessions)))
    assert kinds(steps) == each(sessions, Made)
    days = stored(ours, model)
    assert [step.day for step in steps if isinstance(step, Made)] == days
    assert [step.stored for step in steps if isinstance(step, Made)] == [Stored(1, 0)] * 10
    assert days[0].opening.portfolio.cash == ours.arena.initial_cash == 10_000
    assert all(before.as_opening == day.opening for before, day in pairwise(days))
    assert sum(len(day.fills) for day in days) > 15


def test_a_walk_in_parts_is_the_walk_in_one_go(
    module_floor: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    def days_of(name: str, *parts: Plan) -> list[ModelDay]:
        floor = with_model(module_floor, name, RandomTrader(seed=3))
        for part in parts:
            assert kinds(list(walk(floor, part)))[-1] == (part.sessions[-1], Made)
        return [replace(day, model=model) for day in stored(floor, name)]

    one, two, three = (f"{model}@{n}" for n in (1, 2, 3))
    in_one_go = days_of(one, plan(one, sessions))
    assert in_one_go == days_of(two, plan(two, sessions[:4]), plan(two, sessions[4:], "second"))
    assert in_one_go == days_of(three, *(plan(three, [day], f"on {day}") for day in sessions))


def test_a_run_that_died_goes_on_where_it_was(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    before = list(islice(walk(ours, plan(model, sessions)), 3))  # then it is never asked again
    kept = len(stored(ours, model))  # it may have stored more than it had told of
    assert kept >= len(before)
    steps = list(walk(ours, plan(model, sessions)))
    assert kinds(steps) == each(sessions[:kept], Kept) + each(sessions[kept:], Made)
    assert {step.reason for step in steps if isinstance(step, Kept)} == {KEPT_OURS}
    assert stored(ours, model)[:3] == [step.day for step in before if isinstance(step, Made)]
    assert stored(ours, model)[3].opening == stored(ours, model)[2].as_opening


def test_another_request_makes_the_days_again(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    list(walk(ours, plan(model, sessions)))
    before = stored(ours, model)
    steps = list(walk(ours, plan(model, sessions[4:6], "second")))
    assert [s.stored for s in steps if isinstance(s, Made)] == [Stored(2, 6), Stored(2, 0)]
    assert stored(ours, model) == before[:6]  # what came later has no base any more
    assert list(walk(ours, plan(model, sessions[4:6], "second"))) == [
        Kept(session, KEPT_OURS) for session in sessions[4:6]
    ]


def test_without_replacing_only_what_is_missing_is_made(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    list(walk(ours, plan(model, sessions[:6])))
    before = stored(ours, model)
    steps = list(walk(ours, plan(model, sessions, "second", replace=False)))
    assert kinds(steps) == each(sessions[:6], Kept) + each(sessions[6:], Made)
    assert steps[:6] == [Kept(session, KEPT_THEIRS) for session in sessions[:6]]
    assert stored(ours, model)[:6] == before


def test_what_a_request_supersedes_it_makes_again(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    list(walk(ours, plan(model, sessions[:2], "earlier")))
    list(walk(ours, plan(model, sessions[2:4])))
    steps = list(walk(ours, plan(model, sessions[:4])))  # the whole of it, a run of the same
    assert kinds(steps) == each(sessions[:4], Made)
    assert len(stored(ours, model)) == 4


def test_a_walk_stops_when_asked(ours: Floor, model: str, sessions: tuple[date, ...]) -> None:
    asked = iter([False, False, True])
    steps = list(walk(ours, plan(model, sessions), stop=lambda: next(asked), stretch=0))
    assert kinds(steps) == each(sessions[:2], Made)
    assert [day.session for day in stored(ours, model)] == list(sessions[:2])


def test_days_are_stored_by_whom_the_caller_says(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    put: list[tuple[ModelDay, Origin, float]] = []

    def keep(drafts: Sequence[Draft], whom: Origin) -> Sequence[Stored]:
        put.extend((draft.day, whom, draft.seconds) for draft in drafts)
        return ours.model_days.put_all(drafts, whom)

    steps = list(walk(ours, plan(model, sessions[:3]), put=keep))
    made = [step for step in steps if isinstance(step, Made)]
    assert [(day, seconds) for day, _, seconds in put] == [(s.day, s.seconds) for s in made]
    assert {whom for _, whom, _ in put} == {origin("first")}


# A failure ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("no such key"), "ValueError: no such key"),
        (ToolError("asked for the moon"), "asked for the moon"),
        (KeyError("AAPL"), "KeyError: 'AAPL'"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_model_that_fails_keeps_its_earlier_days(
    module_floor: Floor, model: str, sessions: tuple[date, ...], error: Exception, reason: str
) -> None:
    floor = with_model(module_floor, model, FailsOn(sessions[3], error))
    steps = list(walk(floor, plan(model, sessions)))
    assert kinds(steps) == [*each(sessions[:3], Made), (sessions[3], Broken)]
    assert (broken(steps).error, broken(steps).reason) == (error, reason)
    assert [day.session for day in stored(floor, model)] == list(sessions[:3])
    mended = with_model(module_floor, model, RandomTrader(seed=3))
    again = list(walk(mended, plan(model, sessions)))
    assert kinds(again) == each(sessions[:3], Kept) + each(sessions[3:], Made)


def details(floor: Floor, job_id: int) -> Mapping[date, Detail]:
    return {detail.session: detail for detail in floor.jobs.details(job_id)}


def test_a_job_knows_how_far_each_day_came(
    module_floor: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    floor = with_model(module_floor, model, FailsOn(sessions[3], ValueError("no")))
    request = JobRequest("us", sessions[0], sessions[5], (model,), sessions[:6])
    job_id = floor.jobs.submit(request)
    run = Plan(model, sessions[:6], Origin(f"job-{job_id}", "run-1", job_id, attempt=2))
    steps = walk(floor, run, stretch=0)
    next(steps)
    after_one = [details(floor, job_id)[session].status for session in sessions[:6]]
    assert after_one == [DetailStatus.COMPLETED, *[DetailStatus.RUNNING] * 5]
    assert len(list(steps)) == 3
    found = details(floor, job_id)
    for session in sessions[:3]:
        done = found[session]
        assert (done.status, done.reason) == (DetailStatus.COMPLETED, None)
        assert done.seconds is not None
        assert 0 < done.seconds < 60
    failed, *rest = (found[session] for session in sessions[3:6])
    assert (failed.status, failed.reason) == (DetailStatus.FAILED, "ValueError: no")
    for detail in rest:
        assert detail.status is DetailStatus.SKIPPED
        assert detail.reason == f"not reached: {sessions[3]} failed"
    assert {(d.run_id, d.attempt) for d in found.values()} == {("run-1", 2)}


def test_a_job_knows_what_was_kept(ours: Floor, model: str, sessions: tuple[date, ...]) -> None:
    list(walk(ours, plan(model, sessions[:2])))
    job_id = ours.jobs.submit(JobRequest("us", sessions[0], sessions[3], (model,), sessions[:4]))
    run = Plan(model, sessions[:4], Origin(f"job-{job_id}", "run-1", job_id), replace=False)
    for _ in range(2):  # the second time all of the job's own days are kept, and still complete
        list(walk(ours, run))
        found = details(ours, job_id).values()
        assert [detail.reason for detail in found] == [KEPT_THEIRS, KEPT_THEIRS, None, None]
        skipped, completed = DetailStatus.SKIPPED, DetailStatus.COMPLETED
        assert [d.status for d in found] == [skipped, skipped, completed, completed]


def test_a_day_that_the_ledger_refuses_breaks_the_walk(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    def refuse(drafts: Sequence[Draft], whom: Origin) -> Sequence[Stored]:
        return ours.model_days.put_all([falsified(draft) for draft in drafts], whom)

    def falsified(draft: Draft) -> Draft:
        day = draft.day
        if day.session != sessions[1]:
            return draft
        closing = replace(day.closing, cash=day.closing.cash + D("0.01"))
        return Draft(replace(day, closing=closing), draft.seconds)

    steps = list(walk(ours, plan(model, sessions), put=refuse))
    assert kinds(steps) == [(sessions[0], Made), (sessions[1], Broken)]
    assert isinstance(broken(steps).error, LedgerError)


def test_a_day_that_could_not_begin_has_said_nothing(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    steps = list(walk(ours, plan(model, [*sessions[:2], sessions[4]])))
    assert kinds(steps) == [*each(sessions[:2], Made), (sessions[4], Broken)]
    assert isinstance(broken(steps).error, ChainError)
    assert ours.failed_days.of_model("us", model) == []


def test_a_missing_bar_breaks_the_walk(floor: Floor, model: str) -> None:
    sessions = floor.arena.calendar.between(START, LAST)
    with floor.engine.begin() as connection:
        gone = "delete from bars where symbol = 'IBM' and session = %s"
        connection.exec_driver_sql(gone, (sessions[2],))
    ours = with_model(floor, model, RandomTrader(seed=3))
    steps = list(walk(ours, plan(model, sessions)))
    assert kinds(steps) == [*each(sessions[:2], Made), (sessions[2], Broken)]
    assert isinstance(broken(steps).error, MissingBar)
    assert broken(steps).reason.startswith(f"IBM has no bar on {sessions[2]} in the prices bundled")


# Where a model may start --------------------------------------------------------------------


def chain_error(steps: Iterator[Step]) -> str:
    (step,) = steps
    assert isinstance(step, Broken)
    assert isinstance(step.error, ChainError)
    return step.reason


def test_a_gap_names_the_session_to_start_from(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    list(walk(ours, plan(model, sessions[:3])))
    assert chain_error(walk(ours, plan(model, sessions[6:], "second", may_start=True))) == (
        f"us/{model} is stored up to 2012-06-05, not up to 2012-06-08, the session before "
        "2012-06-11: start from 2012-06-06"
    )
    assert len(stored(ours, model)) == 3


def test_a_single_day_never_starts_a_model(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    assert chain_error(walk(ours, plan(model, sessions[4:5]))) == (
        f"us/{model} has nothing stored before 2012-06-07, and a single day never starts a model: "
        "start from 2012-06-01, or ask for a range of sessions that begins where the model is to "
        "begin"
    )
    assert kinds(list(walk(ours, plan(model, sessions[:1])))) == [(START, Made)]


def test_a_range_may_start_a_model_anywhere(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    steps = list(walk(ours, plan(model, sessions[4:], may_start=True)))
    assert kinds(steps) == each(sessions[4:], Made)
    assert stored(ours, model)[0].opening.portfolio.cash == ours.arena.initial_cash


def test_the_first_session_of_the_arena_starts_a_model(ours: Floor, model: str) -> None:
    (step,) = walk(ours, plan(model, [ours.arena.first_session]))
    assert isinstance(step, Made)
    assert step.day.session == date(2000, 3, 1)


def test_a_start_before_what_is_stored_is_refused_unless_it_may_replace(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    list(walk(ours, plan(model, sessions[4:7], may_start=True)))
    earlier = plan(model, sessions[:6], "second", replace=False, may_start=True)
    assert chain_error(walk(ours, earlier)) == (
        f"us/{model} is stored from 2012-06-07 on, which a start on 2012-06-01 would supersede: "
        "submit with replace_existing, or start from 2012-06-07"
    )
    assert [day.session for day in stored(ours, model)] == list(sessions[4:7])
    steps = list(walk(ours, replace(earlier, replace=True)))
    assert kinds(steps) == each(sessions[:6], Made)
    assert [day.session for day in stored(ours, model)] == list(sessions[:6])


def test_a_fresh_walk_begins_with_the_initial_cash(
    ours: Floor, model: str, sessions: tuple[date, ...]
) -> None:
    list(walk(ours, plan(model, sessions)))
    afresh = plan(model, sessions[5:8], "second", fresh=True)
    for step in list(walk(ours, afresh))[:1]:
        assert isinstance(step, Made)
        assert step.stored == Stored(2, 10)
    days = stored(ours, model)
    assert [day.session for day in days] == list(sessions[5:8])
    assert days[0].opening.performance.value == ours.arena.initial_cash
    assert kinds(list(walk(ours, afresh))) == each(sessions[5:8], Kept)  # tried again


def test_the_ledger_holds_after_all_that(module_floor: Floor) -> None:
    assert ledger_faults(module_floor.engine, "us") == []
    assert chain_faults(module_floor.engine, "us") == []


# Prices -------------------------------------------------------------------------------------


SPLITS = [
    (Symbol("AAPL"), date(2005, 2, 28), date(2005, 2, 14), date(2005, 3, 11)),
    (Symbol("MSFT"), date(2003, 2, 18), date(2003, 2, 3), date(2003, 2, 28)),
]


def adjusted_closes(symbol: Symbol, first: date, last: date) -> dict[date, Decimal]:
    """In the shares that count at the end, straight from the bundled file."""
    prices = history().cut([symbol], first, last)
    (split,) = (a for a in prices.actions if isinstance(a, Split)) if prices.actions else (None,)

    def adjusted(bar: Bar) -> Decimal:
        assert bar.close is not None
        return bar.close / split.ratio if split and bar.session < split.ex_date else bar.close

    return {bar.session: adjusted(bar) for bar in prices.bars}


@pytest.mark.parametrize(("symbol", "ex_date", "first", "last"), SPLITS, ids=["AAPL", "MSFT"])
def test_a_value_goes_unbroken_through_a_split(
    module_floor: Floor, model: str, symbol: Symbol, ex_date: date, first: date, last: date
) -> None:
    floor = with_model(module_floor, model, BuyAndHold())
    sessions = floor.arena.calendar.between(first, last)
    list(walk(floor, plan(model, sessions, may_start=True)))
    days = stored(floor, model)
    before, after = days[0].closing, days[-1].closing
    assert after.held(symbol) == 2 * before.held(symbol) > 0
    assert [d.session for d in days if d.adjustments] == [ex_date]
    assert sum(a.kind is AdjustmentKind.SPLIT for d in days for a in d.adjustments) == 1
    closes = {held: adjusted_closes(held, first, last) for held in after.positions}
    for day in days:
        worth = sum(q * closes[s][day.session] for s, q in after.positions.items())
        assert day.value_close == before.cash + worth
    for yesterday, today in pairwise(days):
        moves = [c[today.session] / c[yesterday.session] - 1 for c in closes.values()]
        assert min(moves) <= today.profit / (yesterday.value - before.cash) <= max(moves)


def test_a_manifest_does_not_depend_on_how_far_a_run_goes(floor: Floor, model: str) -> None:
    """As with a vendor whose every import is a vintage of its own."""
    sessions = floor.arena.calendar.between(START, LAST)
    bar = floor.tape(sessions[8], sessions[8]).bars[sessions[8], DAILY][Symbol("IBM")]
    floor.prices.save("later", [replace(bar, volume=Decimal(1))], [])
    ours = with_model(floor, model, EqualWeight())
    in_one_go = next(walk(ours, plan(model, sessions)))
    alone = next(walk(ours, plan(model, sessions[:1], "second")))
    assert isinstance(in_one_go, Made)
    assert isinstance(alone, Made)
    assert in_one_go.day.manifest == alone.day.manifest
