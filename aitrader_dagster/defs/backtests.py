"""Parameter sweeps of one market's models, started from the launchpad or over GraphQL."""

from typing import Any

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)
from pydantic import Field

from aitrader_core.domain.errors import AitraderError
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.backtests import run_backtest
from aitrader_core.runner.requests import parse_date
from aitrader_core.runner.variants import told
from aitrader_core.storage.backtest import Backtest, BacktestRequest, BacktestStatus, Trial
from aitrader_core.storage.backtests import Backtests
from aitrader_dagster.lib.dashboard import PAGE
from aitrader_dagster.lib.metadata import Metadata, table
from aitrader_dagster.lib.resources import TradingFloors

_SHOWN = 20  # combinations in the UI; the dashboard has all
_TENTHS = 10


class BacktestConfig(dg.Config):
    """What `aitrader backtest run` is asked: `grid` has a list of values for each parameter, by its
    dotted path in the model's configuration."""

    model: str
    first_session: str
    last_session: str
    grid: dict[str, list[Any]] = Field({}, description="lookback: [63, 126]")
    train_until: str | None = Field(None, description="What is later ranks nothing.")
    source: str = "dagster"


def backtests_asset(arena: Arena) -> dg.AssetsDefinition:
    key = dg.AssetKey([arena.market, "backtests"])

    @dg.asset(key=key, group_name=arena.market, kinds={"postgres"})
    def backtests(
        context: dg.AssetExecutionContext, config: BacktestConfig, floors: TradingFloors
    ) -> dg.MaterializeResult[None]:
        """A model in every configuration of a grid, in memory; the ledger stays as it is."""
        opened, run_id = floors.open(arena.market), context.run.run_id
        with opened.turns.at_work(run_id):
            try:
                backtest_id = run_backtest(
                    opened,
                    floors.config_dir,
                    _request(arena, config),
                    run_id=run_id,
                    progress=_teller(context),
                )
            except AitraderError as error:
                raise dg.Failure(str(error), allow_retries=False) from None
            store = Backtests(opened.engine)
            found = store.get(backtest_id)
            assert found is not None
            by = found.summary["ranked_by"]
            trials = store.trials(backtest_id, by=by, limit=_SHOWN, equity=False)
        page = {PAGE: floors.dashboard.backtest(arena.market, backtest_id)}
        if found.status is BacktestStatus.FAILED:
            raise dg.Failure(found.reason, metadata=page, allow_retries=False)
        return dg.MaterializeResult(metadata={**page, **_metadata(found, trials)})

    return backtests


def backtest_job(arena: Arena) -> UnresolvedAssetJobDefinition:
    return dg.define_asset_job(
        f"{arena.market}_backtest",
        selection=dg.AssetSelection.assets([arena.market, "backtests"]),
        description="Tries a model in every configuration of a grid.",
    )


def _request(arena: Arena, config: BacktestConfig) -> BacktestRequest:
    until = None if config.train_until is None else parse_date(config.train_until)
    span = parse_date(config.first_session), parse_date(config.last_session)
    return BacktestRequest(arena.market, config.model, *span, config.grid, config.source, until)


def _teller(context: dg.AssetExecutionContext) -> Any:
    """Says at each tenth how far it has come: each word is a row of Dagster's log."""

    def tell(done: int, total: int) -> None:
        if _TENTHS * done // total != _TENTHS * (done - 1) // total:
            context.log.info(f"{done:,} of {total:,} combinations")

    return tell


def _metadata(found: Backtest, trials: list[Trial]) -> Metadata:
    summary, judged = found.summary, found.summary["deflated"]
    told_of: Metadata = {
        "status": dg.MetadataValue.text(found.status.value),
        "tried": dg.MetadataValue.int(summary["tried"]),
        "failed": dg.MetadataValue.int(summary["failed"]),
        "best parameters": dg.MetadataValue.json(summary["best_parameters"]),
        "ranked by": dg.MetadataValue.text(summary["ranked_by"]),
        "best": dg.MetadataValue.md(table(_HEAD, map(_row, trials))),
    }
    if judged:
        told_of["sharpe"] = dg.MetadataValue.float(judged["sharpe"])
        told_of["sharpe of luck"] = dg.MetadataValue.float(judged["expected_sharpe"])
        told_of["deflated sharpe ratio"] = dg.MetadataValue.float(judged["probability"])
    return told_of


_HEAD = ("", "parameters", "return", "Sharpe", "drawdown", "return later", "fills")


def _row(trial: Trial) -> tuple[str, ...]:
    shown = told(trial.parameters) or "as configured"
    if trial.reason is not None:
        return (str(trial.number), shown, trial.reason, "", "", "", "")
    sharpe, later = trial.metrics["sharpe"], trial.later.get("cumulative_return")
    return (
        str(trial.number),
        shown,
        f"{trial.metrics['cumulative_return']:+.2%}",
        "" if sharpe is None else f"{sharpe:.2f}",
        f"{trial.metrics['max_drawdown']:.2%}",
        "" if later is None else f"{later:+.2%}",
        str(trial.fills),
    )
