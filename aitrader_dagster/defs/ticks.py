"""Ticks of one market and the signals on them, a partition per session."""

from collections.abc import Callable, Iterator
from datetime import date

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import (
    UnresolvedAssetJobDefinition,
)

from aitrader_core.domain.errors import AitraderError, InputError
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.signals import pattern_models, signals_of
from aitrader_core.runner.ticks import keep_ticks, tick_sessions
from aitrader_dagster.lib.metadata import Metadata
from aitrader_dagster.lib.partitions import MarketPartitions
from aitrader_dagster.lib.resources import TradingFloors

Told = Iterator[dg.AssetMaterialization | dg.MaterializeResult[None]]
_AT_ONCE = 50  # sessions that one tick of the sensor asks for


def ticks_asset(arena: Arena, partitions: MarketPartitions) -> dg.AssetsDefinition:
    @dg.asset(
        key=[arena.market, "ticks"],
        group_name=arena.market,
        kinds={"parquet"},
        partitions_def=partitions.sessions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        metadata={"symbols": ", ".join(arena.symbols)},
    )
    def ticks(context: dg.AssetExecutionContext, floors: TradingFloors) -> Told:
        """Trades and quotes as they were recorded, checked, as Parquet."""
        opened = floors.open(arena.market)
        yield from _each(context, lambda session: _kept(opened, session))

    return ticks


def signals_asset(arena: Arena, partitions: MarketPartitions) -> dg.AssetsDefinition:
    @dg.asset(
        key=[arena.market, "signals"],
        group_name=arena.market,
        kinds={"numba", "parquet"},
        partitions_def=partitions.sessions,
        backfill_policy=dg.BackfillPolicy.single_run(),
        output_required=False,
        deps=[[arena.market, "ticks"]],
    )
    def signals(context: dg.AssetExecutionContext, floors: TradingFloors) -> Told:
        """What each pattern model sees in a session's ticks; its model-day trades on them."""
        opened = floors.open(arena.market)
        yield from _each(context, lambda session: _seen(opened, session))

    return signals


def _each(context: dg.AssetExecutionContext, make: Callable[[date], Metadata]) -> Told:
    """Every session of the run, oldest first; fails at its end naming those that could not be.

    Its result is what lets an asset after it begin in the same run; of several sessions, each is
    told by itself, too.
    """
    made, broken = dict[str, Metadata](), []
    for key in sorted(context.partition_keys):
        try:
            made[key] = make(date.fromisoformat(key))
        except AitraderError as error:
            broken.append(f"{key}: {error}")
    if not broken:
        yield dg.MaterializeResult(metadata=next(iter(made.values())) if len(made) == 1 else None)
    if broken or len(made) > 1:
        for key, told in made.items():
            yield dg.AssetMaterialization(context.asset_key, partition=key, metadata=told)
    if broken:
        raise dg.Failure("; ".join(broken), allow_retries=False)


def _kept(floor: Floor, session: date) -> Metadata:
    kept = keep_ticks(floor, session)
    findings = kept.findings
    return {
        "dagster/row_count": dg.MetadataValue.int(kept.count),
        "name": dg.MetadataValue.text(kept.name),
        "findings": dg.MetadataValue.text(str(findings) or "none"),
    }


def _seen(floor: Floor, session: date) -> Metadata:
    told: Metadata = {}
    for model, agent in pattern_models(floor).items():
        kept = signals_of(floor, agent.patterns, session)
        told[model] = dg.MetadataValue.int(len(kept.signals))
    return told


def ticks_job(arena: Arena) -> UnresolvedAssetJobDefinition:
    keys = dg.AssetSelection.assets([arena.market, "ticks"], [arena.market, "signals"])
    return dg.define_asset_job(
        f"{arena.market}_ticks",
        selection=keys.without_checks(),
        description="Brings ticks from the arena's source, and looks for patterns in them.",
    )


def ticks_sensor(arena: Arena, job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    key = dg.AssetKey([arena.market, "ticks"])

    @dg.sensor(
        name=f"{arena.market}_recordings",
        job=job,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def recordings(context: dg.SensorEvaluationContext, floors: TradingFloors) -> dg.SensorResult:
        """Asks for sessions that the source has ticks of and that are not stored yet."""
        try:
            there = tick_sessions(floors.open(arena.market))
        except InputError as error:  # no folder yet: the recordings are the user's to bring
            return dg.SensorResult(skip_reason=dg.SkipReason(str(error)))
        told = context.instance.get_materialized_partitions(key)
        new = [session.isoformat() for session in there if session.isoformat() not in told]
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(partition_key=session, run_key=session) for session in new[:_AT_ONCE]
            ],
            skip_reason=None if new else dg.SkipReason("every session is stored"),
        )

    return recordings


def tick_definitions(arena: Arena, partitions: MarketPartitions) -> dg.Definitions:
    """What ticks add to the definitions of a market that has them."""
    job = ticks_job(arena)
    return dg.Definitions(
        assets=[ticks_asset(arena, partitions), signals_asset(arena, partitions)],
        jobs=[job],
        sensors=[ticks_sensor(arena, job)],
    )
