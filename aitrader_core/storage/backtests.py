"""Backtests and their trials, as they are kept."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Engine, RowMapping, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or

from aitrader_core.storage.backtest import Backtest, BacktestRequest, BacktestStatus, Trial
from aitrader_core.storage.database import for_reading
from aitrader_core.storage.schema import backtest_runs, backtests


class Backtests:
    """Those of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, asked: BacktestRequest, run_id: str, manifest: Mapping[str, Any]) -> int:
        """The id of one that is running from now on."""
        row = {
            "market": asked.market,
            "model": asked.model,
            "first_session": asked.first,
            "last_session": asked.last,
            "train_until": asked.train_until,
            "grid": [[key, list(values)] for key, values in asked.grid.items()],  # in this order
            "source": asked.source,
            "status": BacktestStatus.RUNNING.value,
            "run_id": run_id,
            "manifest": dict(manifest),
            "started_at": func.now(),
        }
        with self._engine.begin() as connection:
            found = connection.execute(insert(backtests).values(row).returning(backtests.c.id))
            return int(found.scalar_one())

    def add(self, backtest_id: int, trials: Sequence[Trial]) -> None:
        """Those that are there stay as they are."""
        if not trials:
            return
        query = insert_or(backtest_runs).on_conflict_do_nothing()
        with self._engine.begin() as connection:
            connection.execute(query, [_trial_row(backtest_id, trial) for trial in trials])

    def finish(
        self,
        backtest_id: int,
        status: BacktestStatus,
        reason: str | None = None,
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        """One that has ended before stays as it did."""
        values = {"status": status.value, "reason": reason, "finished_at": func.now()}
        query = (
            update(backtests)
            .where(backtests.c.id == backtest_id, backtests.c.status == "running")
            .values(**values, summary=dict(summary or {}))
        )
        with self._engine.begin() as connection:
            connection.execute(query)

    def get(self, backtest_id: int) -> Backtest | None:
        with for_reading(self._engine).connect() as connection:
            row = connection.execute(_SELECTED.where(backtests.c.id == backtest_id))
            found = row.mappings().first()
        return None if found is None else _backtest(found)

    def latest(
        self, limit: int = 20, market: str | None = None, before: int | None = None
    ) -> list[Backtest]:
        """Newest first; `before` an id, to go on from."""
        query = _SELECTED.order_by(backtests.c.id.desc()).limit(limit)
        if market is not None:
            query = query.where(backtests.c.market == market)
        if before is not None:
            query = query.where(backtests.c.id < before)
        with for_reading(self._engine).connect() as connection:
            return [_backtest(row) for row in connection.execute(query).mappings()]

    def trials(
        self,
        backtest_id: int,
        *,
        by: str | None = None,
        limit: int | None = None,
        offset: int = 0,
        equity: bool = True,
    ) -> list[Trial]:
        """In their order, or by a metric, the highest first and those without it last.

        Without `equity` that is left empty: it is most of what there is.
        """
        asked = {"id": backtest_id, "by": by, "equity": equity, "limit": limit, "offset": offset}
        with for_reading(self._engine).connect() as connection:
            return [_trial(row) for row in connection.execute(_TRIALS, asked).mappings()]


_DONE = (
    select(func.count())
    .where(backtest_runs.c.backtest_id == backtests.c.id)
    .scalar_subquery()
    .label("done")
)
_SELECTED = select(backtests, _DONE)
_TRIALS = text("""
select number, parameters, reason, metrics, later, fill_count, refusal_count, seconds,
       case when :equity then equity else '[]' end as equity
  from backtest_runs
 where backtest_id = :id
 order by case when cast(:by as text) is null then null
               else (metrics ->> cast(:by as text))::float8 end desc nulls last, number
 limit :limit offset :offset
""")


def _trial_row(backtest_id: int, trial: Trial) -> dict[str, Any]:
    return {
        "backtest_id": backtest_id,
        "number": trial.number,
        "parameters": dict(trial.parameters),
        "status": trial.status.value,
        "reason": trial.reason,
        "metrics": dict(trial.metrics),
        "later": dict(trial.later),
        "equity": [list(pair) for pair in trial.equity],
        "fill_count": trial.fills,
        "refusal_count": trial.refusals,
        "seconds": trial.seconds,
    }


def _trial(row: RowMapping) -> Trial:
    return Trial(
        row["number"],
        row["parameters"],
        row["reason"],
        row["metrics"],
        row["later"],
        row["equity"],
        row["fill_count"],
        row["refusal_count"],
        row["seconds"],
    )


def _backtest(row: RowMapping) -> Backtest:
    until: date | None = row["train_until"]
    return Backtest(
        row["id"],
        BacktestRequest(
            row["market"],
            row["model"],
            row["first_session"],
            row["last_session"],
            dict(row["grid"]),
            row["source"],
            until,
        ),
        BacktestStatus(row["status"]),
        row["reason"],
        row["done"],
        row["run_id"],
        row["manifest"],
        row["summary"],
        row["created_at"],
        row["finished_at"],
    )
