"""An arena, built from its configuration: calendar, rules, costs and the models that take part."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from aitrader_core.agents.agent import Agent
from aitrader_core.agents.kinds import KINDS
from aitrader_core.agents.llm.calls import Mode
from aitrader_core.agents.llm.connections import Connections
from aitrader_core.domain.errors import ConfigError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.risk import NextSessionSettlement, TradingRules
from aitrader_core.market.alpha_vantage import AlphaVantage
from aitrader_core.market.bundled import Bundled
from aitrader_core.market.calendar import Calendar, load_calendar
from aitrader_core.market.files import PriceFile
from aitrader_core.market.source import PriceSource
from aitrader_core.market.ticks.bars import TickBars
from aitrader_core.market.ticks.coarse import BarTicks
from aitrader_core.market.ticks.files import BinanceRecordings, TickFiles
from aitrader_core.market.ticks.source import TickSource
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.runner import config
from aitrader_core.runner.ai_trader import read_ai_trader
from aitrader_core.runner.config import ArenaConfig, Choice, MarketConfig, ModelConfig
from aitrader_core.runner.model_day import Trader
from aitrader_core.runner.settings import alphavantage_key, environment
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.feed import VenueTerms

Built = TypeVar("Built")

SOURCES: dict[str, type[PriceSource]] = {
    "alpha_vantage": AlphaVantage,
    "bundled": Bundled,
    "file": PriceFile,
    "ticks": TickBars,
}
TICK_SOURCES: dict[str, type[TickSource]] = {
    "bars": BarTicks,
    "binance": BinanceRecordings,
    "csv": TickFiles,
}
MODELS: dict[str, type[Agent]] = {**KINDS, "pattern": PatternTrader}
RULES: dict[str, type[TradingRules]] = {
    "t_plus_0": TradingRules,
    "t_plus_1": NextSessionSettlement,
}


@dataclass(frozen=True)
class Model:
    """A model of an arena: its name, its configuration, and the agent made from it."""

    name: str
    config: ModelConfig
    agent: Agent
    config_hash: str


@dataclass(frozen=True)
class Arena:
    """Everything that is fixed before the first order: one market, its models, their terms.

    `market` is the arena's name, under which everything of it is stored: two arenas may share a
    market's calendar and rules, one with daily and one with intraday bars.
    """

    market: str
    currency: str
    calendar: Calendar
    is_intraday: bool
    rules: TradingRules
    costs: CostProfile
    symbols: tuple[Symbol, ...]
    first_session: date
    last_session: date
    start_session: date
    demo: tuple[date, date] | None
    initial_cash: Decimal
    history: int
    source: PriceSource
    accepted_jumps: frozenset[tuple[Symbol, date]]
    calls: Mode
    models: dict[str, Model]
    ticks: TickSource | None = None
    venue: VenueTerms = field(default_factory=VenueTerms)  # of its ticks

    @cached_property
    def sessions(self) -> tuple[date, ...]:
        """Those that can be traded, oldest first."""
        return self.calendar.between(self.first_session, self.last_session)

    @cached_property
    def demo_sessions(self) -> tuple[date, ...]:
        """Those that the demo trades; none where there is no demo."""
        return self.calendar.between(*self.demo) if self.demo else ()

    def model(self, name: str) -> Model:
        """ConfigError for one that the arena does not have."""
        if name not in self.models:
            raise ConfigError(
                f"there is no model {name!r} in the {self.market} arena: "
                f"{config.did_you_mean(name, self.models)}it has {', '.join(self.models)}"
            )
        return self.models[name]

    def is_before_cutoff(self, model: str, session: date) -> bool:
        """Whether the model may have read of the session: it is not after its knowledge cutoff."""
        entry = self.models.get(model)
        cutoff = entry and entry.config.knowledge_cutoff
        return bool(cutoff and session <= cutoff)

    def trader(self, model: str, connections: Connections | None = None) -> Trader:
        """`model` on this arena's terms. ConfigError for one that the arena does not have.

        One that asks others does so by `connections`.
        """
        entry = self.model(model)
        agent, connect = entry.agent, getattr(entry.agent, "connected", None)
        if connect is not None and connections is not None:
            agent = connect(connections)
        made_of = getattr(agent, "made_of", {})
        return Trader(self.market, model, agent, self.rules, entry.config_hash, made_of)


def load_arenas(config_dir: Path) -> dict[str, Arena]:
    """Every arena under `config_dir`/arenas, by name. ConfigError for what is wrong in any."""
    folder = config_dir / "arenas"
    names = config.arena_files(folder)
    if not names:
        raise ConfigError(f"{folder} has no arena: put one there, such as us.yaml")
    return {name: load_arena(config_dir, name) for name in sorted(names)}


def load_arena(config_dir: Path, name: str, around: Mapping[str, str] | None = None) -> Arena:
    """The arena of a file. `around` stands in for the environment of this process."""
    around = environment() if around is None else around
    path = config.arena_file(config_dir / "arenas", name)
    found, own = read_arena(config_dir, path, around)
    market = config.read(config_dir / "markets", found.market, MarketConfig)
    stage = _stage(config_dir, path, found, market)
    terms = _terms(found, stage.costs, market)
    return replace(stage, models=_models(config_dir, path, found, own, terms, around))


def load_stage(config_dir: Path, name: str) -> Arena:
    """The arena with nobody in it yet: what the networks of its models are made for."""
    path = config.arena_file(config_dir / "arenas", name)
    found, _ = read_arena(config_dir, path, environment())
    market = config.read(config_dir / "markets", found.market, MarketConfig)
    return _stage(config_dir, path, found, market)


def _stage(config_dir: Path, path: Path, found: ArenaConfig, market: MarketConfig) -> Arena:
    place, calendar = str(path), load_calendar(market.exchange)
    _check_span(found, calendar, place)
    return Arena(
        market=path.stem,
        currency=market.currency,
        calendar=calendar,
        is_intraday=found.bars == "intraday",
        rules=build(
            market.rules, RULES, config_dir, f"{config_dir}/markets/{found.market}.yaml: rules"
        ),
        costs=config.costs(config_dir, found.costs),
        symbols=tuple(Symbol(s) for s in found.symbols),
        first_session=found.first_session,
        last_session=found.last_session,
        start_session=found.start_session or found.first_session,
        demo=(found.demo.first_session, found.demo.last_session) if found.demo else None,
        initial_cash=found.initial_cash,
        history=found.history,
        source=_source(found, config_dir, f"{place}: prices"),
        accepted_jumps=frozenset(
            (Symbol(s), day) for s, days in found.accepted_jumps.items() for day in days
        ),
        calls=found.calls,
        models={},
        ticks=_ticks(found, config_dir, place),
        venue=found.venue,
    )


def model_maker(config_dir: Path, name: str) -> Callable[[str, str, ModelConfig], list[Model]]:
    """What makes a model of the arena `name`, and its repeats, of a configuration that no file
    has: it takes the place that faults are told of, the model's name, and its configuration."""
    around, path = environment(), config.arena_file(config_dir / "arenas", name)
    found, _ = read_arena(config_dir, path, around)
    market = config.read(config_dir / "markets", found.market, MarketConfig)
    terms = _terms(found, config.costs(config_dir, found.costs), market)

    def make(place: str, model: str, spec: ModelConfig) -> list[Model]:
        return _model(config_dir, place, model, spec, found, terms, around)

    return make


def read_arena(
    config_dir: Path, path: Path, around: Mapping[str, str]
) -> tuple[ArenaConfig, Mapping[str, ModelConfig]]:
    """An arena's file, and the models that it tells itself instead of naming theirs."""
    if path.suffix == ".json":
        return read_ai_trader(config_dir, path, around)
    return config.read(path.parent, path.stem, ArenaConfig), {}


def build(choice: Choice, kinds: Mapping[str, type[Built]], config_dir: Path, place: str) -> Built:
    """The object of a kind that we have, or of a `module:Class` of the user's own.

    A relative path among its parameters counts from the folder that holds configs/.
    """
    kind = kinds.get(choice.kind) or _imported(choice.kind, kinds, place)
    built = config.parse(choice.parameters, kind, place)
    paths = {
        field.name: config_dir.parent / value
        for field in fields(cast(Any, built))
        if isinstance(value := getattr(built, field.name), Path)
    }
    return cast(Built, replace(cast(Any, built), **paths)) if paths else built


def _imported(kind: str, kinds: Mapping[str, type[Built]], place: str) -> type[Built]:
    module, _, name = kind.partition(":")
    if not name:
        raise ConfigError(
            f"{place}: kind: {kind} is unknown; there are {', '.join(sorted(kinds))}, "
            "or module:Class for one of your own"
        )
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"{place}: kind: {kind} can't be imported: {error}") from error
    if not (isinstance(found, type) and is_dataclass(found)):
        raise ConfigError(f"{place}: kind: {kind} is no dataclass")
    return cast(type[Built], found)


def _models(
    config_dir: Path,
    arena: Path,
    found: ArenaConfig,
    own: Mapping[str, ModelConfig],
    terms: dict[str, Any],
    around: Mapping[str, str],
) -> dict[str, Model]:
    """By name; `own` are those that the arena's file itself tells."""
    models: dict[str, Model] = {}
    for name in found.models:
        spec, place = own.get(name), f"{arena}: {name}"
        if spec is None:
            file = model_file(config_dir, arena.stem, name)
            spec, place = config.read(file.parent, name, ModelConfig), str(file)
        for variant, told in spec.variants(name).items():
            for model in _model(config_dir, place, variant, told, found, terms, around):
                if model.name in models:
                    raise ConfigError(f"{arena}: models: there are two of {model.name}")
                models[model.name] = model
    return models


def model_file(config_dir: Path, arena: str, name: str) -> Path:
    """Where a model is configured: the arena's own file comes before the one of all."""
    folder = config_dir / "models"
    own = folder / arena / f"{name}.yaml"
    return own if own.is_file() else folder / f"{name}.yaml"


def _model(
    config_dir: Path,
    place: str,
    name: str,
    spec: ModelConfig,
    found: ArenaConfig,
    terms: dict[str, Any],
    around: Mapping[str, str],
) -> list[Model]:
    """The model and its repeats; none where it requires a variable that is not set."""
    if spec.requires and not around.get(spec.requires):
        return []
    agent = build(spec, MODELS, config_dir, place)
    if not hasattr(agent, "trade"):
        raise ConfigError(f"{place}: kind: {spec.kind} is no dataclass with a method trade(desk)")
    if (lookback := getattr(agent, "lookback", 0)) >= found.history:
        raise ConfigError(
            f"{place}: lookback: {lookback} needs more than the {found.history} bars of history "
            "that the arena gives"
        )
    if (prepare := getattr(agent, "prepared", None)) is not None:
        try:
            agent = prepare(config_dir, around, map(Symbol, found.symbols))
        except ConfigError as error:
            raise ConfigError(f"{place}: {error}") from None
    first = Model(name, spec, agent, _config_hash(spec, agent, terms))
    return [first, *(_repeat(first, n, terms, place) for n in range(2, spec.repeats + 1))]


def _repeat(model: Model, number: int, terms: dict[str, Any], place: str) -> Model:
    """The same again, which decides by another seed."""
    repeated = getattr(model.agent, "repeated", None)
    if repeated is None:
        raise ConfigError(
            f"{place}: repeats: a model of kind {model.config.kind} decides the same every time: "
            "remove it"
        )
    agent = repeated(number)
    again = _config_hash(model.config, agent, {**terms, "repeat": number})
    return Model(f"{model.name}@{number}", model.config, agent, again)


def _config_hash(spec: ModelConfig, agent: Agent, terms: dict[str, Any]) -> str:
    """Of what decides a result: who may have read of a session, or how often, does not."""
    told = spec.model_dump(mode="json", exclude={"repeats", "knowledge_cutoff", "requires"})
    content = {"model": told, **terms}
    if fingerprint := getattr(agent, "fingerprint", None):
        content["fingerprint"] = fingerprint
    return _hash(content)


def _terms(found: ArenaConfig, costs: CostProfile, market: MarketConfig) -> dict[str, Any]:
    """What decides a result beside the model itself."""
    arena = found.model_dump(mode="json", include={"bars", "symbols", "history", "initial_cash"})
    profile = TypeAdapter(dict[str, Any]).dump_python(asdict(costs), mode="json")
    terms = {"arena": arena, "costs": profile, "market": market.model_dump(mode="json")}
    return terms | (found.model_dump(mode="json", include={"venue"}) if found.ticks else {})


def _source(found: ArenaConfig, config_dir: Path, place: str) -> PriceSource:
    source = build(found.prices, SOURCES, config_dir, place)
    if isinstance(source, AlphaVantage) and source.key is None:
        return replace(source, key=alphavantage_key())
    return source


def _ticks(found: ArenaConfig, config_dir: Path, place: str) -> TickSource | None:
    if found.ticks is None:
        return None
    if found.bars == "intraday":
        raise ConfigError(
            f"{place}: ticks: an arena of ticks has one bar a session: remove `bars: intraday`"
        )
    return build(found.ticks, TICK_SOURCES, config_dir, f"{place}: ticks")


def _check_span(found: ArenaConfig, calendar: Calendar, place: str) -> None:
    named = {"first_session": found.first_session, "last_session": found.last_session}
    if found.start_session:
        named["start_session"] = found.start_session
    if found.demo:
        named["demo.first_session"] = found.demo.first_session
        named["demo.last_session"] = found.demo.last_session
    for key, session in named.items():
        if not calendar.is_session(session):
            raise ConfigError(f"{place}: {key}: {calendar.explain(session)}")
        if not found.first_session <= session <= found.last_session:
            raise ConfigError(f"{place}: {key}: {session} is not within the arena's sessions")
    if found.demo and found.demo.first_session > found.demo.last_session:
        raise ConfigError(f"{place}: demo: its last session is before its first")


def _hash(content: object) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
