"""Bars of one market, a partition per session."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import dagster as dg

from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_dagster.lib.partitions import MarketPartitions
from aitrader_dagster.lib.resources import TradingFloors

_AT_ONCE = 500  # partitions that one tick reports
_NOT_ENDED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def bars_asset(arena: Arena, partitions: MarketPartitions) -> dg.AssetsDefinition:
    @dg.asset(
        key=[arena.market, "bars"],
        group_name=arena.market,
        kinds={"postgres"},
        partitions_def=partitions.sessions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        metadata={"source": arena.source.name, "symbols": ", ".join(arena.symbols)},
    )
    def bars(
        context: dg.AssetExecutionContext, floors: TradingFloors
    ) -> Iterator[dg.AssetMaterialization | dg.MaterializeResult[None]]:
        """Unadjusted bars, as the price source gives them, with their vintage."""
        opened = floors.open(arena.market)
        with opened.turns.at_work(context.run.run_id):
            yield from _import(context, opened)

    return bars


def _import(
    context: dg.AssetExecutionContext, floor: Floor
) -> Iterator[dg.AssetMaterialization | dg.MaterializeResult[None]]:
    sessions = sorted(date.fromisoformat(key) for key in context.partition_keys)
    imported = import_missing(floor, sessions[0], sessions[-1], datetime.now(UTC))
    for jump in imported.jumps:
        context.log.warning(str(jump))
    counts = floor.prices.counts(sessions[0], sessions[-1])
    missing = [session for session in sessions if session not in counts]
    if not missing:
        yield dg.MaterializeResult(metadata={"symbols": max(counts.values())})
        return
    for session in sorted(counts):
        yield dg.AssetMaterialization(context.asset_key, partition=session.isoformat())
    arena = floor.arena
    why = imported.stopped or (
        f"the source, {arena.source.name}, has none; a file is imported with `aitrader prices "
        f"import --market {arena.market} FILE`"
    )
    raise dg.Failure(
        f"{len(missing)} of {len(sessions)} sessions have no prices, the first is "
        f"{missing[0]}: {why}",
        allow_retries=False,
    )


def bars_check(arena: Arena) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=[arena.market, "bars"], name="jumps_explained")
    def jumps_explained(floors: TradingFloors) -> dg.AssetCheckResult:
        """Every open far from the close before has its corporate action, or is accepted."""
        jumps = floors.open(arena.market).suspects(arena.first_session, arena.last_session)
        return dg.AssetCheckResult(
            passed=not jumps,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                "jumps": len(jumps),
                "first jumps": "\n".join(map(str, jumps[:20])) or "none",
            },
        )

    return jumps_explained


def prices_sensor(arena: Arena) -> dg.SensorDefinition:
    key = dg.AssetKey([arena.market, "bars"])

    @dg.sensor(
        name=f"{arena.market}_prices",
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def prices(context: dg.SensorEvaluationContext, floors: TradingFloors) -> dg.SensorResult:
        """Reports sessions whose bars came by another way than through the asset."""
        stored = floors.open(arena.market).prices.counts(arena.first_session, arena.last_session)
        state = json.dumps([len(stored), str(max(stored, default=None))])
        if state == context.cursor:
            return dg.SensorResult(skip_reason="nothing was imported", cursor=state)
        if _is_materializing(context.instance, key):
            return dg.SensorResult(skip_reason="bars are being materialized")
        told = context.instance.get_materialized_partitions(key)
        untold = sorted(session for session in stored if session.isoformat() not in told)
        return dg.SensorResult(
            asset_events=[
                dg.AssetMaterialization(
                    key, partition=session.isoformat(), metadata={"symbols": stored[session]}
                )
                for session in untold[:_AT_ONCE]
            ],
            cursor=state if len(untold) <= _AT_ONCE else None,
        )

    return prices


def _is_materializing(instance: dg.DagsterInstance, key: dg.AssetKey) -> bool:
    runs = instance.get_runs(dg.RunsFilter(statuses=_NOT_ENDED))
    return any(key in (run.asset_selection or ()) for run in runs)
