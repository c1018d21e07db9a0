"""The model-day asset: one ordered chain for each model, however its runs are launched."""

from datetime import date

import dagster as dg

from aitrader_core.runner.requests import submit, submit_due
from aitrader_core.storage.job import DetailStatus, Job, JobStatus
from aitrader_dagster.lib.job_runs import ATTEMPT_TAG, JOB_TAG
from tests.dagster.world import MODEL_DAY, World, sessions

DASHBOARD = "http://127.0.0.1:8000"  # where it is unless a setting says otherwise


def test_a_single_day_at_the_start_is_an_output_of_the_io_manager(world: World) -> None:
    result = world.run_day("momentum", "2012-06-01")
    assert result.success
    assert world.stored("momentum") == [date(2012, 6, 1)]
    (event,) = result.get_asset_materialization_events()
    assert str(event.partition) == "2012-06-01|momentum"
    metadata = event.materialization.metadata
    assert "held at the close" in str(metadata["holdings"].value)
    assert "AAPL" in str(metadata["blotter"].value)
    assert metadata["page"].value == f"{DASHBOARD}/arenas/us/models/momentum/2012-06-01"


def test_three_single_days_form_a_chain(world: World) -> None:
    for day in sessions(world.floor, "2012-06-01", "2012-06-05"):
        assert world.run_day("equal_weight", str(day)).success
    first, second, third = (
        world.floor.model_days.get("us", "equal_weight", d) for d in world.stored("equal_weight")
    )
    assert first
    assert second
    assert third
    assert second.opening == first.as_opening
    assert third.opening == second.as_opening


def test_a_single_day_whose_predecessor_is_missing_names_where_to_start(world: World) -> None:
    assert world.run_day("momentum", "2012-06-01").success
    result = world.run_day("momentum", "2012-06-06")
    assert not result.success
    assert "start from 2012-06-04" in _failure(result)
    assert world.stored("momentum") == [date(2012, 6, 1)]


def test_a_single_day_of_a_model_that_never_traded_names_where_to_start(world: World) -> None:
    result = world.run_day("momentum", "2012-07-10")
    assert "start from 2012-06-01" in _failure(result)
    assert world.stored("momentum") == []


def test_a_failure_on_day_4_leaves_three_stored_and_three_materialized(world: World) -> None:
    result = world.run_range("flaky", "2012-06-01", "2012-06-14")
    assert not result.success
    assert "flaky on 2012-06-06" in _failure(result)
    assert "the market ate my homework" in _failure(result)
    assert [str(d) for d in world.stored("flaky")] == ["2012-06-01", "2012-06-04", "2012-06-05"]
    assert world.materialized("flaky") == ["2012-06-01", "2012-06-04", "2012-06-05"]


def test_a_job_is_partial_and_a_second_one_makes_only_what_is_missing(world: World) -> None:
    floor = world.floor
    models = ["flaky", "momentum"]
    job = _run_job(world, submit(floor, "2012-06-01", "2012-06-14", models, source="cli"))
    assert job.status is JobStatus.PARTIAL
    counts = floor.jobs.counts(job.id)
    assert (counts[DetailStatus.COMPLETED], counts[DetailStatus.FAILED]) == (13, 1)
    assert counts[DetailStatus.SKIPPED] == 6

    again = _run_job(world, submit(floor, "2012-06-01", "2012-06-14", models, source="cli"))
    details = floor.jobs.details(again.id)
    assert {d.status for d in details if d.model == "momentum"} == {DetailStatus.SKIPPED}
    flaky = [d.status.value for d in details if d.model == "flaky"]
    assert flaky == ["skipped"] * 3 + ["failed"] + ["skipped"] * 6


def test_a_job_without_a_start_goes_on_from_each_models_own_last_session(world: World) -> None:
    floor, models = world.floor, ["momentum", "random"]
    world.run_range("momentum", "2012-06-01", "2012-06-07")
    world.run_range("random", "2012-06-05", "2012-06-06")  # begun later than the arena's start
    job_id = submit_due(floor, None, "2012-06-08", models, source="cli")
    assert job_id
    asked = floor.jobs.sessions(job_id)
    assert asked == {"momentum": {date(2012, 6, 8)}, "random": {date(2012, 6, 7), date(2012, 6, 8)}}
    job = _run_job(world, job_id)
    assert job.status is JobStatus.COMPLETED
    assert floor.jobs.counts(job.id)[DetailStatus.COMPLETED] == 3
    assert submit_due(floor, None, "2012-06-08", models, source="cli") is None


def test_a_run_that_is_tried_again_keeps_what_its_request_stored(world: World) -> None:
    job_id = submit(world.floor, "2012-06-01", "2012-06-14", ["momentum"], source="cli")
    world.floor.jobs.start(job_id)
    tags = {JOB_TAG: str(job_id), ATTEMPT_TAG: "1"}
    world.run_range("momentum", "2012-06-01", "2012-06-07", tags)  # and then its process dies
    before = [world.floor.model_days.get("us", "momentum", d) for d in world.stored("momentum")]
    assert world.run_range(
        "momentum", "2012-06-01", "2012-06-14", {**tags, ATTEMPT_TAG: "2"}
    ).success
    after = [world.floor.model_days.get("us", "momentum", d) for d in world.stored("momentum")]
    assert after[: len(before)] == before
    assert [str(d) for d in world.stored("momentum")] == sorted(set(world.materialized("momentum")))
    attempts = {d.attempt for d in world.floor.jobs.details(job_id)}
    assert attempts == {1, 2}


def test_the_io_manager_loads_stored_days_for_assets_downstream(world: World) -> None:
    world.run_range("momentum", "2012-06-01", "2012-06-05")

    @dg.asset(
        ins={
            "days": dg.AssetIn(
                MODEL_DAY, input_manager_key="model_days", partition_mapping=_first_june_days()
            )
        }
    )
    def closes(days: dict[str, object]) -> list[str]:
        return sorted(days)

    assets = [*(world.defs.assets or ()), closes]
    result = dg.materialize(
        [a for a in assets if isinstance(a, dg.AssetsDefinition)],
        selection=[closes],
        instance=world.instance,
        resources=dict(world.defs.resources or {}),
    )
    assert result.output_for_node("closes") == ["2012-06-01|momentum", "2012-06-04|momentum"]


def _first_june_days() -> dg.PartitionMapping:
    return dg.SpecificPartitionsPartitionMapping(["2012-06-01|momentum", "2012-06-04|momentum"])


def _run_job(world: World, job_id: int) -> Job:
    """What the queue does, without the daemon."""
    jobs = world.floor.jobs
    jobs.start(job_id)
    job = jobs.get(job_id)
    assert job
    for model in job.models:
        tags = {JOB_TAG: str(job_id), ATTEMPT_TAG: "1"}
        world.run_range(model, str(job.first), str(job.last), tags)
    finished = jobs.get(job_id)
    assert finished
    return finished


def _failure(result: dg.ExecuteInProcessResult) -> str:
    failed = [e for e in result.all_events if e.is_step_failure]
    return failed[0].step_failure_data.error_display_string


def test_what_a_language_model_said_and_took_is_shown(world: World) -> None:
    result = world.run_day("scripted_llm", "2012-06-01")
    (event,) = result.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata["calls"].value == 2
    tokens = metadata["tokens"].value
    assert isinstance(tokens, int)
    assert tokens > 0
    assert metadata["dollars"].value == 0.0
    transcript = str(metadata["transcript"].value)
    assert "call portfolio" in transcript
    assert "No trades." in transcript


def test_those_that_ask_others_trade_in_one_run_with_the_rest(world: World) -> None:
    result = world.run_block("random", "scripted_llm", "2012-06-01", "2012-06-05")
    assert result.success
    for model in ("random", "scripted_llm"):
        days = ["2012-06-01", "2012-06-04", "2012-06-05"]
        assert [str(session) for session in world.stored(model)] == days
        assert world.materialized(model) == days
