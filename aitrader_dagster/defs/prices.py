"""Bars of one market, a partition per session."""

from collections.abc import Iterator
from datetime import date

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
    ) -> Iterator[dg.AssetMaterialization]:
        """Unadjusted daily bars, as the price source gives them, with their vintage."""
        keys = sorted(context.partition_keys)
        first, last = date.fromisoformat(keys[0]), date.fromisoformat(keys[-1])
        counts = floors.open(arena.market).import_prices(first, last)
        for key in keys:
            if found := counts.get(date.fromisoformat(key)):
                yield dg.AssetMaterialization(
                    context.asset_key,
                    partition=key,
                    metadata={"dagster/partition_row_count": found},
                )
        if missing := [key for key in keys if date.fromisoformat(key) not in counts]:
            raise dg.Failure(
                f"{arena.source.name} has no bars for {len(missing)} of {len(keys)} sessions, "
                f"the first is {missing[0]}",
                allow_retries=False,
            )

    return bars
