"""The queue, the schedule and the model partitions, tick by tick and without the daemon."""

import time
from datetime import UTC, date, datetime
from uuid import uuid4

import dagster as dg
import pytest
from sqlalchemy import text

from aitrader_core.runner.requests import submit
from aitrader_core.storage.job import DetailStatus, JobStatus
from aitrader_dagster.defs import queue
from aitrader_dagster.defs.queue import bury_the_dead, tend
from aitrader_dagster.defs.results import STATE_TAG, publication
from aitrader_dagster.lib.job_runs import ATTEMPT_TAG, JOB_TAG, MODELS_TAG
from aitrader_dagster.lib.partitions import market_partitions
from tests.dagster.world import RESOURCES, World


def _tick(world: World) -> tuple[list[str | None], str]:
    requests, said = tend(world.instance, world.floor, market_partitions(world.floor.arena))
    return [request.run_key for request in requests], said


def _submit(world: World, models: list[str], last: str = "2012-06-05") -> int:
    return submit(world.floor, "2012-06-01", last, models, source="test")


def _run(
    world: World, job_id: int, model: str, status: dg.DagsterRunStatus, attempt: int = 1
) -> dg.DagsterRun:
    run = dg.DagsterRun(
        job_name="us_simulate",
        run_id=str(uuid4()),
        status=status,
        tags={JOB_TAG: str(job_id), MODELS_TAG: model, ATTEMPT_TAG: str(attempt)},
    )
    return world.instance.add_run(run)


def test_the_oldest_job_starts_with_a_run_for_neighbours(world: World) -> None:
    """Of the partitions: a range of them can't leave one out, and takes three at most."""
    first = _submit(world, ["momentum", "pattern"])
    second = _submit(world, ["momentum"])
    keys, _ = _tick(world)
    assert keys == [f"job-{first}-momentum-1"]
    states = [world.floor.jobs.get(j) for j in (first, second)]
    assert [job.status for job in states if job] == [JobStatus.RUNNING, JobStatus.PENDING]


def test_a_tick_that_died_after_marking_the_job_is_made_good_by_the_next(world: World) -> None:
    job = _submit(world, ["momentum", "pattern"])
    _tick(world)  # and then the daemon dies, no run is launched
    keys, _ = _tick(world)
    assert keys == [f"job-{job}-momentum-1"]


def test_models_that_are_no_neighbours_get_runs_of_their_own(world: World) -> None:
    job = _submit(world, ["pattern", "buy_and_hold", "daily_mlp", "flaky", "slow", "momentum"])
    keys, _ = _tick(world)
    assert keys == [f"job-{job}-flaky-1", f"job-{job}-momentum-1"]


def test_a_run_that_was_created_and_not_launched_is_asked_for_again(world: World) -> None:
    job = _submit(world, ["momentum"])
    _tick(world)
    _run(world, job, "momentum", dg.DagsterRunStatus.NOT_STARTED)
    assert _tick(world)[0] == [f"job-{job}-momentum-1"]


def test_a_running_job_waits_for_its_runs(world: World) -> None:
    job = _submit(world, ["momentum"])
    _tick(world)
    _run(world, job, "momentum", dg.DagsterRunStatus.STARTED)
    assert _tick(world) == ([], f"job {job} is running")


def test_a_lost_run_is_tried_three_times(world: World) -> None:
    job = _submit(world, ["momentum"])
    _tick(world)
    for attempt in (1, 2):
        _run(world, job, "momentum", dg.DagsterRunStatus.FAILURE, attempt)
        assert _tick(world)[0] == [f"job-{job}-momentum-{attempt + 1}"]
    _run(world, job, "momentum", dg.DagsterRunStatus.FAILURE, 3)
    assert _tick(world)[0] == []
    found = world.floor.jobs.get(job)
    assert found
    assert found.status is JobStatus.FAILED
    reasons = {detail.reason for detail in world.floor.jobs.details(job)}
    assert reasons == {"its run ended before this session was simulated"}


def test_a_run_that_somebody_terminated_is_not_tried_again(world: World) -> None:
    job = _submit(world, ["momentum"])
    _tick(world)
    _run(world, job, "momentum", dg.DagsterRunStatus.CANCELED)
    assert _tick(world) == ([], "no job is pending")
    found = world.floor.jobs.get(job)
    assert found
    assert found.status is JobStatus.FAILED


def test_a_model_that_fails_is_not_tried_again(world: World) -> None:
    job = _submit(world, ["flaky"], last="2012-06-08")
    _tick(world)
    tags = {JOB_TAG: str(job), MODELS_TAG: "flaky", ATTEMPT_TAG: "1"}
    world.run_range("flaky", "2012-06-01", "2012-06-08", tags)
    assert _tick(world) == ([], "no job is pending")
    found = world.floor.jobs.get(job)
    assert found
    assert found.status is JobStatus.PARTIAL


def test_a_canceled_job_launches_nothing_and_frees_the_queue(world: World) -> None:
    job = _submit(world, ["momentum", "pattern"])
    _tick(world)
    run = _run(world, job, "momentum", dg.DagsterRunStatus.STARTED)
    world.floor.jobs.cancel(job)
    assert _tick(world) == ([], f"job {job} is running")
    world.instance.report_run_canceled(run)
    assert _tick(world) == ([], "no job is pending")
    found = world.floor.jobs.get(job)
    assert found
    assert found.status is JobStatus.CANCELED
    assert world.floor.jobs.counts(job)[DetailStatus.CANCELED] == 6


def test_a_job_waits_while_somebody_simulates(world: World) -> None:
    job = _submit(world, ["momentum"])
    with world.floor.turns.turn("us", "backfill-abc", "some-run"):
        assert _tick(world) == ([], f"job {job} waits for a run that is simulating")
    assert _tick(world)[0] == [f"job-{job}-momentum-1"]


def test_a_silent_run_is_dead_at_the_second_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _submit(world, ["momentum"])
    run = _run(world, job, "momentum", dg.DagsterRunStatus.STARTING)
    world.instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "us_simulate"), run.run_id
    )
    with world.floor.turns.turn("us", f"job-{job}", run.run_id):
        assert bury_the_dead(world.instance, world.floor, {}) == {}
    seen = bury_the_dead(world.instance, world.floor, {})
    assert list(seen) == [run.run_id]
    monkeypatch.setattr(queue, "GONE_FOR", 0.0)
    assert bury_the_dead(world.instance, world.floor, {run.run_id: time.time() - 1}) == {}
    buried = world.instance.get_run_by_id(run.run_id)
    assert buried
    assert buried.status is dg.DagsterRunStatus.FAILURE


def test_a_run_that_is_starting_for_too_long_is_dead_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = _submit(world, ["momentum"])
    run = _run(world, job, "momentum", dg.DagsterRunStatus.NOT_STARTED)
    starting = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, "us_simulate")
    world.instance.report_dagster_event(starting, run.run_id)
    assert bury_the_dead(world.instance, world.floor, {}) == {}
    monkeypatch.setattr(queue, "STARTING_FOR", 0.0)
    assert list(bury_the_dead(world.instance, world.floor, {})) == [run.run_id]


def test_the_schedule_catches_up_each_model_from_its_own_last_session(world: World) -> None:
    world.run_range("momentum", "2012-06-01", "2012-06-14")
    (asked,) = _evaluate_schedule(world)
    config = asked.run_config["ops"]["enqueue"]["config"]
    assert (config.get("start"), config["end"]) == (None, "2013-03-01")


def test_the_model_partitions_follow_the_configuration(world: World) -> None:
    world.instance.add_dynamic_partitions("us_models", ["left_long_ago"])
    world.instance.delete_dynamic_partition("us_models", "momentum")
    sensor = world.defs.get_repository_def().get_sensor_def("us_models")
    context = dg.build_sensor_context(
        instance=world.instance,
        repository_def=world.defs.get_repository_def(),
        resources=RESOURCES,
    )
    added, deleted = sensor.evaluate_tick(context).dynamic_partitions_requests or ()
    assert added.partition_keys == ["momentum"]
    assert deleted.partition_keys == ["left_long_ago"]


def _evaluate_schedule(world: World) -> list[dg.RunRequest]:
    repository = world.defs.get_repository_def()
    context = dg.build_schedule_context(
        instance=world.instance,
        scheduled_execution_time=datetime(2013, 3, 1, 22, 30, tzinfo=UTC),
        repository_def=repository,
        resources=RESOURCES,
    )
    return list(repository.get_schedule_def("us_daily").evaluate_tick(context).run_requests or [])


def test_sessions_are_the_calendars(world: World) -> None:
    assert date(2012, 10, 29) not in world.floor.arena.sessions  # hurricane Sandy


def test_a_run_that_checks_the_ledger_is_alive(world: World) -> None:
    with world.floor.turns.at_work("some-run"):
        assert world.floor.turns.alive(["some-run", "another"]) == {"some-run"}
    assert world.floor.turns.alive(["some-run"]) == set()


def test_the_checks_pass_and_find_what_is_wrong(world: World) -> None:
    world.run_range("momentum", "2012-06-01", "2012-06-05")
    assert _failed_checks(world) == set()
    with world.floor.engine.begin() as connection:
        connection.execute(text("set session_replication_role = replica"))
        connection.execute(text("update holdings set quantity = quantity + 1"))
        connection.execute(text("set session_replication_role = default"))
    assert "ledger_closes" in _failed_checks(world)


def _failed_checks(world: World) -> set[str]:
    job = world.defs.resolve_job_def("us_publish")
    result = job.execute_in_process(instance=world.instance)
    return {e.check_name for e in result.get_asset_check_evaluations() if not e.passed}


@pytest.mark.parametrize(
    ("job", "selection", "watched"),
    [
        ("us_simulate", None, True),
        ("us_publish", None, True),
        ("__ASSET_JOB", [["us", "model_day"]], True),
        ("__ASSET_JOB", [["us", "leaderboard"]], True),
        ("__ASSET_JOB", [["us", "bars"]], True),
        ("eu_simulate", None, False),
        ("enqueue_simulation", None, False),
    ],
)
def test_the_runs_that_give_signs_of_life_are_watched(
    world: World, job: str, selection: list[list[str]] | None, watched: bool
) -> None:
    run = dg.DagsterRun(
        job_name=job,
        run_id=str(uuid4()),
        status=dg.DagsterRunStatus.STARTING,
        asset_selection=frozenset(dg.AssetKey(p) for p in selection) if selection else None,
    )
    world.instance.add_run(run)
    begun = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job)
    world.instance.report_dagster_event(begun, run.run_id)
    assert list(bury_the_dead(world.instance, world.floor, {})) == [run.run_id] * watched


def test_a_publication_that_was_lost_is_tried_three_times(world: World) -> None:
    def published(status: dg.DagsterRunStatus) -> None:
        run = dg.DagsterRun("us_publish", run_id=str(uuid4()), status=status)
        world.instance.add_run(run.with_tags({STATE_TAG: "7.0"}))

    for attempt in (1, 2, 3):
        asked = publication(world.instance, "us_publish", "7.0")
        assert isinstance(asked, dg.RunRequest)
        assert (asked.run_key, asked.tags) == (f"7.0-{attempt}", {STATE_TAG: "7.0"})
        published(dg.DagsterRunStatus.FAILURE)
    assert isinstance(publication(world.instance, "us_publish", "7.0"), dg.SkipReason)
    published(dg.DagsterRunStatus.STARTED)
    assert isinstance(publication(world.instance, "us_publish", "8.0"), dg.RunRequest)


def test_a_publication_that_goes_on_is_waited_for(world: World) -> None:
    run = dg.DagsterRun("us_publish", run_id=str(uuid4()), status=dg.DagsterRunStatus.NOT_STARTED)
    run = world.instance.add_run(run.with_tags({STATE_TAG: "7.0"}))
    asked = publication(world.instance, "us_publish", "7.0")
    assert isinstance(asked, dg.RunRequest)
    assert asked.run_key == "7.0-1"  # of the run that was created and not launched
    starting = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, "us_publish")
    world.instance.report_dagster_event(starting, run.run_id)
    assert isinstance(publication(world.instance, "us_publish", "7.0"), dg.SkipReason)
