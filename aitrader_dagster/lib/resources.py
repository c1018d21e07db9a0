"""What assets, sensors and jobs are given to work with."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import dagster as dg
from pydantic import Field

from aitrader_core.inference.network import Network
from aitrader_core.inference.options import Backend, Precision, RunnerOptions
from aitrader_core.inference.runner import InferenceRunner
from aitrader_core.inference.runners import runners
from aitrader_core.runner.floor import Floor, open_floor
from aitrader_core.runner.settings import load_settings, runner_options
from aitrader_dagster.lib.dashboard import Dashboard


class InferenceRunners(dg.ConfigurableResource["InferenceRunners"]):
    """How a run's networks are run: as the AITRADER_INFERENCE_ settings say, or as is said here.

    Those of a process are shared: one runner of each network, whoever asks it.
    """

    backend: Literal["settings", Backend] = Field(
        default="settings", description="What runs them; `settings` is AITRADER_INFERENCE_BACKEND."
    )
    precision: Literal["settings", Precision] = Field(
        default="settings", description="`settings` is AITRADER_INFERENCE_PRECISION."
    )
    strict: bool | None = Field(
        default=None,
        description="Whether a backend that can't be had is an error; else the CPU stands in. Left "
        "out: AITRADER_INFERENCE_STRICT, or else every backend but `auto` is.",
    )

    def options(self) -> RunnerOptions:
        said: dict[str, Any] = {"backend": self.backend, "precision": self.precision}
        told = {name: value for name, value in said.items() if value != "settings"}
        told |= {} if self.strict is None else {"strict": self.strict}
        return replace(runner_options(load_settings()), **told)

    def of(self, network: Network) -> InferenceRunner:
        """The one of this process. InferenceError where it can't be run so."""
        return runners(self.options()).of(network)


class TradingFloors(dg.ConfigurableResource["TradingFloors"]):
    """Arenas with their database, as configs/ and the AITRADER_ settings say."""

    inference: dg.ResourceDependency[InferenceRunners]

    def open(self, market: str) -> Floor:
        return replace(open_floor(load_settings(), market), inference=self.inference.options())

    @property
    def config_dir(self) -> Path:
        return load_settings().config_dir

    @property
    def dashboard(self) -> Dashboard:
        """As it was when this process was started."""
        return Dashboard(load_settings().dashboard_url.rstrip("/"))
