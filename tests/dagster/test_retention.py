"""A purge of Dagster's log on a real database: what the UI knows of assets is as before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.partition_status_cache import (
    get_and_update_asset_status_cache_value,
)
from sqlalchemy import create_engine, text

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.retention import Purged, purge
from aitrader_core.storage.databases import ensure_databases
from aitrader_core.storage.job import JobRequest, JobStatus
from aitrader_core.storage.urls import DatabaseUrls
from tests.dagster.world import MODEL_DAY, World, add_models, build, sessions

MONTH = timedelta(days=30)
LEADERBOARD = dg.AssetKey(["us", "leaderboard"])
CHECKS = ("ledger_closes", "chain_unbroken", "no_lookahead")
STORAGE = {"module": "aitrader_dagster.lib.storage", "class": "PooledPostgresStorage", "config": {}}
PURGE = {"purge_old": {"config": {"older_than_days": 30}}}


@dataclass(frozen=True)
class Kept(World):
    """On Dagster's own storage, as a real installation has it."""

    urls: DatabaseUrls

    def count(self, table: str, where: str = "true") -> int:
        with psycopg.connect(self.urls.dagster_libpq) as connection:
            row = connection.execute(f"select count(*) from {table} where {where}".encode())
            (number,) = row.fetchone() or (0,)
            return int(number)

    def execute(self, name: str, config: dict[str, Any] | None = None) -> dg.ExecuteInProcessResult:
        job = self.defs.resolve_job_def(name)
        run_config = {"ops": config or {}}
        return job.execute_in_process(
            instance=self.instance, run_config=run_config, raise_on_error=False
        )

    def purge(self, *, dry_run: bool = False, results: bool = False) -> Purged:
        """All that has happened until now is old."""
        then = datetime.now(UTC) + MONTH
        return purge(self.floor.engine, MONTH, then, dry_run=dry_run, results=results)

    def shown(self) -> dict[str, Any]:
        """What the UI has of the assets, from the tables and not from a cache."""
        instance, storage = self.instance, self.instance.event_log_storage
        model_days = self.defs.get_repository_def().asset_graph.get(MODEL_DAY).partitions_def
        latest = instance.get_latest_materialization_event(LEADERBOARD)
        checks = [dg.AssetCheckKey(MODEL_DAY, name) for name in CHECKS]
        with psycopg.connect(self.urls.dagster_libpq) as connection:
            connection.execute("update asset_keys set cached_status_data = null")
        state = get_and_update_asset_status_cache_value(instance, MODEL_DAY, model_days)
        return {
            "partitions": state,
            "failed": state and state.serialized_failed_partition_subset,
            "materialized": sorted(instance.get_materialized_partitions(MODEL_DAY)),
            "dimensions": sorted(map(repr, instance.get_event_tags_for_asset(MODEL_DAY))),
            "events": instance.fetch_materializations(MODEL_DAY, limit=1_000).records,
            "leaderboard": latest and latest.asset_materialization,
            "checks": storage.get_asset_check_summary_records(checks),
            "models": instance.get_dynamic_partitions("us_models"),
        }


@pytest.fixture
def kept(
    priced_database: DatabaseUrls,
    config_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Kept]:
    add_models(config_dir)
    monkeypatch.syspath_prepend(str(config_dir.parent))
    monkeypatch.setenv("AITRADER_DATABASE_URL", priced_database.libpq)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(config_dir))
    ensure_databases(priced_database)
    engine = create_engine(priced_database.engine)
    ref = InstanceRef.from_dir(str(tmp_path), overrides={"storage": {"custom": STORAGE}})
    with dg.DagsterInstance.from_ref(ref) as instance:
        world = build(Floor(load_arena(config_dir, "us"), engine), config_dir, instance)
        yield Kept(world.floor, instance, world.defs, priced_database)
    engine.dispose()


def backfill(kept: Kept, name: str, status: BulkActionStatus) -> None:
    began = datetime.now(UTC).timestamp()
    made = PartitionBackfill(
        name, status, False, {}, began, partition_names=[], reexecution_steps=[]
    )
    kept.instance.add_backfill(made)


def test_the_log_gets_smaller_and_the_assets_look_as_before(kept: Kept) -> None:
    failed = kept.run_range("flaky", "2012-06-05", "2012-06-07")
    assert not failed.success
    assert kept.run_day("momentum", "2012-06-01").success
    for _ in range(2):
        assert kept.run_range("momentum", "2012-06-04", "2012-06-05").success
    assert kept.execute("us_publish").success
    asked = {"enqueue": {"config": {"start": "2012-06-01", "end": "2012-06-01"}}}
    enqueued = kept.execute("enqueue_simulation", asked)
    assert enqueued.success
    backfill(kept, "ended", BulkActionStatus.COMPLETED_SUCCESS)
    backfill(kept, "going-on", BulkActionStatus.REQUESTED)
    before, rows = kept.shown(), kept.count("event_logs")
    assert before["failed"]

    told = kept.purge(dry_run=True)
    assert (kept.shown(), kept.count("event_logs")) == (before, rows)
    found = kept.purge()
    assert found.tables == told.tables
    assert kept.shown() == before
    assert found.tables["dagster event_logs"].rows == rows - kept.count("event_logs") > rows / 3
    planned = "dagster_event_type = 'ASSET_MATERIALIZATION_PLANNED'"
    assert kept.count("event_logs", planned) == 4  # two that failed, the newest of each asset
    assert found.tables["dagster runs"].rows == 1
    assert kept.instance.get_run_by_id(enqueued.run_id) is None
    assert kept.count("run_tags", f"run_id = '{enqueued.run_id}'") == 0
    left = kept.instance.get_run_by_id(failed.run_id)
    assert left
    assert left.status == dg.DagsterRunStatus.FAILURE
    assert [b.backfill_id for b in kept.instance.get_backfills()] == ["going-on"]
    assert not any(gone.rows for name, gone in kept.purge().tables.items() if "dagster" in name)
    assert kept.run_range("momentum", "2012-06-06", "2012-06-06").success  # and on it goes


def test_what_is_young_or_still_looked_at_keeps_its_log(kept: Kept) -> None:
    first, second = sessions(kept.floor, "2012-06-01", "2012-06-04")
    asked = JobRequest("us", first, second, ("momentum",), (first, second))
    job_id = kept.floor.jobs.submit(asked)
    kept.floor.jobs.start(job_id)
    tags = {"aitrader/job": str(job_id), "aitrader/models": "momentum", "aitrader/attempt": "1"}
    assert kept.run_range("momentum", "2012-06-01", "2012-06-01", tags).success
    cutoff = datetime.now(UTC)
    assert kept.execute("purge_old_rows", PURGE).success
    rows = kept.count("event_logs")
    purge(kept.floor.engine, MONTH, cutoff + MONTH, dry_run=False)
    assert kept.count("event_logs") == rows  # one run is the running job's, the other is young
    assert kept.floor.jobs.finish(job_id) == JobStatus.PARTIAL
    purge(kept.floor.engine, MONTH, cutoff + MONTH, dry_run=False)
    assert kept.count("event_logs") < rows


def test_days_that_went_are_not_shown_as_materialized(kept: Kept) -> None:
    assert kept.run_day("momentum", "2012-06-01").success  # with tags
    assert kept.run_range("momentum", "2012-06-04", "2012-06-05").success
    with kept.floor.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text("update model_days set stored_at = stored_at - interval '1 day'"))
    cutoff = datetime.now(UTC)
    assert kept.run_range("random", "2012-06-01", "2012-06-01").success
    then = cutoff + MONTH
    told = purge(kept.floor.engine, MONTH, then, dry_run=True, results=True)
    found = purge(kept.floor.engine, MONTH, then, dry_run=False, results=True)
    assert found.models == told.models == ("us/momentum",)
    assert found.tables == told.tables
    assert found.tables["dagster asset_event_tags"].rows >= 2
    assert kept.shown()["materialized"] == ["2012-06-01|random"]
    assert kept.count("asset_event_tags", "event_id not in (select id from event_logs)") == 0
    assert kept.count("runs") == 1
    assert kept.stored("random")


def test_the_job_purges_and_tells_how_much(kept: Kept) -> None:
    assert kept.execute("purge_old_rows", PURGE).success
    before = kept.count("event_logs")
    assert kept.purge().tables["dagster event_logs"].rows == before
    wrong = {"purge_old": {"config": {"older_than_days": 0}}}
    assert not kept.execute("purge_old_rows", wrong).success
