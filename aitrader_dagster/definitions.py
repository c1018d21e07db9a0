"""The code location: one set of definitions for each arena under configs/."""

import dagster as dg

from aitrader_core.runner.arena import load_arenas
from aitrader_core.runner.settings import load_settings
from aitrader_dagster.defs.market import market_definitions
from aitrader_dagster.defs.requests import enqueue_simulation
from aitrader_dagster.lib.io_manager import ModelDayIOManager
from aitrader_dagster.lib.resources import TradingFloors

_floors = TradingFloors()

defs = dg.Definitions.merge(
    *(market_definitions(arena) for arena in load_arenas(load_settings().config_dir).values()),
    dg.Definitions(
        jobs=[enqueue_simulation],
        resources={"floors": _floors, "model_days": ModelDayIOManager(floors=_floors)},
        executor=dg.in_process_executor,
    ),
)
