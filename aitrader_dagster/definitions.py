"""The code location: one set of definitions for each arena under configs/."""

from pathlib import Path

import dagster as dg

from aitrader_core.runner.arena import load_arenas
from aitrader_core.runner.retention import retention_config
from aitrader_core.runner.settings import load_settings
from aitrader_dagster.defs.market import market_definitions
from aitrader_dagster.defs.requests import enqueue_simulation
from aitrader_dagster.defs.retention import purge_old_rows, retention_schedule
from aitrader_dagster.lib.io_manager import ModelDayIOManager
from aitrader_dagster.lib.resources import InferenceRunners, TradingFloors


def build_definitions(config_dir: Path) -> dg.Definitions:
    """Everything that the arenas under `config_dir` bring, on shared resources."""
    inference = InferenceRunners.configure_at_launch()
    floors, retention = TradingFloors(inference=inference), retention_config(config_dir)
    shared = dg.Definitions(
        jobs=[enqueue_simulation, purge_old_rows],
        schedules=[retention_schedule(retention)] if retention else [],
        resources={
            "inference": inference,
            "floors": floors,
            "model_days": ModelDayIOManager(floors=floors),
        },
        executor=dg.in_process_executor,
    )
    arenas = load_arenas(config_dir).values()
    return dg.Definitions.merge(shared, *(market_definitions(arena) for arena in arenas))


defs = build_definitions(load_settings().config_dir)
