"""What assets, sensors and jobs are given to work with."""

from pathlib import Path

import dagster as dg

from aitrader_core.runner.floor import Floor, open_floor
from aitrader_core.runner.settings import load_settings
from aitrader_dagster.lib.dashboard import Dashboard


class TradingFloors(dg.ConfigurableResource["TradingFloors"]):
    """Arenas with their database, as configs/ and the AITRADER_ settings say."""

    def open(self, market: str) -> Floor:
        return open_floor(load_settings(), market)

    @property
    def config_dir(self) -> Path:
        return load_settings().config_dir

    @property
    def dashboard(self) -> Dashboard:
        """As it was when this process was started."""
        return Dashboard(load_settings().dashboard_url.rstrip("/"))
