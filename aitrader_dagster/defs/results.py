"""The leaderboard of one market, and the checks that its ledger has to pass."""

from base64 import b64encode
from collections.abc import Iterable

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from aitrader_core.results.picture import equity_picture
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.board import made
from aitrader_core.runner.lookahead import lookahead_faults
from aitrader_core.runner.report import curves
from aitrader_core.storage.audit import chain_faults, ledger_faults
from aitrader_core.storage.equity import ledger_state
from aitrader_core.storage.leaderboards import latest_published, publish
from aitrader_dagster.defs.queue import backfill_in_flight
from aitrader_dagster.lib.dashboard import PAGE
from aitrader_dagster.lib.metadata import standings_table
from aitrader_dagster.lib.resources import TradingFloors

MOST_ATTEMPTS = 3  # to publish one state of the ledger
STATE_TAG = "aitrader/ledger"
_SAMPLE = 3  # model-days of each model that are made again to look for look-ahead


def leaderboard_asset(arena: Arena) -> dg.AssetsDefinition:
    @dg.asset(
        key=[arena.market, "leaderboard"],
        group_name=arena.market,
        kinds={"postgres"},
        deps=[[arena.market, "model_day"]],
    )
    def leaderboard(
        context: dg.AssetExecutionContext, floors: TradingFloors
    ) -> dg.MaterializeResult[None]:
        """Every model's standing, and their equity curves in one picture."""
        opened = floors.open(arena.market)
        with opened.turns.at_work(context.run.run_id):
            as_of = ledger_state(opened.engine, arena.market)  # before what is read of it
            drawn = curves(opened)
            board = made(opened, drawn)
            png = equity_picture(drawn, f"{arena.market}: value at the close", arena.currency)
            run_id = context.run.run_id
            publish(opened.engine, arena.market, as_of, board.rows, run_id, board.judgement)
        return dg.MaterializeResult(
            metadata={
                PAGE: floors.dashboard.arena(arena.market),
                "equity": dg.MetadataValue.md(
                    f"![equity](data:image/png;base64,{b64encode(png).decode()})"
                ),
                "standings": dg.MetadataValue.md(standings_table(board.rows)),
                "judgement": dg.MetadataValue.text(board.judgement["method"]),
                "first session": min((row["first"] for row in board.rows), default="none"),
                "last session": max((row["last"] for row in board.rows), default="none"),
            }
        )

    return leaderboard


def ledger_checks(arena: Arena) -> dg.AssetChecksDefinition:
    key = dg.AssetKey([arena.market, "model_day"])
    described = {
        "ledger_closes": "Closing = opening + fills + corporate actions - costs, exactly.",
        "chain_unbroken": "Every model-day opens with the close of the one before it.",
        "no_lookahead": "Stored days decide the same when every later price is another.",
    }

    @dg.multi_asset_check(
        name=f"{arena.market}_ledger_checks",
        specs=[
            dg.AssetCheckSpec(name, asset=key, description=text) for name, text in described.items()
        ],
    )
    def checks(
        context: dg.AssetCheckExecutionContext, floors: TradingFloors
    ) -> Iterable[dg.AssetCheckResult]:
        """The ledger of the whole market, added up again."""
        opened = floors.open(arena.market)
        engine, market = opened.engine, arena.market
        with opened.turns.at_work(context.run.run_id):
            yield _result(key, "ledger_closes", ledger_faults(engine, market))
            yield _result(key, "chain_unbroken", chain_faults(engine, market))
            seed = ledger_state(engine, market)
            yield _result(key, "no_lookahead", lookahead_faults(opened, _SAMPLE, seed))

    return checks


def publish_job(arena: Arena) -> UnresolvedAssetJobDefinition:
    bars, model_day, leaderboard = (
        dg.AssetKey([arena.market, name]) for name in ("bars", "model_day", "leaderboard")
    )
    return dg.define_asset_job(
        f"{arena.market}_publish",
        selection=dg.AssetSelection.assets(leaderboard)
        | dg.AssetSelection.checks_for_assets(bars, model_day),
        description="Checks prices and ledger and publishes the leaderboard.",
    )


def publish_sensor(arena: Arena, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"{arena.market}_publish_when_changed",
        job=job,
        minimum_interval_seconds=2,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def publish_when_changed(
        context: dg.SensorEvaluationContext, floors: TradingFloors
    ) -> dg.RunRequest | dg.SkipReason:
        """Publishes when the ledger has changed and nobody simulates any more."""
        opened = floors.open(arena.market)
        as_of = ledger_state(opened.engine, arena.market)
        published = latest_published(opened.engine, arena.market)
        if not as_of or (published and published.judgement and published.as_of == as_of):
            return dg.SkipReason("the leaderboard is up to date")
        if opened.jobs.running(arena.market) or not opened.turns.is_free(arena.market):
            return dg.SkipReason("models are still trading")
        # between the runs of one request, and between one request and the next, nobody looks
        if waiting := opened.jobs.next_pending(arena.market):
            return dg.SkipReason(f"job {waiting.id} is about to trade")
        if backfill := backfill_in_flight(context.instance, arena.market):
            return dg.SkipReason(f"backfill {backfill} is still trading")
        return publication(context.instance, job.name, as_of)

    return publish_when_changed


def publication(
    instance: dg.DagsterInstance, job_name: str, as_of: str
) -> dg.RunRequest | dg.SkipReason:
    """The run that publishes a state of the ledger; another one if its process was lost.

    A run that was created, and then the tick was cut off, is asked for again by its key.
    """
    runs = instance.get_runs(dg.RunsFilter(job_name=job_name, tags={STATE_TAG: as_of}))
    if any(not r.is_finished and r.status != dg.DagsterRunStatus.NOT_STARTED for r in runs):
        return dg.SkipReason("the leaderboard is being published")
    failed = sum(r.is_finished for r in runs)
    if failed == MOST_ATTEMPTS:
        return dg.SkipReason(f"the leaderboard could not be published in {failed} runs")
    return dg.RunRequest(run_key=f"{as_of}-{failed + 1}", tags={STATE_TAG: as_of})


def _result(key: dg.AssetKey, name: str, faults: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not faults,
        check_name=name,
        asset_key=key,
        metadata={"faults": len(faults), "first faults": "\n".join(faults[:20]) or "none"},
    )
