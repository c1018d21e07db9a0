"""Bars of one market, a partition per session."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import dagster as dg

from aitrader_core.runner.arena import Arena
from aitrader_dagster.lib.partitions import MarketPartitions
from aitrader_dagster.lib.resources import TradingFloors


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
        """Unadjusted daily bars, as the price source gives them, with their vintage."""
        sessions = sorted(date.fromisoformat(key) for key in context.partition_keys)
        opened = floors.open(arena.market)
        counts = opened.import_prices(sessions[0], sessions[-1], datetime.now(UTC))
        missing = [session for session in sessions if session not in counts]
        if not missing:
            yield dg.MaterializeResult(metadata={"bars": sum(counts.values())})
            return
        for session in sorted(counts):
            yield dg.AssetMaterialization(context.asset_key, partition=session.isoformat())
        raise dg.Failure(
            f"{arena.source.name} has no bars for {len(missing)} of {len(sessions)} sessions, "
            f"the first is {missing[0]}",
            allow_retries=False,
        )

    return bars
