"""Everything that one market brings into Dagster."""

import dagster as dg

from aitrader_core.runner.arena import Arena
from aitrader_core.runner.predictions import onnx_models
from aitrader_dagster.defs.backtests import backtest_job, backtests_asset
from aitrader_dagster.defs.kill_switch import trading_state_asset
from aitrader_dagster.defs.models import models_sensor
from aitrader_dagster.defs.predictions import prediction_definitions
from aitrader_dagster.defs.prices import bars_asset, bars_check, prices_sensor
from aitrader_dagster.defs.queue import queue_sensor, simulate_job
from aitrader_dagster.defs.requests import daily_schedule
from aitrader_dagster.defs.results import (
    leaderboard_asset,
    ledger_checks,
    publish_job,
    publish_sensor,
)
from aitrader_dagster.defs.simulation import model_day_asset
from aitrader_dagster.defs.suggestions import suggest_job, suggestions_asset
from aitrader_dagster.defs.ticks import tick_definitions
from aitrader_dagster.lib.partitions import market_partitions


def market_definitions(arena: Arena) -> dg.Definitions:
    """Assets, checks, jobs, sensors and the schedule of one market, under its name."""
    partitions = market_partitions(arena)
    simulate, publish = simulate_job(arena), publish_job(arena)
    of_ticks = tick_definitions(arena, partitions) if arena.ticks else dg.Definitions()
    of_networks = (
        prediction_definitions(arena, partitions) if onnx_models(arena) else dg.Definitions()
    )
    of_bars = dg.Definitions(
        assets=[
            bars_asset(arena, partitions),
            model_day_asset(arena, partitions),
            leaderboard_asset(arena),
            backtests_asset(arena),
            suggestions_asset(arena),
            trading_state_asset(arena),
        ],
        asset_checks=[bars_check(arena), ledger_checks(arena)],
        jobs=[simulate, publish, backtest_job(arena), suggest_job(arena)],
        schedules=[daily_schedule(arena)],
        sensors=[
            models_sensor(arena, partitions),
            prices_sensor(arena),
            queue_sensor(arena, partitions, simulate),
            publish_sensor(arena, publish),
        ],
    )
    return dg.Definitions.merge(of_bars, of_ticks, of_networks)
