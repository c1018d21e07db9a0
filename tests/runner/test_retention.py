"""What is old goes; what stands still loads, verifies, replays, and can be traded on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text

from aitrader_core.agents.llm.calls import recorded_question
from aitrader_core.domain.model_call import CallSite, ModelCall, Outcome
from aitrader_core.domain.transcript import Usage
from aitrader_core.inference.runner import RunnerInfo
from aitrader_core.runner.backtests import run_backtest
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.replaying import replay
from aitrader_core.runner.retention import Purged, purge
from aitrader_core.runner.suggestions import scan
from aitrader_core.runner.verify import verify
from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.audit import chain_faults, ledger_faults
from aitrader_core.storage.backtest import BacktestRequest
from aitrader_core.storage.backtests import Backtests
from aitrader_core.storage.job import JobRequest, JobStatus
from aitrader_core.storage.leaderboards import latest_published, publish
from aitrader_core.storage.predictions import Prediction, Predictions, Scorer
from aitrader_core.storage.retention import Retention
from aitrader_core.storage.schema import metadata
from aitrader_core.storage.store import Origin
from tests.runner.scripted_days import MODEL, PRICES, SEVEN, scripted_arena
from tests.small import Small

MONTH = timedelta(days=30)
RULE = "random"
TIMES = {
    "model_days": ("stored_at", "superseded_at"),
    "jobs": ("created_at", "started_at", "finished_at"),
    "model_calls": ("made_at",),
    "failed_days": ("failed_at",),
    "leaderboards": ("published_at",),
    "backtests": ("created_at", "started_at", "finished_at"),
    "suggestion_scans": ("made_at",),
    "predictions": ("made_at",),
}
OF_THE_LEDGER = ("model_days", "orders", "fills", "holdings", "transcripts")


@pytest.fixture
def arena(small: Small) -> Small:
    scripted_arena(small, models=(MODEL, RULE))
    small.priced(PRICES)
    small.floor.register_models()
    return small


def trade(floor: Floor, model: str, first: int = 0, last: int = 4, **how: bool) -> int:
    """A job over some of the seven sessions, to its end. Returns its id."""
    sessions = tuple(SEVEN[first:last])
    asked = JobRequest(
        floor.arena.market, sessions[0], sessions[-1], (model,), sessions, source="test"
    )
    job_id = floor.jobs.submit(asked)
    floor.jobs.start(job_id)
    origin = Origin(f"job-{job_id}", "run-1", job_id)
    list(walk(floor, Plan(model, sessions, origin, may_start=True, **how)))
    floor.jobs.finish(job_id)
    return job_id


def unguarded(engine: Engine, statement: str, **asked: object) -> None:
    with engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text(statement), asked)


def pass_by(engine: Engine, days: int) -> None:
    """Everything that there is becomes so much older."""
    for table, columns in TIMES.items():
        changes = ", ".join(f"{name} = {name} - make_interval(days => :days)" for name in columns)
        unguarded(engine, f"update {table} set {changes}", days=days)


def purged(floor: Floor, *, dry_run: bool = False, results: bool = False) -> Purged:
    return purge(floor.engine, MONTH, datetime.now(UTC), dry_run=dry_run, results=results)


def rows(purged: Purged) -> dict[str, int]:
    return {table: gone.rows for table, gone in purged.tables.items() if gone.rows}


def stored(engine: Engine) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in metadata.sorted_tables
        }


def standing(floor: Floor) -> dict[str, Any]:
    """Every live day, whole."""
    return {
        model: [
            floor.model_days.get(floor.arena.market, model, session)
            for session in floor.model_days.sessions(floor.arena.market, model)
        ]
        for model in (MODEL, RULE)
    }


def assert_is_sound(floor: Floor) -> None:
    market = floor.arena.market
    assert ledger_faults(floor.engine, market) == []
    assert chain_faults(floor.engine, market) == []
    for found in verify(floor, (MODEL, RULE)):
        assert found.differences == ()
    for again in replay(floor, (MODEL, RULE)):
        assert again.differences == ()
    for session in SEVEN:
        for call in floor.calls.of_day(market, MODEL, session):
            recorded_question(floor.calls, call)  # raises where a call before it is gone


def test_finished_jobs_go_and_what_they_made_stands(arena: Small) -> None:
    floor = arena.floor
    old = trade(floor, RULE)
    pass_by(arena.engine, 31)
    young = trade(floor, RULE, 4, 5)
    before = standing(floor)
    assert rows(purged(floor)) == {"jobs": 1, "job_details": 4}
    assert (floor.jobs.get(old), floor.jobs.details(old)) == (None, [])
    assert floor.jobs.get(young) is not None
    assert standing(floor) == before
    assert_is_sound(floor)


@pytest.mark.parametrize("status", ["pending", "running"])
def test_a_job_that_has_not_ended_never_goes(arena: Small, status: str) -> None:
    floor = arena.floor
    job_id = floor.jobs.submit(
        JobRequest("small", SEVEN[0], SEVEN[0], (RULE,), (SEVEN[0],), source="test")
    )
    if status == "running":
        floor.jobs.start(job_id)
    pass_by(arena.engine, 1_000)
    assert rows(purged(floor, results=True)) == {}
    job = floor.jobs.get(job_id)
    assert job is not None
    assert job.status == JobStatus(status)


def test_superseded_days_go_with_all_that_is_theirs(arena: Small) -> None:
    floor = arena.floor
    trade(floor, RULE)
    trade(floor, RULE, 1, 3)  # supersedes three days, makes two
    pass_by(arena.engine, 31)
    trade(floor, RULE, 2, 4)  # supersedes one: not long enough ago
    before = standing(floor)
    gone = rows(purged(floor))
    assert (gone["model_days"], gone["transcripts"]) == (3, 3)
    with arena.engine.connect() as connection:
        left = "select count(*), count(superseded_at) from model_days"
        assert connection.execute(text(left)).one() == (5, 1)
    assert standing(floor) == before
    assert_is_sound(floor)
    trade(floor, RULE, 4, 6)
    assert_is_sound(floor)


def test_a_dry_run_tells_the_same_and_changes_nothing(arena: Small) -> None:
    floor = arena.floor
    for model in (MODEL, RULE):
        trade(floor, model)
        trade(floor, model, 1, 3)
    floor.failed_days.keep("small", RULE, SEVEN[0], "it failed", Origin("job-1", "run-1"), ())
    for run in ("run-1", "run-2"):
        publish(arena.engine, "small", "as of", [], run)
    pass_by(arena.engine, 31)
    before = stored(arena.engine)
    told = purged(floor, dry_run=True, results=True)
    assert stored(arena.engine) == before
    found = purged(floor, results=True)
    assert found.tables == told.tables
    assert set(rows(found)) > {"jobs", "failed_days", "leaderboards", "model_calls", *OF_THE_LEDGER}
    assert all(gone.bytes >= gone.rows for gone in found.tables.values())
    left = {name for name, there in stored(arena.engine).items() if there}
    assert left == {"vintages", "bars", "models", "leaderboards", "purged_spending"}
    assert purged(floor, results=True).total.rows == 0


def test_backtests_and_proposals_go_when_they_are_old(arena: Small) -> None:
    floor, span = arena.floor, (SEVEN[0], SEVEN[3])
    request = BacktestRequest("small", RULE, *span, {"turnover": [0.1, 0.2]}, source="test")
    old = run_backtest(floor, arena.config_dir, request)
    scan(floor, RULE)
    pass_by(arena.engine, 31)
    young = run_backtest(floor, arena.config_dir, request)
    told = purged(floor, dry_run=True)
    assert rows(told) == rows(purged(floor))
    assert {"backtests", "backtest_runs", "suggestion_scans"} <= rows(told).keys()
    assert rows(told)["backtest_runs"] == 2
    left = Backtests(arena.engine)
    assert left.get(old) is None
    assert left.get(young) is not None


def test_predictions_go_when_they_are_old(arena: Small) -> None:
    scorer = Scorer(RunnerInfo("net", "d" * 64, "auto", "ort-cpu", "fp32", "CPU"), "daily-1")
    store = Predictions(arena.engine, "small")
    store.keep(scorer, [Prediction(SEVEN[0], "key", "prices", {})])
    pass_by(arena.engine, 31)
    store.keep(scorer, [Prediction(SEVEN[1], "key", "prices", {})])
    told = purged(arena.floor, dry_run=True)
    assert rows(told) == rows(purged(arena.floor)) == {"predictions": 1}
    assert store.known(dict.fromkeys(SEVEN, "key")) == {SEVEN[1]: {}}


def test_the_newest_leaderboard_stays(arena: Small) -> None:
    for run in ("run-1", "run-2"):
        publish(arena.engine, "small", "as of", [], run)
    pass_by(arena.engine, 31)
    assert rows(purged(arena.floor)) == {"leaderboards": 1}
    newest = latest_published(arena.engine, "small")
    assert newest is not None
    assert newest.run_id == "run-2"


def test_a_chain_goes_whole_or_stays_whole(arena: Small) -> None:
    floor = arena.floor
    trade(floor, MODEL)
    trade(floor, RULE)
    pass_by(arena.engine, 31)
    later = trade(floor, RULE, 4, 6)
    before = standing(floor)
    found = purged(floor, results=True)
    assert found.models == (f"small/{MODEL}",)
    assert found.kept == (
        f"small/{RULE} is kept: its days from {SEVEN[4]} on were made for job-{later}, which is "
        "not as old, and need those before them",
    )
    assert standing(floor) == {MODEL: [], RULE: before[RULE]}
    trade(floor, MODEL, 2, 5)  # begins anew
    trade(floor, RULE, 6, 7)
    assert_is_sound(floor)


def test_a_job_that_ended_late_keeps_its_early_days(arena: Small) -> None:
    floor = arena.floor
    job_id = trade(floor, RULE)
    pass_by(arena.engine, 31)
    unguarded(arena.engine, "update jobs set finished_at = now()")
    found = purged(floor, results=True)
    assert found.models == ()
    assert f"made for job-{job_id}" in found.kept[0]


def test_days_of_a_backfill_are_as_old_as_they_are(arena: Small) -> None:
    floor = arena.floor
    origin = Origin("backfill-b", "run-1")
    list(walk(floor, Plan(RULE, tuple(SEVEN), origin, may_start=True)))
    found = purged(floor, results=True)
    assert (found.models, len(found.kept)) == ((), 1)
    pass_by(arena.engine, 31)
    assert purged(floor, results=True).models == (f"small/{RULE}",)


def test_a_model_that_trades_is_not_waited_for(arena: Small) -> None:
    floor = arena.floor
    trade(floor, MODEL)
    pass_by(arena.engine, 31)
    with floor.model_days.lock("small", MODEL):
        found = purged(floor, results=True)
    assert found.models == ()
    assert found.kept == (
        f"small/{MODEL} is kept: it is trading just now",
        f"calls of language models are kept: small/{MODEL} trades just now",
    )
    assert_is_sound(floor)
    assert purged(floor, results=True).models == (f"small/{MODEL}",)


def test_a_call_stays_that_a_younger_one_goes_on_from(arena: Small) -> None:
    """What was said last keeps the conversation before it; nothing else of that day does."""
    floor = arena.floor
    trade(floor, MODEL)
    calls = [floor.calls.of_day("small", MODEL, session) for session in SEVEN]
    day = next(of_day for of_day in calls if any(call.after for call in of_day))
    pass_by(arena.engine, 31)
    with arena.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        last = next(call for call in reversed(day) if call.after)
        young = "update model_calls set made_at = now() where key = :key"
        connection.execute(text(young), {"key": last.key})
    purged(floor, results=True)
    kept = [call for s in SEVEN for call in floor.calls.of_day("small", MODEL, s)]
    assert 1 < len(kept) < sum(map(len, calls))
    assert recorded_question(floor.calls, last)["items"]


def test_a_day_keeps_the_calls_that_it_was_told(arena: Small) -> None:
    floor = arena.floor
    trade(floor, MODEL)
    told = floor.calls.spent(model=MODEL).calls
    trade(floor, MODEL, 1, 5, fresh=True)  # tells it of another portfolio
    told_again = floor.calls.spent(model=MODEL).calls - told
    pass_by(arena.engine, 31)
    assert 0 < rows(purged(floor))["model_calls"] <= told
    with arena.engine.connect() as connection:
        left = connection.scalar(text("select count(*) from model_calls"))
    assert left >= told_again > 0
    assert_is_sound(floor)


def test_what_was_paid_for_stays_on_the_bill(arena: Small) -> None:
    floor = arena.floor
    trade(floor, MODEL)
    trade(floor, RULE)
    spent = floor.calls.spent(market="small", model=MODEL)
    pass_by(arena.engine, 31)
    assert rows(purged(floor, results=True))["model_calls"] == spent.calls > 0
    assert floor.calls.spent(market="small", model=MODEL) == spent
    assert floor.calls.spent(market="small", model=RULE).calls == 0


def test_what_a_job_has_spent_is_told_until_it_has_ended(arena: Small) -> None:
    """It may have a budget, and it may ask the same again."""
    floor = arena.floor
    job_id = floor.jobs.submit(JobRequest("small", SEVEN[0], SEVEN[0], (MODEL,), (SEVEN[0],)))
    site = CallSite("small", MODEL, SEVEN[0], 1, f"job-{job_id}")
    floor.calls.keep(ModelCall("key", None, site, "{}", Outcome.REPLIED, "{}", Usage(10)))
    pass_by(arena.engine, 31)
    assert rows(purged(floor)) == {}
    assert floor.calls.spent(request=site.request).tokens == 10
    floor.jobs.cancel(job_id)
    assert rows(purged(floor)) == {"model_calls": 1}
    assert floor.calls.spent(model=MODEL).tokens == 10


def test_the_guard_holds_for_everybody_else(arena: Small) -> None:
    floor = arena.floor
    trade(floor, RULE)
    purged(floor)
    with pytest.raises(Exception, match="append-only"), arena.engine.begin() as connection:
        connection.execute(text("delete from holdings"))


class Killed(BaseException):
    pass


@pytest.mark.parametrize("at", [1, 3])
def test_a_purge_that_is_killed_is_finished_by_the_next(
    arena: Small, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """In the middle of its transactions, whichever: what is half done is not done."""
    floor = arena.floor
    trade(floor, MODEL)
    trade(floor, MODEL, 1, 3)
    pass_by(arena.engine, 31)
    monkeypatch.setattr("aitrader_core.storage.retention._TOGETHER", 1)
    whole = Retention._gone_days
    left = iter(range(at))

    def cut_off(*asked: Any) -> Any:
        gone = whole(*asked)
        if next(left, None) is None:
            raise Killed
        return gone

    with monkeypatch.context() as patch:
        patch.setattr(Retention, "_gone_days", cut_off)
        with pytest.raises(Killed):  # there are three batches, and the chain
            purged(floor, results=True)
    assert_is_sound(floor)
    purged(floor, results=True)
    assert standing(floor)[MODEL] == []
    left_over = stored(arena.engine)
    assert all(not left_over[table] for table in (*OF_THE_LEDGER, "jobs", "model_calls"))


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("trade"),
            st.sampled_from([MODEL, RULE]),
            st.integers(0, 5),
            st.integers(1, 3),
            st.booleans(),
        ),
        st.tuples(st.just("pass by"), st.integers(1, 40)),
        st.tuples(st.just("purge"), st.booleans()),
    ),
    min_size=4,
    max_size=10,
)


@settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_whatever_was_traded_and_purged_stands(arena: Small, steps: list[tuple[Any, ...]]) -> None:
    for table in reversed(metadata.sorted_tables):
        if table.name not in ("bars", "vintages", "models"):
            unguarded(arena.engine, f"delete from {table.name}")
    floor = arena.floor
    for step, *rest in steps:
        if step == "trade":
            model, first, length, fresh = rest
            trade(floor, model, first, first + length, fresh=fresh)
        elif step == "pass by":
            pass_by(arena.engine, *rest)
        else:
            before, results = standing(floor), rest[0]
            found = purged(floor, results=results)
            gone = {name.partition("/")[2] for name in found.models}
            assert standing(floor) == {m: [] if m in gone else days for m, days in before.items()}
            assert results or not gone
            assert_is_sound(floor)
    purged(floor, results=True)
    assert_is_sound(floor)
