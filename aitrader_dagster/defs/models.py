"""Keeps the model partitions of one market as configs/ has them."""

from collections.abc import Iterator

import dagster as dg

from aitrader_core.runner.arena import Arena
from aitrader_dagster.lib.partitions import MarketPartitions
from aitrader_dagster.lib.resources import TradingFloors


def models_sensor(arena: Arena, partitions: MarketPartitions) -> dg.SensorDefinition:
    name = partitions.models.name or ""

    @dg.sensor(
        name=f"{arena.market}_models",
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def models(
        context: dg.SensorEvaluationContext, floors: TradingFloors
    ) -> Iterator[dg.SensorResult]:
        """A partition for each model of the arena; one that left keeps its days in the database."""
        opened = floors.open(arena.market)
        opened.register_models()  # what is said of them may have changed
        configured = set(opened.arena.models)
        known = set(context.instance.get_dynamic_partitions(name))
        if configured == known:
            yield dg.SensorResult(skip_reason="the partitions are those of the arena")
            return
        yield dg.SensorResult(
            dynamic_partitions_requests=[
                partitions.models.build_add_request(sorted(configured - known)),
                partitions.models.build_delete_request(sorted(known - configured)),
            ]
        )

    return models
