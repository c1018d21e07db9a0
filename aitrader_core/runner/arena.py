"""An arena, built from its configuration: calendar, rules, costs and the models that take part."""

import hashlib
import json
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.kinds import KINDS
from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.risk import TradingRules
from aitrader_core.market.bundled import Bundled
from aitrader_core.market.calendar import Calendar, load_calendar
from aitrader_core.market.source import PriceSource
from aitrader_core.runner import config
from aitrader_core.runner.config import ArenaConfig, MarketConfig, ModelConfig
from aitrader_core.runner.model_day import Trader
from aitrader_core.simulation.costs import CostProfile

SOURCES: dict[str, type[PriceSource]] = {"bundled": Bundled}


@dataclass(frozen=True)
class Model:
    """A model of an arena: its name, its configuration, and the agent made from it."""

    name: str
    config: ModelConfig
    agent: Agent
    config_hash: str


@dataclass(frozen=True)
class Arena:
    """Everything that is fixed before the first order: one market, its models, their terms."""

    market: str
    currency: str
    calendar: Calendar
    rules: TradingRules
    costs: CostProfile
    symbols: tuple[Symbol, ...]
    first_session: date
    last_session: date
    start_session: date
    demo: tuple[date, date]
    initial_cash: Decimal
    history: int
    source: PriceSource
    models: dict[str, Model]

    @cached_property
    def sessions(self) -> tuple[date, ...]:
        """Those that can be traded, oldest first."""
        return self.calendar.between(self.first_session, self.last_session)

    def trader(self, model: str) -> Trader:
        """`model` on this arena's terms.

        ConfigError for a model that the arena does not have.
        """
        entry = self.models.get(model)
        if entry is None:
            raise ConfigError(
                f"there is no model {model!r} in the {self.market} arena: it has "
                f"{', '.join(self.models)}"
            )
        return Trader(self.market, model, entry.agent, self.rules, entry.config_hash)


def load_arenas(config_dir: Path) -> dict[str, Arena]:
    """Every arena under `config_dir`/arenas, by market. ConfigError for what is wrong in any."""
    folder = config_dir / "arenas"
    names = sorted(p.stem for p in folder.glob("*.yaml"))
    if not names:
        raise ConfigError(f"{folder} has no arena: put one there, such as us.yaml")
    return {name: load_arena(config_dir, name) for name in names}


def load_arena(config_dir: Path, name: str) -> Arena:
    place = str(config_dir / "arenas" / f"{name}.yaml")
    found = config.read(config_dir / "arenas", name, ArenaConfig)
    if found.market != name:
        raise ConfigError(f"{place}: market: is {found.market}, the file's name says {name}")
    market = config.read(config_dir / "markets", found.market, MarketConfig)
    calendar = load_calendar(market.exchange)
    _check_span(found, calendar, place)
    costs = config.costs(config_dir, found.costs)
    terms = _terms(found, costs, market)
    return Arena(
        market=found.market,
        currency=market.currency,
        calendar=calendar,
        rules=TradingRules(market.quantity_step),
        costs=costs,
        symbols=tuple(Symbol(s) for s in found.symbols),
        first_session=found.first_session,
        last_session=found.last_session,
        start_session=found.start_session,
        demo=(found.demo.first_session, found.demo.last_session),
        initial_cash=found.initial_cash,
        history=found.history,
        source=_source(found, place),
        models={m: _model(config_dir, m, found.history, terms) for m in found.models},
    )


def build_agent(spec: ModelConfig, place: str) -> Agent:
    """The agent that `spec` describes: a kind of ours, or `module:Class` of your own."""
    kind = KINDS.get(spec.kind) or _imported(spec.kind, place)
    return cast(Agent, config.parse(spec.parameters, cast(type[Any], kind), place))


def _imported(kind: str, place: str) -> type[Agent]:
    module, _, name = kind.partition(":")
    if not name:
        raise ConfigError(
            f"{place}: kind: {kind} is unknown; there are {', '.join(sorted(KINDS))}, "
            "or module:Class for one of your own"
        )
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{place}: kind: {kind} can't be imported: {error}") from error
    if not (isinstance(found, type) and is_dataclass(found) and hasattr(found, "trade")):
        raise ConfigError(f"{place}: kind: {kind} is no dataclass with a method trade(desk)")
    return cast(type[Agent], found)


def _model(config_dir: Path, name: str, history: int, terms: dict[str, Any]) -> Model:
    place = str(config_dir / "models" / f"{name}.yaml")
    spec = config.read(config_dir / "models", name, ModelConfig)
    agent = build_agent(spec, place)
    if (lookback := getattr(agent, "lookback", 0)) >= history:
        raise ConfigError(
            f"{place}: lookback: {lookback} needs more than the {history} sessions of history "
            "that the arena gives"
        )
    return Model(name, spec, agent, _hash({"model": spec.model_dump(mode="json"), **terms}))


def _terms(found: ArenaConfig, costs: CostProfile, market: MarketConfig) -> dict[str, Any]:
    """What decides a result beside the model itself."""
    arena = found.model_dump(mode="json", include={"symbols", "history", "initial_cash"})
    profile = TypeAdapter(dict[str, Any]).dump_python(asdict(costs), mode="json")
    return {"arena": arena, "costs": profile, "market": market.model_dump(mode="json")}


def _source(found: ArenaConfig, place: str) -> PriceSource:
    if found.prices not in SOURCES:
        raise ConfigError(
            f"{place}: prices: {found.prices} is unknown; there are {', '.join(sorted(SOURCES))}"
        )
    return SOURCES[found.prices]()


def _check_span(found: ArenaConfig, calendar: Calendar, place: str) -> None:
    named = {
        "first_session": found.first_session,
        "last_session": found.last_session,
        "start_session": found.start_session,
        "demo.first_session": found.demo.first_session,
        "demo.last_session": found.demo.last_session,
    }
    for key, session in named.items():
        if not calendar.is_session(session):
            raise ConfigError(f"{place}: {key}: {calendar.explain(session)}")
        if not found.first_session <= session <= found.last_session:
            raise ConfigError(f"{place}: {key}: {session} is not within the arena's sessions")
    if found.demo.first_session > found.demo.last_session:
        raise ConfigError(f"{place}: demo: its last session is before its first")


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
