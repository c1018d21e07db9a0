"""Deletes what is older than so many days, here and in Dagster's own log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field
from sqlalchemy import Engine

from aitrader_core.runner.config import Frozen, read
from aitrader_core.storage.dagster_log import DagsterLog, dagster_log
from aitrader_core.storage.retention import Chain, Gone, Retention, Tables, added
from aitrader_core.storage.urls import DatabaseUrls

FILE = "retention"


class RetentionConfig(Frozen):
    """configs/retention.yaml: what the schedule `retention` deletes."""

    older_than_days: Annotated[int, Field(ge=1, le=36_500)]
    results: bool


@dataclass(frozen=True, slots=True)
class Purged:
    """What went, or would go, by table; Dagster's have `dagster` before their name.

    `models` lost all their days; `kept` says in sentences what stayed though it is old.
    """

    cutoff: datetime
    dry_run: bool
    tables: Mapping[str, Gone]
    models: tuple[str, ...]
    kept: tuple[str, ...]

    @property
    def total(self) -> Gone:
        return sum(self.tables.values(), Gone())


def retention_config(config_dir: Path) -> RetentionConfig | None:
    """None where there is no such file. ConfigError names the key that is wrong."""
    if not (config_dir / f"{FILE}.yaml").is_file():
        return None
    return read(config_dir, FILE, RetentionConfig)


def purge(
    engine: Engine, older_than: timedelta, now: datetime, *, dry_run: bool, results: bool = False
) -> Purged:
    """Delete finished jobs, superseded days, failed days, old leaderboards, backtests, proposals,
    predictions, calls that no day refers to, and what only the pages of old runs show.

    With `results` also the days that stand, of models that have not traded since. A dry run
    deletes nothing, and tells the same.
    """
    cutoff = now - older_than
    retention = Retention(engine, cutoff, dry_run=dry_run)
    chains = retention.chains() if results else []
    found = added(retention.finished_jobs(), retention.superseded_days())
    leaving, kept = [], []
    for chain in chains:
        if chain.needed_from is not None:
            kept.append(_needed(chain))
        elif (days := retention.live_days(chain)) is None:
            kept.append(f"{chain.name} is kept: it is trading just now")
        else:
            leaving.append(chain)
            found = added(found, days)
    found = added(found, retention.failed_days())
    found = added(added(found, retention.leaderboards()), retention.tried())
    found = added(found, retention.predictions())
    calls = retention.calls(leaving)
    if isinstance(calls, Mapping):
        found = added(found, calls)
    else:
        kept.append(f"calls of language models are kept: {', '.join(calls)} trades just now")
    ours = [table for table, gone in found.items() if gone.rows]
    urls = DatabaseUrls(engine.url.render_as_string(hide_password=False))
    with dagster_log(urls, cutoff, retention.unfinished_jobs(), dry_run=dry_run) as log:
        theirs = {} if log is None else _of_dagster(log, retention, leaving, results=results)
        if log is not None and not dry_run:
            log.tidy([table for table, gone in theirs.items() if gone.rows])
    if not dry_run:
        retention.tidy(ours)
    names = tuple(chain.name for chain in leaving)
    return Purged(cutoff, dry_run, added(found, theirs), names, tuple(kept))


def _of_dagster(
    log: DagsterLog, retention: Retention, leaving: Sequence[Chain], *, results: bool
) -> Tables:
    """Partitions first: of a run that has no other, nothing is left then."""
    found: Tables = {}
    if results:
        staying = set(retention.chains()) - set(leaving)
        for market in retention.markets():
            stored = [chain.model for chain in staying if chain.market == market]
            found = added(found, log.unstored_days(market, stored))
    found = added(found, log.finished_runs())
    return added(found, log.ended_backfills())


def _needed(chain: Chain) -> str:
    return (
        f"{chain.name} is kept: its days from {chain.needed_from} on were made for "
        f"{chain.needed_for}, which is not as old, and need those before them"
    )
