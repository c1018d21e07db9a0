"""Deletes what is older than a cutoff and what nothing that stays depends on.

Each method is one transaction, or several that leave a whole database each: whoever is killed in
the middle of them has only to begin again. Nothing here waits for those who trade, nor do they
wait for longer than one such transaction takes. Finished jobs, superseded days and old failures
are touched by nobody else. A model's own days, and calls that a day in progress may be taking from
the record just now, go under the locks that trading holds; where one is taken, they are left.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Table,
    any_,
    delete,
    func,
    literal,
    or_,
    select,
    text,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY

from aitrader_core.storage.schema import (
    adjustments,
    backtest_runs,
    backtests,
    failed_days,
    fills,
    holdings,
    job_details,
    jobs,
    leaderboards,
    marks,
    model_days,
    models,
    order_events,
    orders,
    predictions,
    suggestion_scans,
    suggestions,
    transcripts,
    vintages,
)

_FINAL = ("completed", "partial", "failed", "canceled")
_CHILDREN = (orders, fills, adjustments, marks, holdings, order_events, transcripts)
_TOGETHER = 5_000  # model-days of one transaction
_ROW = 28  # bytes that PostgreSQL adds to the values of a row


@dataclass(frozen=True, slots=True)
class Gone:
    """Rows that went or would go, and the bytes that they are stored in."""

    rows: int = 0
    bytes: int = 0

    def __add__(self, other: "Gone") -> "Gone":
        return Gone(self.rows + other.rows, self.bytes + other.bytes)


Tables = Mapping[str, Gone]


@dataclass(frozen=True, slots=True)
class Chain:
    """The live days of one model. They go together, or not at all.

    `needed_from` is the first that is too young to go, or made for a job that stays; None when
    there is no such day. `needed_for` is the request that it was made for.
    """

    market: str
    model: str
    needed_from: date | None
    needed_for: str | None

    @property
    def name(self) -> str:
        return f"{self.market}/{self.model}"


class Retention:
    """Of one database, up to a cutoff. A dry run counts the same rows and deletes none."""

    def __init__(self, engine: Engine, cutoff: datetime, *, dry_run: bool) -> None:
        self._engine = engine
        self._cutoff = cutoff
        self._dry_run = dry_run

    def finished_jobs(self) -> Tables:
        """With the states of their model-days; what they made stays."""
        with self._purging() as connection:
            old = select(jobs.c.id).where(self._is_over())
            details = self._gone(connection, job_details, job_details.c.job_id.in_(old))
            return {"jobs": self._gone(connection, jobs, self._is_over()), "job_details": details}

    def superseded_days(self) -> Tables:
        """The newest first: a day goes before the one that it follows.

        Whatever follows a superseded day was superseded with it or before, so none is left over.
        """
        old = model_days.c.superseded_at < self._cutoff
        if self._dry_run:
            with self._purging() as connection:
                return self._gone_days(connection, old)
        found: dict[str, Gone] = {}
        newest = select(model_days.c.id).where(old).order_by(model_days.c.id.desc())
        while True:
            with self._purging() as connection:
                ids = connection.scalars(newest.limit(_TOGETHER)).all()
                if not ids:
                    return found
                batch = model_days.c.id == any_(literal(ids, ARRAY(BigInteger)))
                found = added(found, self._gone_days(connection, batch))

    def chains(self) -> Sequence[Chain]:
        """Every model's, by name."""
        with self._engine.connect() as connection:
            return self._chains(connection)

    def live_days(self, chain: Chain) -> Tables | None:
        """All that is stored of a model; None while it trades, or if it has traded by now."""
        with self._purging() as connection:
            if not self._dry_run and _locked(connection, [chain.name]):
                return None
            if not self._dry_run and [chain] != self._chains(connection, chain):
                return None
            of_model = (model_days.c.market == chain.market) & (model_days.c.model == chain.model)
            if self._dry_run:  # the superseded ones are counted already
                newer = model_days.c.superseded_at >= self._cutoff
                of_model &= or_(model_days.c.superseded_at.is_(None), newer)
            return self._gone_days(connection, of_model)

    def failed_days(self) -> Tables:
        with self._purging() as connection:
            old = failed_days.c.failed_at < self._cutoff
            return {"failed_days": self._gone(connection, failed_days, old)}

    def leaderboards(self) -> Tables:
        """But the newest of each market."""
        newest = select(func.max(leaderboards.c.id)).group_by(leaderboards.c.market)
        old = (leaderboards.c.published_at < self._cutoff) & leaderboards.c.id.not_in(newest)
        with self._purging() as connection:
            return {"leaderboards": self._gone(connection, leaderboards, old)}

    def tried(self) -> Tables:
        """Backtests that have ended, and scans with what they proposed."""
        ended = backtests.c.status.in_(_FINAL) & (backtests.c.finished_at < self._cutoff)
        looked = suggestion_scans.c.made_at < self._cutoff
        with self._purging() as connection:
            tests = select(backtests.c.id).where(ended)
            scans = select(suggestion_scans.c.id).where(looked)
            runs = self._gone(connection, backtest_runs, backtest_runs.c.backtest_id.in_(tests))
            proposed = self._gone(connection, suggestions, suggestions.c.scan_id.in_(scans))
            return {
                "backtests": self._gone(connection, backtests, ended),
                "backtest_runs": runs,
                "suggestion_scans": self._gone(connection, suggestion_scans, looked),
                "suggestions": proposed,
            }

    def predictions(self) -> Tables:
        """Whoever needs one again asks the network again."""
        with self._purging() as connection:
            old = predictions.c.made_at < self._cutoff
            return {"predictions": self._gone(connection, predictions, old)}

    def calls(self, leaving: Collection[Chain] = ()) -> Tables | Sequence[str]:
        """Those that no day that stays was told, nor any call that stays goes on from.

        What they took remains on the bill. Returns the names of models that trade just now, and
        then nothing goes. `leaving` are chains that a dry run has left in place.
        """
        names = [chain.name for chain in leaving]
        with self._purging() as connection:
            if not self._dry_run and (busy := _locked(connection, _everybody(connection))):
                return busy
            query = _CALLS_THERE if self._dry_run else _CALLS_GONE
            row = connection.execute(query, {"cutoff": self._cutoff, "leaving": names}).one()
            return {"model_calls": Gone(int(row[0]), int(row[1]))}

    def tidy(self, tables: Collection[str]) -> None:
        """Give the room of deleted rows back to their tables, and have the planner look again."""
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in sorted(tables):
                connection.execute(text(f"vacuum (analyze) {table}"))

    def markets(self) -> Sequence[str]:
        with self._engine.connect() as connection:
            return connection.scalars(
                union(select(models.c.market), select(vintages.c.market))
            ).all()

    def unfinished_jobs(self) -> Sequence[int]:
        with self._engine.connect() as connection:
            return connection.scalars(select(jobs.c.id).where(jobs.c.status.not_in(_FINAL))).all()

    @contextmanager
    def _purging(self) -> Iterator[Connection]:
        """A transaction in which the ledger lets rows go; see sql/ledger.sql."""
        with self._engine.begin() as connection:
            if not self._dry_run:
                connection.execute(text("set local aitrader.purging = 'on'"))
            yield connection

    def _is_over(self) -> ColumnElement[bool]:
        return jobs.c.status.in_(_FINAL) & (jobs.c.finished_at < self._cutoff)

    def _chains(self, connection: Connection, of: Chain | None = None) -> Sequence[Chain]:
        asked = {"cutoff": self._cutoff, "final": list(_FINAL)}
        model = {"market": of and of.market, "model": of and of.model}
        return [Chain(*row) for row in connection.execute(_CHAINS, {**asked, **model})]

    def _gone_days(self, connection: Connection, which: ColumnElement[bool]) -> Tables:
        ids = select(model_days.c.id).where(which)
        children = {
            table.name: self._gone(connection, table, table.c.model_day_id.in_(ids))
            for table in _CHILDREN
        }
        return {"model_days": self._gone(connection, model_days, which), **children}

    def _gone(self, connection: Connection, table: Table, which: ColumnElement[bool]) -> Gone:
        size = _size(table).label("bytes")
        found = (
            select(size).select_from(table).where(which)
            if self._dry_run
            else delete(table).where(which).returning(size)
        ).cte("gone")
        row = connection.execute(
            select(func.count(), func.coalesce(func.sum(found.c.bytes), 0)).select_from(found)
        ).one()
        return Gone(int(row[0]), int(row[1]))


def added(one: Tables, other: Tables) -> dict[str, Gone]:
    """Both together, table by table."""
    names = dict.fromkeys([*one, *other])
    return {name: one.get(name, Gone()) + other.get(name, Gone()) for name in names}


def _size(table: Table) -> ColumnElement[int]:
    """As stored, compressed where it is: nothing is read from TOAST for it."""
    sizes = (func.coalesce(func.pg_column_size(column), 0) for column in table.columns)
    return sum(sizes, literal(_ROW))


def _everybody(connection: Connection) -> Sequence[str]:
    return connection.scalars(_EVERYBODY).all()


def _locked(connection: Connection, names: Sequence[str]) -> Sequence[str]:
    """Take the locks of these models for this transaction; the names of those that are taken."""
    return connection.scalars(_TAKE, {"names": list(names)}).all()


_EVERYBODY = text("""
select market || '/' || name from models
 union select market || '/' || model from latest_days
""")
# As PostgresStore.lock takes them.
_TAKE = text("""
with asked as materialized (
    select name, pg_try_advisory_xact_lock(hashtextextended('model ' || name, 0)) as is_ours
      from unnest(cast(:names as text[])) as name)
select name from asked where not is_ours order by name
""")

_CHAINS = text("""
with live as (
    select d.market, d.model, d.session, d.request,
           d.stored_at >= :cutoff
           or exists (select from jobs j
                       where 'job-' || j.id = d.request
                         and not (j.status = any(:final) and j.finished_at < :cutoff)) as is_needed
      from model_days d
     where d.superseded_at is null
       and (cast(:model as text) is null or (d.market, d.model) = (:market, :model)))
select market, model, min(session) filter (where is_needed) as needed_from,
       (array_agg(request order by session) filter (where is_needed))[1] as needed_for
  from live group by market, model order by market, model
""")

_USED = "call_count, input_tokens, cached_tokens, output_tokens, reasoning_tokens, dollars, waited"
_USED_TOGETHER = ", ".join(f"sum({name})" for name in _USED.split(", "))
_CALL_SIZE = f"""{_ROW} + pg_column_size(asked) + pg_column_size(reply) + 2 * pg_column_size(key)
                 + pg_column_size(digest)"""
# A day that stays was told what its transcript names; a call that stays is young, or may still be
# asked for by its job, and goes on from the one before it, that from the one before, and so on.
_NEEDED = """
with recursive stays as (
    select * from model_calls c
     where made_at >= :cutoff
        or exists (select from jobs j
                    where 'job-' || j.id = c.request and j.status in ('pending', 'running'))),
needed (key) as (
    select e.entry ->> 'id'
      from model_days d
      join transcripts t on t.model_day_id = d.id
     cross join lateral jsonb_array_elements(t.entries) as e (entry)
     where d.call_count > 0 and e.entry -> 'usage' is not null
       and (d.superseded_at is null or d.superseded_at >= :cutoff)
       and d.market || '/' || d.model <> all(cast(:leaving as text[]))
     union
    select key from stays
     union
    select c.after_key from needed n join model_calls c on c.key = n.key
     where c.after_key is not null)
"""
_UNNEEDED = "not exists (select from needed n where n.key = c.key)"
_CALLS_THERE = text(f"""
{_NEEDED} select count(*), coalesce(sum({_CALL_SIZE}), 0) from model_calls c where {_UNNEEDED}
""")
_CALLS_GONE = text(f"""
{_NEEDED}, gone as (
    delete from model_calls c where {_UNNEEDED}
    returning market, model, {_CALL_SIZE} as bytes, {_USED}),
billed as (
    insert into purged_spending (market, model, {_USED})
    select market, model, {_USED_TOGETHER} from gone group by market, model)
select count(*), coalesce(sum(bytes), 0) from gone
""")
