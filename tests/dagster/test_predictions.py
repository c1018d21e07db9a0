"""Predictions in Dagster: one run scores its sessions in one batch, and model-days take them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import create_engine, text

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.urls import DatabaseUrls
from aitrader_dagster.lib.resources import InferenceRunners
from tests.dagster.world import World, add_models, build
from tests.networks import add_network, linear, trading_by

PREDICTIONS = dg.AssetKey(["us", "predictions"])
WEEK = ["2012-06-01", "2012-06-04", "2012-06-05", "2012-06-06", "2012-06-07"]


@pytest.fixture
def world(
    priced_database: DatabaseUrls, config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """The us arena with two models that trade by networks."""
    add_models(config_dir)
    arena = config_dir / "arenas" / "us.yaml"
    arena.write_text(
        re.sub(r"models:.*?(?=\n\w)", "models: [random]", arena.read_text(), flags=re.S)
    )
    trading_by(config_dir, linear("steep", [1.0]), top=1)
    trading_by(config_dir, linear("flat", [0.0, 0.1]), top=3, every="session")
    monkeypatch.syspath_prepend(str(config_dir.parent))
    monkeypatch.setenv("AITRADER_DATABASE_URL", priced_database.libpq)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(config_dir))
    engine = create_engine(priced_database.engine)
    with dg.DagsterInstance.ephemeral() as instance:
        yield build(Floor(load_arena(config_dir, "us"), engine), config_dir, instance)
    engine.dispose()


def run(world: World, first: str, last: str, **how: Any) -> dg.ExecuteInProcessResult:
    job = world.defs.resolve_job_def("us_predictions")
    tags = {
        "dagster/asset_partition_range_start": first,
        "dagster/asset_partition_range_end": last,
    }
    return job.execute_in_process(instance=world.instance, tags=tags, raise_on_error=False, **how)


def inference(**config: object) -> dict[str, Any]:
    return {"resources": {"inference": {"config": config}}}


def told(world: World, key: dg.AssetKey) -> dict[str, object]:
    event = world.instance.get_latest_materialization_event(key)
    assert event is not None
    assert event.asset_materialization is not None
    return {n: m.value for n, m in event.asset_materialization.metadata.items()}


def stored(world: World) -> list[tuple[Any, ...]]:
    query = "select network, session::text from predictions order by network, session"
    with world.floor.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_range_is_scored_at_once_and_each_session_is_a_partition(world: World) -> None:
    assert run(world, WEEK[0], WEEK[-1]).success
    assert sorted(world.instance.get_materialized_partitions(PREDICTIONS)) == WEEK
    assert stored(world) == [(name, s) for name in ("flat", "steep") for s in WEEK]
    found = told(world, PREDICTIONS)
    assert (found["dagster/row_count"], found["scores of the run"]) == (8, 40)
    assert found["sessions asked now"] == 10
    assert (found["backend"], found["precision"]) == ("auto -> ort-cpu", "fp32")
    assert found.keys() >= {"network", "device", "versions", "seconds", "page"}
    assert str(found["network"]).startswith("steep ")
    assert "; flat " in str(found["network"])
    assert run(world, WEEK[0], WEEK[-1]).success
    assert told(world, PREDICTIONS)["sessions asked now"] == 0
    assert world.run_range("flat", WEEK[0], WEEK[-1]).success
    assert len(stored(world)) == 10, "they took what was there"
    assert told(world, world.model_day)["backend"] == "auto -> ort-cpu"


def test_a_run_may_choose_its_backend(world: World) -> None:
    chosen = inference(backend="ort-cpu", strict=True)
    job = world.defs.resolve_job_def("us_simulate")
    key = dg.MultiPartitionKey({"date": WEEK[0], "model": "flat"})
    done = job.execute_in_process(
        instance=world.instance, partition_key=key, run_config=chosen, raise_on_error=False
    )
    assert done.success
    found = told(world, world.model_day)
    assert (found["backend"], found["device"]) == ("ort-cpu -> ort-cpu", "CPU")
    day = world.floor.model_days.get("us", "flat", world.stored("flat")[0])
    assert day is not None
    assert day.manifest.agent["backend"] == "ort-cpu -> ort-cpu", "the IO manager's floor, too"


def test_a_backend_that_there_is_not_is_told_before_the_run(world: World) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError) as error:
        run(world, WEEK[0], WEEK[1], run_config=inference(backend="gpu"))
    assert "resources:inference:config:backend not in enum type" in str(error.value)
    assert "'ort-cuda'" in str(error.value)
    assert stored(world) == []


def test_settings_hold_where_nothing_is_said(
    config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AITRADER_INFERENCE_BACKEND", "ort-cpu")
    monkeypatch.setenv("AITRADER_INFERENCE_STRICT", "false")
    said, other = InferenceRunners().options(), InferenceRunners(backend="auto", precision="fp16")
    assert (said.backend, said.precision, said.strict) == ("ort-cpu", "fp32", False)
    assert (other.options().backend, other.options().precision) == ("auto", "fp16")
    network = add_network(config_dir, linear("net"))
    assert InferenceRunners().of(network) is InferenceRunners(backend="ort-cpu").of(network)


def test_a_session_without_prices_is_named_and_those_before_it_stand(world: World) -> None:
    with world.floor.engine.begin() as connection:
        connection.execute(text(f"delete from bars where session = '{WEEK[3]}'"))
    failed = run(world, WEEK[0], WEEK[-1])
    assert not failed.success
    fault = str(failed.failure_data_for_node("us__predictions"))
    for model in ("steep", "flat"):
        assert f"{model} from {WEEK[3]} on: AAPL, FB, GOOG, IBM, MSFT has no bar on " in fault
    assert sorted(world.instance.get_materialized_partitions(PREDICTIONS)) == WEEK[:3]


def test_model_days_come_after_predictions(world: World) -> None:
    graph = world.defs.get_repository_def().asset_graph
    assert PREDICTIONS in graph.get(world.model_day).parent_keys
    assert graph.get(PREDICTIONS).parent_keys == {dg.AssetKey(["us", "bars"])}
    assert graph.get(PREDICTIONS).kinds == {"onnx", "postgres"}
