"""AI-Trader's own configuration file, configs/arenas/<name>.json, as an arena.

The arena is that of its market (configs/arenas/<market>.yaml: symbols, prices, costs, history,
rules) with the dates, the cash and the enabled models of the file. What becomes of the rest:

- `agent_type`: BaseAgentAStock and BaseAgentCrypto mean the markets cn and crypto, one that ends
  in _Hour means intraday bars.
- `init_date` and `end_date`: a time of day is left out, a session is traded from its first bar on.
- `openai_api_key`: the variable of a key, `$NAME`; a key itself is refused.
- `max_retries`: how often one request is tried. `base_delay` is left out: between tries we wait as
  long as the server asks, or longer each time.
- `verbose` and `log_config` are left out: a transcript is always whole, and in the database.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from aitrader_core.agents.llm.language_model import base_url
from aitrader_core.domain.errors import ConfigError
from aitrader_core.market.calendar import Calendar, load_calendar
from aitrader_core.runner import config
from aitrader_core.runner.config import (
    ArenaConfig,
    Cash,
    Frozen,
    MarketConfig,
    ModelConfig,
    model_name,
)

_TYPES = {  # the market that it is for, where it says so
    "BaseAgent": None,
    "BaseAgent_Hour": None,
    "BaseAgentAStock": "cn",
    "BaseAgentAStock_Hour": "cn",
    "BaseAgentCrypto": "crypto",
}
_UNSET = re.compile(r"\s*|.*YOUR_OPENAI_.*", re.IGNORECASE)  # as AI-Trader's own files have it
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")


def _day(value: object) -> object:
    """`2025-10-09 8:30:00` is the 9th: which bars a session has, its prices say."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").date()  # noqa: DTZ007 - a date
    except ValueError:
        return value


Day = Annotated[date, BeforeValidator(_day)]


class DateRange(Frozen):
    init_date: Day
    end_date: Day


class Listed(Frozen):
    """A model; `signature` is the name that it is stored under."""

    name: str | None = None
    basemodel: str | None = None
    signature: str | None = None
    enabled: bool = True
    openai_base_url: str | None = None
    openai_api_key: str | None = Field(default=None, repr=False)


class AgentConfig(Frozen):
    max_steps: Annotated[int, Field(ge=1, le=1000)] | None = None
    max_retries: Annotated[int, Field(ge=1, le=20)] | None = None
    base_delay: float | None = None
    initial_cash: Cash | None = None
    verbose: bool | None = None


class LogConfig(Frozen):
    log_path: str | None = None


class AiTraderConfig(Frozen):
    agent_type: str = "BaseAgent"
    market: str | None = None
    date_range: DateRange
    models: Annotated[tuple[Listed, ...], Field(min_length=1)]
    agent_config: AgentConfig = AgentConfig()
    log_config: LogConfig = LogConfig()


def read_ai_trader(
    config_dir: Path, path: Path, environment: Mapping[str, str]
) -> tuple[ArenaConfig, dict[str, ModelConfig]]:
    """The arena of a file, and its models by name. ConfigError names the file and the key."""
    found = config.parse(_content(path), AiTraderConfig, str(path))
    base = _base(config_dir, path, found)
    exchange = config.read(config_dir / "markets", base.market, MarketConfig).exchange
    sessions = _sessions(load_calendar(exchange), found.date_range, path)
    models = _models(path, found, environment)
    arena = base.model_copy(
        update={
            "bars": "intraday" if found.agent_type.endswith("_Hour") else base.bars,
            "first_session": min(base.first_session, sessions[0]),
            "start_session": sessions[0],
            "last_session": sessions[-1],
            "initial_cash": found.agent_config.initial_cash or base.initial_cash,
            "models": tuple(models),
            "demo": None,
        }
    )
    return arena, models


def _content(path: Path) -> object:
    """Never said in an error: it may hold a key."""
    try:
        return json.loads(path.read_text(), parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{path} is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not JSON: {error.reason}") from None


def _base(config_dir: Path, path: Path, found: AiTraderConfig) -> ArenaConfig:
    """The arena of its market, as it is configured here."""
    kind = found.agent_type
    if kind not in _TYPES:
        hint = config.did_you_mean(kind, _TYPES)
        raise ConfigError(f"{path}: agent_type: {kind} is unknown; {hint}known are {_all(_TYPES)}")
    meant = _TYPES[kind]
    if meant and found.market not in (None, meant):
        raise ConfigError(
            f"{path}: market: is {found.market}, and agent_type {kind} is for {meant}: remove one"
        )
    market, folder = found.market or meant or "us", config_dir / "arenas"
    if not (folder / f"{market}.yaml").is_file():
        there = sorted(p.stem for p in folder.glob("*.yaml"))
        raise ConfigError(
            f"{path}: market: there is no {folder}/{market}.yaml to take its symbols, prices and "
            f"costs from; there are {_all(there)}"
        )
    return config.read(folder, market, ArenaConfig)


def _sessions(calendar: Calendar, wanted: DateRange, path: Path) -> Sequence[date]:
    """Those of the range that the calendar knows."""
    first, last = max(wanted.init_date, calendar.first), min(wanted.end_date, calendar.last)
    sessions = calendar.between(first, last) if first <= last else ()
    if not sessions:
        raise ConfigError(
            f"{path}: date_range: {calendar.exchange} has no session from {wanted.init_date} to "
            f"{wanted.end_date} that we know of; we know {calendar.first} to {calendar.last}"
        )
    return sessions


def _models(
    path: Path, found: AiTraderConfig, environment: Mapping[str, str]
) -> dict[str, ModelConfig]:
    models: dict[str, ModelConfig] = {}
    for number, listed in enumerate(found.models):
        place = f"{path}: models.{number}"
        variable = _key_variable(listed, place)
        if not listed.enabled:
            continue
        name = _name(listed, place)
        if name in models:
            raise ConfigError(f"{place}: signature: there are two of {name}: rename one")
        models[name] = _model(listed, found.agent_config, variable, environment, place)
    if not models:
        raise ConfigError(f"{path}: models: none is enabled: set one's `enabled` to true")
    return models


def _name(listed: Listed, place: str) -> str:
    try:
        return model_name(listed.signature or listed.name or "")
    except ValueError as error:
        key = "signature" if listed.signature or not listed.name else "name"
        raise ConfigError(f"{place}: {key}: {error}") from None


def _model(
    listed: Listed,
    terms: AgentConfig,
    key_variable: str | None,
    environment: Mapping[str, str],
    place: str,
) -> ModelConfig:
    """As configs/models/<name>.yaml would have it; what is not said is as it is there."""
    if not listed.basemodel:
        raise ConfigError(f"{place}: basemodel: is missing")
    said: dict[str, Any] = {
        "model": listed.basemodel,
        "endpoint": _endpoint(listed, environment, place),
        "api_key_variable": key_variable,
        "max_steps": terms.max_steps,
        "tries": terms.max_retries,
    }
    given = {key: value for key, value in said.items() if value is not None}
    return ModelConfig.model_validate({"kind": "llm", "prompt": "ai_trader", **given})


def _key_variable(listed: Listed, place: str) -> str | None:
    """The name of the variable that has the key; None where it is the usual one."""
    text = listed.openai_api_key or ""
    if _UNSET.fullmatch(text):
        return None
    if named := _VARIABLE.fullmatch(text.strip()):
        return named[1] or named[2]
    raise ConfigError(
        f"{place}: openai_api_key: keys are not kept in files: put it into an environment "
        'variable and write its name here, such as "$MY_KEY", or nothing for OPENAI_API_KEY'
    )


def _endpoint(listed: Listed, environment: Mapping[str, str], place: str) -> str | None:
    """None where it is the environment's, or OpenAI's own."""
    text = (listed.openai_base_url or "").strip()
    if _UNSET.fullmatch(text):
        return None
    if named := _VARIABLE.fullmatch(text):
        name = named[1] or named[2]
        if not environment.get(name):
            raise ConfigError(f"{place}: openai_base_url: {name} is not set: export {name}")
        text = environment[name]
    return base_url(text, f"{place}: openai_base_url")


def _all(names: Sequence[str] | Mapping[str, object]) -> str:
    return ", ".join(sorted(names)) or "none"
