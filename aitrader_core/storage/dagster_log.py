"""Deletes from Dagster's own tables, by SQL: core never imports Dagster.

`instance.delete_run` is not for this: it deletes a run's materializations too, and with them its
partitions would be shown as missing, though their model-days are stored. What the UI shows of
assets, it reads from these rows (dagster and dagster-postgres as pinned in pyproject.toml):

- event_logs where asset_key is set: materializations, observations, planned and failed ones. The
  state of a partition is its latest planned event against its latest materialization, and for one
  that has no materialization the status of the planned event's run (partition_status_cache.py).
- event_logs of type ASSET_CHECK_*, which have no asset_key, and asset_check_executions.
- asset_keys, asset_event_tags (the dimensions of a partition, by the event's id),
  dynamic_partitions: small, or as many as the events above.

All of that stays, and so does the row of a run that any of it names: it says whether a partition
failed, and a materialization links to it. All other events of a finished run (its steps, its log
lines, inputs, outputs, engine) are shown on that run's own page and nowhere else. A run of which
nothing is left goes, its tags by cascade, and a backfill that has ended. Ticks of sensors and
schedules are purged by Dagster itself (`retention` in dagster.yaml); kvs, instance_info,
heartbeats and snapshots do not grow with time.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg.errors import UndefinedTable
from psycopg.sql import SQL, Identifier

from aitrader_core.domain.errors import StorageError
from aitrader_core.storage.databases import connect
from aitrader_core.storage.retention import Gone, Tables, added
from aitrader_core.storage.urls import DatabaseUrls

_TOGETHER = 500  # runs of one transaction


@dataclass(frozen=True)
class DagsterLog:
    """Dagster's tables up to a cutoff. A dry run counts the same rows and deletes none.

    `at_work` are the jobs that have not ended: the queue still looks at their runs.
    """

    connection: psycopg.Connection
    cutoff: datetime
    at_work: Sequence[int]
    dry_run: bool

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
            if events.rows and not self.dry_run:
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
        size = SQL("coalesce(pg_column_size(t.{}), 0) + 100").format(Identifier(wide))
        form = (
            SQL("select count(*), coalesce(sum({size}), 0) from {table} t where {which}")
            if self.dry_run
            else SQL(
                "with gone as (delete from {table} t where {which} returning {size} as bytes)"
                " select count(*), coalesce(sum(bytes), 0) from gone"
            )
        )
        query = form.format(table=Identifier(table), which=SQL(which), size=size)
        row = self.connection.execute(query, asked).fetchone()
        assert row is not None
        return Gone(int(row[0]), int(row[1]))


@contextmanager
def dagster_log(
    urls: DatabaseUrls, cutoff: datetime, at_work: Sequence[int], *, dry_run: bool
) -> Iterator[DagsterLog | None]:
    """None where no Dagster has been yet."""
    try:
        connection = connect(urls, urls.dagster_database)
    except StorageError:
        yield None
        return
    with connection:
        yield DagsterLog(connection, cutoff, at_work, dry_run) if _has_tables(connection) else None


def _has_tables(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("select from event_logs, runs, bulk_actions limit 0")
    except UndefinedTable:
        return False
    return True


_IS_OLD: LiteralString = """
    r.status in ('SUCCESS', 'FAILURE', 'CANCELED')
    and coalesce(to_timestamp(r.end_time), r.update_timestamp at time zone 'utc') < %(cutoff)s
"""
_IS_DETAIL: LiteralString = (
    "(asset_key is null and coalesce(dagster_event_type, '') not like 'ASSET_CHECK_%%')"
)
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
   and (exists (select from event_logs e where e.run_id = r.run_id and {_IS_DETAIL})
        or not exists (select from event_logs e where e.run_id = r.run_id)
           and not exists (select from asset_check_executions c where c.run_id = r.run_id))
 order by r.id
""")
_EVENTS: LiteralString = f"t.run_id = any(%(runs)s) and {_IS_DETAIL}"
_BARE_RUNS: LiteralString = f"""
    t.run_id = any(%(runs)s)
    and not exists (select from event_logs e where e.run_id = t.run_id and not {_IS_DETAIL})
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
