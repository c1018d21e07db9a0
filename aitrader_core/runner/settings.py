"""What the environment says: AITRADER_* variables, parsed once."""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from aitrader_core.domain.errors import ConfigError
from aitrader_core.inference.options import Backend, Precision, RunnerOptions
from aitrader_core.storage.embedded import embedded_url
from aitrader_core.storage.urls import DatabaseUrls

PREFIX = "AITRADER_"


def project_root() -> Path:
    """The folder that holds aitrader_core, configs and sql."""
    return Path(__file__).resolve().parents[2]


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


Folder = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """Frozen; read it with `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    database_url: str | None = Field(default=None, repr=False)  # it may hold a password
    home: Folder = Field(default_factory=lambda: project_root() / ".aitrader")
    config_dir: Folder = Field(default_factory=lambda: project_root() / "configs")
    dashboard_url: str = "http://127.0.0.1:8000"  # as Dagster's pages link to it
    inference_backend: Backend = "auto"
    inference_precision: Precision = "fp32"
    inference_strict: bool | None = None  # left out: all but auto are
    broker_url: str = "http://127.0.0.1:8710/mcp"  # as `aitrader broker serve` has it
    broker_key: SecretStr | None = None  # or several, by commas: the first encrypts tokens

    @model_validator(mode="before")
    @classmethod
    def _knows_every_variable(cls, values: Any) -> Any:
        """A mistyped variable would otherwise be a setting that is silently not used."""
        allowed = [f"{PREFIX}{name.upper()}" for name in cls.model_fields]
        for name in sorted(os.environ):
            if name.upper().startswith(PREFIX) and name.upper() not in allowed:
                raise ConfigError(_unknown(name, allowed))
        return values


def load_settings() -> Settings:
    """The settings of this process; ConfigError names the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        faults = ((PREFIX + "_".join(map(str, e["loc"])).upper(), e["msg"]) for e in error.errors())
        raise ConfigError("; ".join(f"{name}: {said}" for name, said in faults)) from None


def runner_options(settings: Settings) -> RunnerOptions:
    """How this process runs networks."""
    return RunnerOptions(
        settings.inference_backend,
        settings.inference_precision,
        settings.inference_strict,
        engines=settings.home / "engines",
    )


def environment() -> Mapping[str, str]:
    """Where keys of providers and vendors are, each under the name that its configuration has."""
    return os.environ


def alphavantage_key() -> str | None:
    """ALPHAVANTAGE_API_KEY, the name that its vendor gives it, or the one that AI-Trader has."""
    found = environment()
    return found.get("ALPHAVANTAGE_API_KEY") or found.get("ALPHAADVANTAGE_API_KEY") or None


def urls(settings: Settings) -> DatabaseUrls:
    """Of the database that the settings name, or of the embedded one; starts nothing."""
    return DatabaseUrls(settings.database_url or embedded_url(embedded_data(settings)))


def embedded_data(settings: Settings) -> Path:
    """Where the embedded server keeps its files."""
    return settings.home / "postgres"


def _unknown(name: str, allowed: list[str]) -> str:
    close = get_close_matches(name.upper(), allowed, n=1, cutoff=0)
    return f"{name} is no setting: did you mean {close[0]}? There are {', '.join(allowed)}."
