"""Deletes from Dagster's own tables, by SQL: core never imports Dagster.

`instance.delete_run` is not for this: it deletes a run's materializations too, and with them its
partitions would be shown as missing, though their model-days are stored. What the UI shows of
assets, it reads from these rows (dagster and dagster-postgres as pinned in pyproject.toml):

- event_logs where asset_key is set: materializations, observations, failures, and what was
  planned. A partition is materialized if it has such an event. It failed or is in progress if its
  latest planned event is later than that, by the status of the planned event's run
  (get_latest_asset_partition_materialization_attempts_without_materializations in
  sql_event_log.py, partition_status_cache.py). An asset's newest one names its latest run.
- event_logs of type ASSET_CHECK_*, which have no asset_key, and asset_check_executions.
- asset_keys, asset_event_tags (the dimensions of a partition, by the event's id),
  dynamic_partitions: small, or as many as the events above.

That stays, and so does the row of a run that any of it names: it says whether a partition failed,
and a materialization links to it. What was planned for a partition and then made by the same run
says nothing any more, but for the newest of an asset; it is half of what a model-day leaves here.
All other events of a finished run (its steps, its log lines, inputs, outputs, engine) are shown on
that run's own page and nowhere else. A run of which
nothing is left goes, its tags by cascade, and a backfill that has ended. Ticks of sensors and
schedules are purged by Dagster itself (`retention` in dagster.yaml); kvs, instance_info,
heartbeats and snapshots do not grow with time.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

from aitrader_core.domain.errors import StorageError
from aitrader_core.storage.databases import connect
from aitrader_core.storage.retention import Gone, Tables, added
from aitrader_core.storage.urls import DatabaseUrls

_TOGETHER = 500  # runs of one transaction


@dataclass(frozen=True)
class DagsterLog:
    """Dagster's tables up to a cutoff.

    `at_work` are the jobs that have not ended: the queue still looks at their runs.
    """

    connection: psycopg.Connection
    cutoff: datetime
    at_work: Sequence[int]

    def finished_runs(self) -> Tables:
        """What only their own pages show, and the runs themselves where nothing else is left."""
        asked = {"cutoff": self.cutoff, "jobs": [str(job_id) for job_id in self.at_work]}
        old = [run_id for (run_id,) in self.connection.execute(_OLD_RUNS, asked)]
        found: Tables = {}
        for at in range(0, len(old), _TOGETHER):
            batch = {"runs": old[at : at + _TOGETHER]}
            with self.connection.transaction():
                events = self._gone("event_logs", _EVENTS, batch, "event")
                runs = self._gone("runs", _BARE_RUNS, batch, "run_body")
            found = added(found, {"dagster event_logs": events, "dagster runs": runs})
        return found

    def ended_backfills(self) -> Tables:
        """A run of one that is executed again makes its own partitions then, as a single run."""
        with self.connection.transaction():
            asked = {"cutoff": self.cutoff}
            tags = self._gone("backfill_tags", _TAGS_OF_BACKFILLS, asked, "value")
            return {
                "dagster bulk_actions": self._gone("bulk_actions", _BACKFILLS, asked, "body"),
                "dagster backfill_tags": tags,
            }

    def unstored_days(self, market: str, stored: Collection[str]) -> Tables:
        """Materializations of models of which no day is stored: `stored` are those that have one.

        The state of the partitions is made anew by whoever looks at it next.
        """
        asset = f'["{market}", "model_day"]'
        asked = {"asset": asset, "models": list(stored), "cutoff": self.cutoff}
        with self.connection.transaction():
            tags = self._gone("asset_event_tags", _TAGS_OF_EVENTS, asked, "value")
            events = self._gone("event_logs", _UNSTORED, asked, "event")
            if events.rows:
                self.connection.execute(_FORGET_STATE, asked)
        return {"dagster event_logs": events, "dagster asset_event_tags": tags}

    def tidy(self, tables: Collection[str]) -> None:
        """As Retention.tidy, by the names that the other methods return."""
        for name in sorted(tables):
            table = Identifier(name.removeprefix("dagster "))
            self.connection.execute(SQL("vacuum (analyze) {}").format(table))

    def _gone(
        self, table: LiteralString, which: LiteralString, asked: dict[str, Any], wide: LiteralString
    ) -> Gone:
        """`wide` is the column that nearly all of a row is."""
        query = SQL(
            "with gone as (delete from {table} t where {which}"
            "              returning coalesce(pg_column_size(t.{wide}), 0) + 100 as bytes)"
            " select count(*), coalesce(sum(bytes), 0) from gone"
        ).format(table=Identifier(table), which=SQL(which), wide=Identifier(wide))
        row = self.connection.execute(query, asked).fetchone()
        assert row is not None
        return Gone(int(row[0]), int(row[1]))


@contextmanager
def dagster_log(
    urls: DatabaseUrls, cutoff: datetime, at_work: Sequence[int], *, dry_run: bool
) -> Iterator[DagsterLog | None]:
    """None where no Dagster has been yet.

    A dry run deletes the same and takes it all back, since what is left of a run depends on what
    went before; a deletion that is undone leaves nothing behind in the tables.
    """
    try:
        connection = connect(urls, urls.dagster_database)
    except StorageError:
        yield None
        return
    with connection, connection.transaction(force_rollback=True) if dry_run else nullcontext():
        yield DagsterLog(connection, cutoff, at_work) if _has_tables(connection) else None


def _has_tables(connection: psycopg.Connection) -> bool:
    found = connection.execute("select to_regclass('event_logs'), to_regclass('bulk_actions')")
    return None not in (found.fetchone() or ())


_IS_OLD: LiteralString = """
    r.status in ('SUCCESS', 'FAILURE', 'CANCELED')
    and coalesce(to_timestamp(r.end_time), r.update_timestamp at time zone 'utc') < %(cutoff)s
"""


def _is_detail(e: LiteralString) -> LiteralString:
    """Of a row of event_logs: whether only its run's own page shows it."""
    return f"""(
    {e}.asset_key is null and coalesce({e}.dagster_event_type, '') not like 'ASSET_CHECK_%%'
    or {e}.dagster_event_type = 'ASSET_MATERIALIZATION_PLANNED'
       and exists (select from event_logs m
                    where (m.asset_key, m.partition, m.run_id)
                          = ({e}.asset_key, {e}.partition, {e}.run_id) and m.id > {e}.id
                      and m.dagster_event_type = 'ASSET_MATERIALIZATION')
       and {e}.id < (select max(n.id) from event_logs n
                      where (n.asset_key, n.dagster_event_type)
                            = ({e}.asset_key, {e}.dagster_event_type)))"""


_ENDED: LiteralString = (
    "status in ('COMPLETED', 'COMPLETED_SUCCESS', 'COMPLETED_FAILED', 'FAILED', 'CANCELED')"
)

# With something to delete: a run that is kept for its materializations comes here once.
_OLD_RUNS = SQL(f"""
select r.run_id from runs r
 where {_IS_OLD}
   and not exists (select from run_tags t where t.run_id = r.run_id and t.key = 'aitrader/job'
                                            and t.value = any(%(jobs)s))
   and not exists (select from bulk_actions b where b.key = r.backfill_id and not {_ENDED})
   and (exists (select from event_logs e where e.run_id = r.run_id and {_is_detail("e")})
        or not exists (select from event_logs e where e.run_id = r.run_id)
           and not exists (select from asset_check_executions c where c.run_id = r.run_id))
 order by r.id
""")
_EVENTS: LiteralString = f"t.run_id = any(%(runs)s) and {_is_detail('t')}"
_BARE_RUNS: LiteralString = f"""
    t.run_id = any(%(runs)s)
    and not exists (select from event_logs e where e.run_id = t.run_id and not {_is_detail("e")})
    and not exists (select from asset_check_executions c where c.run_id = t.run_id)
"""
_BACKFILLS: LiteralString = f"""
    t.{_ENDED} and t.timestamp at time zone 'utc' < %(cutoff)s
    and not exists (select from runs r where r.backfill_id = t.key and not ({_IS_OLD}))
"""
_TAGS_OF_BACKFILLS: LiteralString = (
    f"t.backfill_id in (select t.key from bulk_actions t where {_BACKFILLS})"
)
_UNSTORED: LiteralString = """
    t.asset_key = %(asset)s and t.partition is not null
    and split_part(t.partition, '|', 2) <> all(%(models)s)
    and t.timestamp at time zone 'utc' < %(cutoff)s
"""
_TAGS_OF_EVENTS: LiteralString = f"t.event_id in (select t.id from event_logs t where {_UNSTORED})"
_FORGET_STATE = "update asset_keys set cached_status_data = null where asset_key = %(asset)s"
